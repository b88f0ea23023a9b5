"""A warehouse of a large company: the whole build, the increment of a day, and a bare scan.

Rows by ``CXLOOP_BENCH_EVENTS`` (50 million in a real measurement, 2 million by default). Each build
is a process of its own; its peak memory is what the system counted. The increment is of the last
load date: late rows of a week and new versions of orders come with it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from connectors.records import RECORDS
from tests.benchmarks import measure_lake
from tests.dbt_project.lake import PROJECT

EVENTS = int(os.environ.get("CXLOOP_BENCH_EVENTS", "2000000"))
TARGET_RATIO = 0.1
WRITTEN = (
    *("feedback", "invitation", "interaction", "interaction_event", "order", "usage"),
    *("customer", "exposure"),
)


@dataclass(frozen=True)
class Run:
    """One process: seconds, peak memory in MB, and the seconds of its slowest models."""

    seconds: float
    peak_mb: float
    slowest: dict[str, float]


def measure_builds(place: Path) -> Iterator[tuple[str, float, str]]:
    """What, ratio, and seconds with memory."""
    lake = measure_lake.write(place, events=EVENTS)
    day = measure_lake.last_day()
    before = day - timedelta(days=1)
    scan = _scan(lake)
    hidden = hide(lake, place / "hidden", str(day))
    whole = _build(lake, place / "steps.duckdb", {"as_of": str(before)})
    restore(lake, place / "hidden", hidden)
    new = {"as_of": str(before), "partitions": [["bench", str(day)]]}
    part = _build(lake, place / "steps.duckdb", {"as_of": str(day), "increment": new})
    small = _build(lake, place / "small.duckdb", {"as_of": str(day)}, memory="2GB")
    label = f"{EVENTS / 1e6:g}M events"
    yield f"whole build of {label} / scan of its columns", whole.seconds / scan, told(whole)
    yield (
        f"increment of a day / whole build (at most {TARGET_RATIO})",
        (part.seconds / whole.seconds),
        told(part),
    )
    yield "whole build with 2 GB / without a limit", small.seconds / whole.seconds, told(small)


def told(run: Run) -> str:
    """Seconds, memory, and where the seconds went."""
    slowest = ", ".join(f"{name} {seconds:.1f}" for name, seconds in run.slowest.items())
    return f"{run.seconds:.1f} s, {run.peak_mb:.0f} MB ({slowest})"


def _scan(lake: Path) -> float:
    began = time.perf_counter()
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        for record in WRITTEN:
            columns = ", ".join(f'max("{field.name}")' for field in RECORDS[record].fields)
            files = f"read_parquet('{lake}/raw/{record}/*/*/*.parquet')"
            connection.execute(f"select {columns} from {files}").fetchall()
    return time.perf_counter() - began


def hide(lake: Path, hidden: Path, day: str) -> list[Path]:
    """Move the last load date away; what was moved, relative to the lake."""
    moved = [path.relative_to(lake) for path in lake.glob(f"raw/*/source=bench/load_date={day}")]
    assert moved, "the last day brought nothing"
    for path in moved:
        (hidden / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(lake / path, hidden / path)
    return moved


def restore(lake: Path, hidden: Path, moved: list[Path]) -> None:
    """Bring back what ``hide`` moved."""
    for path in moved:
        shutil.move(hidden / path, lake / path)


def _build(lake: Path, warehouse: Path, variables: dict[str, Any], memory: str = "") -> Run:
    state = warehouse.with_suffix("")
    profiles = state / "profiles"
    profiles.mkdir(parents=True, exist_ok=True)
    text = (PROJECT / "profiles.yml").read_text(encoding="utf-8")
    limit = f"TimeZone: UTC\n        memory_limit: {memory}" if memory else "TimeZone: UTC"
    (profiles / "profiles.yml").write_text(
        text.replace("TimeZone: UTC", limit, 1), encoding="utf-8"
    )
    call = [sys.executable, "-W", "ignore", "-m", "dbt.cli.main", "--no-send-anonymous-usage-stats"]
    call += ["run", "--project-dir", str(PROJECT), "--profiles-dir", str(profiles)]
    call += ["--target", "duckdb", "--target-path", str(state), "--log-path", str(state)]
    call += ["--vars", json.dumps(variables)]
    environment = {
        **os.environ,
        "CXLOOP_LAKE": str(lake),
        "CXLOOP_WAREHOUSE": str(warehouse),
        "DBT_VERSION_CHECK": "false",
        "DO_NOT_TRACK": "1",
        "TZ": "UTC",
    }
    began = time.perf_counter()
    with (state / "output.txt").open("w") as output:
        process = subprocess.Popen(call, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status:
        raise RuntimeError((state / "output.txt").read_text()[-3000:])
    return Run(seconds, usage.ru_maxrss / 1024, slowest(state))


def slowest(state: Path) -> dict[str, float]:
    """Seconds of the eight slowest models of the run whose target path that is."""
    results = json.loads((state / "run_results.json").read_text())["results"]
    times = {row["unique_id"].rsplit(".", 1)[1]: row["execution_time"] for row in results}
    return {name: times[name] for name in sorted(times, key=lambda name: -times[name])[:8]}
