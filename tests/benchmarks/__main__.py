"""`make bench`: ratios measured in one run on this machine; seconds beside them mean little.

Each ratio sets a step of the loop beside the plainest thing that reads or writes the same bytes.
"""

from __future__ import annotations

import csv
import importlib
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

ROWS = 300_000


def timed(task: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


def write_answers(file: Path, rows: int) -> None:
    """A CSV of answers, ten columns wide as exports are."""
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        extra = [f"q{number}" for number in range(6)]
        writer.writerow(["id", "customer", "score", "when", *extra])
        for number in range(rows):
            when = f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}T12:{number % 60:02d}:00"
            row = [f"r{number}", f"c{number % 20_000}", number % 5 + 1, when]
            writer.writerow([*row, *[(number * k) % 7 for k in range(6)]])


def measure_landing(place: Path) -> list[tuple[str, float, str]]:
    """Files to ``raw`` (extract, map, check, write) against DuckDB's CSV-to-Parquet copy."""
    from connectors.extraction import extract
    from connectors.landing import land
    from ledger import open_workplace
    from programme import Settings
    from tests.journey.acme import Acme

    acme = Acme.found(place)
    for file in acme.data.glob("*.csv"):
        file.unlink()
    write_answers(acme.data / "answers_big.csv", ROWS)
    copied = place / "copy.parquet"
    query = f"copy (from read_csv('{acme.data}/answers_big.csv')) to '{copied}' (format parquet)"
    bare = timed(lambda: duckdb.connect().execute(query))
    settings = Settings.from_environment(
        os.environ
        | {
            "CXLOOP_PROGRAMME": str(acme.programme),
            "CXLOOP_HOME": str(acme.home),
            "CXLOOP_DATA_ROOT": str(acme.data),
        }
    )
    os.environ["CXLOOP_DATA_ROOT"] = str(acme.data)
    programme, _, ledger = open_workplace(settings)
    day = date(2026, 1, 10)
    # Imported once in a process, whatever the rows: three seconds that say nothing about speed.
    importlib.import_module("great_expectations.expectations")
    extracting = timed(
        lambda: extract(programme, settings, "answers", load_date=day, run_id="bench")
    )
    landing = timed(lambda: land(programme, settings, ledger, "answers", run_id="bench"))
    again = timed(lambda: land(programme, settings, ledger, "answers", run_id="bench"))
    return [
        (f"extract {ROWS:,} CSV rows / DuckDB copy", extracting / bare, f"{extracting:.2f} s"),
        ("land them (map, check, write) / DuckDB copy", landing / bare, f"{landing:.2f} s"),
        ("land again, nothing new / land", again / landing, f"{again:.3f} s"),
    ]


def main() -> int:
    """Print the table."""
    console = Console()
    table = Table(title="Ratios of one run", title_justify="left")
    table.add_column("what")
    table.add_column("ratio", justify="right")
    table.add_column("seconds", justify="right")
    with tempfile.TemporaryDirectory() as place:
        for what, ratio, seconds in measure_landing(Path(place)):
            table.add_row(what, f"{ratio:.2f}", seconds)
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"peak memory of this process: {peak:.0f} MB", highlight=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
