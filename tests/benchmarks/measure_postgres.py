"""The warehouse of a large company on a Postgres server, started and stopped here.

Rows by ``CXLOOP_BENCH_POSTGRES_EVENTS`` (500,000 by default). The server has Debian's settings and
does not wait for the disk; where there is none, one line says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from programme import Settings
from tests.benchmarks.server_builds import Row, Server, measure_server
from tests.parity import postgres

EVENTS = int(os.environ.get("CXLOOP_BENCH_POSTGRES_EVENTS", "500000"))


def measure_builds(place: Path) -> Iterator[Row]:
    """What, ratio, and seconds with memory; no number and the reason where there is no server."""
    if absent := postgres.why_absent():
        yield "Postgres", float("nan"), f"not measured: {absent}"
        return
    with postgres.running() as url:
        settings = Settings.from_environment({"CXLOOP_HOME": str(place)})
        settings = replace(settings, dbt_target="postgres", postgres_url=url)
        port = url.rsplit(":", 1)[1].split("/")[0]
        server = Server("Postgres", settings, lambda record: f'raw."{record}"', lambda: _of(port))
        yield from measure_server(server, events=EVENTS)


def _of(port: str) -> list[psutil.Process]:
    """The server that was told to listen there, and those it has started."""
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and port in (process.info["cmdline"] or ()):
            return [process, *process.children(recursive=True)]
    return []
