"""Builds of the large company's warehouse on a server: a bare scan, the whole, a day's increment.

The lake, the models and the day are those of ``measure``. Memory is what all processes of the
server held at once, pages that they share counted once.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psutil

from analysis.engines import engine_of
from connectors.postgres_copy import copy_lake
from connectors.records import RECORDS
from programme import Settings
from tests.benchmarks import measure_lake
from tests.benchmarks.measure import TARGET_RATIO, WRITTEN, Run, hide, restore, slowest, told
from tests.dbt_project.lake import PROJECT

Row = tuple[str, float, str]


@dataclass(frozen=True)
class Server:
    """A running server with nothing in it.

    Attributes:
        name: For people.
        settings: A home of its own, with the server as its warehouse.
        rows_of: A canonical record -> what to write behind ``from``.
        processes: All that work for it now.
    """

    name: str
    settings: Settings
    rows_of: Callable[[str], str]
    processes: Callable[[], Sequence[psutil.Process]]


def measure_server(server: Server, *, events: int) -> Iterator[Row]:
    """What, ratio, and seconds with memory."""
    settings, place = server.settings, server.settings.home
    measure_lake.write(place, events=events)
    day = measure_lake.last_day()
    before = day - timedelta(days=1)
    label = f"{server.name}, {events / 1e6:g}M events"
    hidden = hide(settings.lake, place / "hidden", str(day))
    copied = _seconds(lambda: copy_lake(settings))
    # the first scan starts executors and fills caches; the first build compiles
    _seconds(lambda: _scan(server))
    scan = _seconds(lambda: _scan(server))
    first = _build(server, "first", {"as_of": str(before)})
    what = f"{label}: first whole build / scan of its columns"
    yield what, first.seconds / scan, f"{told(first)}, scan {scan:.1f} s"
    restore(settings.lake, place / "hidden", hidden)
    copied_day = _seconds(lambda: copy_lake(settings))
    new = {"as_of": str(before), "partitions": [["bench", str(day)]]}
    part = _build(server, "part", {"as_of": str(day), "increment": new})
    yield (
        f"{label}: increment of a day / first whole build",
        part.seconds / first.seconds,
        told(part),
    )
    whole = _build(server, "whole", {"as_of": str(day)})
    yield f"{label}: whole build / scan", whole.seconds / scan, told(whole)
    what = f"{label}: increment of a day / whole build (at most {TARGET_RATIO})"
    yield what, part.seconds / whole.seconds, f"{part.seconds:.1f} s"
    if settings.dbt_target == "postgres":
        yield f"{label}: copy of all / scan", copied / scan, f"{copied:.1f} s"
        yield f"{label}: copy of a day / copy of all", copied_day / copied, f"{copied_day:.1f} s"


def _seconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def _scan(server: Server) -> None:
    engine = engine_of(server.settings)
    for record in WRITTEN:
        columns = ", ".join(
            f"{'bool_or' if field.type == 'flag' else 'max'}({engine.quoted(field.name)})"
            for field in RECORDS[record].fields
        )
        engine.fetch(f"select {columns} from {server.rows_of(record)}")


def _build(server: Server, name: str, variables: dict[str, Any]) -> Run:
    settings, engine = server.settings, engine_of(server.settings)
    state = settings.home / name
    state.mkdir()
    call = [engine.python, "-W", "ignore", "-m", "dbt.cli.main", "--no-send-anonymous-usage-stats"]
    call += ["run", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    call += ["--target", settings.dbt_target, "--target-path", str(state), "--log-path", str(state)]
    call += ["--vars", json.dumps(variables)]
    environment = {
        **os.environ,
        **engine.dbt_environment,
        "CXLOOP_LAKE": str(settings.lake),
        "DBT_VERSION_CHECK": "false",
        "DO_NOT_TRACK": "1",
        "TZ": "UTC",
    }
    began, peak = time.perf_counter(), 0
    with (state / "output.txt").open("w") as output:
        process = subprocess.Popen(call, env=environment, stdout=output, stderr=output)
        while process.poll() is None:
            peak = max(peak, sum(map(_resident, server.processes())))
            time.sleep(0.5)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError((state / "output.txt").read_text()[-3000:])
    return Run(seconds, peak / 1e6, slowest(state))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.Error:  # it has ended meanwhile
        return 0
