"""Files to `raw` beside DuckDB's own copy of the same CSV to Parquet, and how much memory it takes.

Each step runs in a process of its own, as in Airflow; its imports, which are the same whatever the
rows, are done before the clock starts.
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.journey.acme import Acme

ROWS = int(os.environ.get("CXLOOP_BENCH_ROWS", "1500000"))
ROUNDS = 5
MEMORY_TIMES = 6
LIMIT_MB = 1000

_STEP = """
import importlib, json, os, resource, sys, time, warnings
from datetime import date
warnings.simplefilter("ignore")
step, contracts = sys.argv[1], sys.argv[2] == "contracts"
import duckdb
from connectors.extraction import extract
from connectors.landing import land
from connectors.contract import RecordContract
importlib.import_module("great_expectations.expectations")
from ledger import open_workplace
from programme import Settings
programme, settings, ledger = open_workplace(Settings.from_environment(os.environ))
if not contracts:
    RecordContract.check_rows = lambda self, table: []
    RecordContract.take = lambda self, table: None
    RecordContract.close = lambda self: ([], {})
day = date(2026, 1, 10)
steps = {
    "copy": lambda: duckdb.connect().execute(
        f"copy (from read_csv('{settings.data_root}/answers_big.csv')) "
        f"to '{settings.data_root}/copy.parquet' (format parquet)"
    ),
    "extract": lambda: extract(programme, settings, "answers", load_date=day, run_id="bench"),
    "land": lambda: land(programme, settings, ledger, "answers", run_id="bench"),
}
began = time.perf_counter()
steps[step]()
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([seconds, peak]))
"""


def write_answers(file: Path, rows: int) -> None:
    """A CSV of answers, eleven columns wide as exports are, a comment in every third row."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        extra = [f"q{number}" for number in range(6)]
        writer.writerow(["id", "customer", "score", "when", *extra, "comment"])
        for number in range(rows):
            when = f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}T12:{number % 60:02d}:00"
            row = [f"r{number}", f"c{number % 20_000}", number % 5 + 1, when]
            comment = "" if number % 3 else "the delivery was late, again"
            writer.writerow([*row, *[(number * k) % 7 for k in range(6)], comment])


def step(acme: Acme, name: str, *, contracts: bool = False) -> tuple[float, float]:
    """Seconds and peak megabytes of one step in a new process."""
    environment = os.environ | {
        "CXLOOP_PROGRAMME": str(acme.programme),
        "CXLOOP_HOME": str(acme.home),
        "CXLOOP_DATA_ROOT": str(acme.data),
    }
    command = [sys.executable, "-c", _STEP, name, "contracts" if contracts else "none"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return seconds, peak


def forget(acme: Acme, *folders: str) -> None:
    """Remove what an earlier round left in the lake."""
    for folder in folders:
        subprocess.run(["rm", "-rf", str(acme.home / "lake" / folder)], check=True)


def measure(place: Path) -> list[tuple[str, str, str]]:
    """(what, ratio or amount, seconds) of files to raw."""
    acme = Acme.found(place)
    for file in acme.data.glob("*.csv"):
        file.unlink()
    big = acme.data / "answers_big.csv"
    write_answers(big, ROWS)
    megabytes = big.stat().st_size / 1e6
    bare: list[float] = []
    without: list[float] = []
    whole: list[float] = []
    # turn by turn, so that a busy moment of the machine meets them all alike
    for _ in range(ROUNDS):
        bare.append(step(acme, "copy")[0])
        forget(acme, "landing", "manifests", "raw")
        taken = step(acme, "extract")[0]
        without.append(taken + step(acme, "land")[0])
        forget(acme, "manifests", "raw")
        seconds, peak = step(acme, "land", contracts=True)
        whole.append(taken + seconds)
    copy = statistics.median(bare)
    rows = [
        (
            f"files to raw ({megabytes:.0f} MB, {ROWS:,} rows): speed / DuckDB's copy",
            f"{copy / statistics.median(without):.2f}",
            f"{statistics.median(without):.2f} s",
        ),
        (
            "the same with contracts (Great Expectations, profiles)",
            f"{copy / statistics.median(whole):.2f}",
            f"{statistics.median(whole):.2f} s",
        ),
        ("peak memory of landing it", f"{peak:.0f} MB", ""),
    ]
    write_answers(big, ROWS * MEMORY_TIMES)
    forget(acme, "landing", "manifests", "raw")
    step(acme, "extract")
    seconds, peak = step(acme, "land", contracts=True)
    if peak > LIMIT_MB:
        raise SystemExit(f"landing took {peak:.0f} MB of memory, more than {LIMIT_MB}")
    what = f"peak memory of landing {MEMORY_TIMES} times as much (limit {LIMIT_MB} MB)"
    return [*rows, (what, f"{peak:.0f} MB", f"{seconds:.1f} s")]
