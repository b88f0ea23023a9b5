"""The warehouse of a large company on a real Spark cluster, started and stopped here.

Rows by ``CXLOOP_BENCH_SPARK_EVENTS`` (500,000 by default). The cluster is a master, two workers of
one core and 1 GB each, and a driver of 1 GB; where Java or Spark's client is missing, one line says
so.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from analysis.engines import spark_child
from programme import Settings
from tests.benchmarks.server_builds import Row, Server, measure_server
from tests.spark import cluster as clusters

EVENTS = int(os.environ.get("CXLOOP_BENCH_SPARK_EVENTS", "500000"))


def measure_builds(place: Path) -> Iterator[Row]:
    """What, ratio, and seconds with memory; no number and the reason where there is no cluster."""
    if absent := clusters.why_absent():
        yield "Spark", float("nan"), f"not measured: {absent}"
        return
    with clusters.running(place / "cluster") as cluster:
        settings = Settings.from_environment(
            {
                "CXLOOP_HOME": str(place),
                "CXLOOP_DBT_TARGET": "spark",
                "CXLOOP_SPARK_URL": cluster.connect_url,
                "CXLOOP_SPARK_TABLES": str(place / "tables"),
            }
        )
        files = f"parquet.`{settings.lake}/raw/"
        server = Server("Spark", settings, lambda record: f"{files}{record}`", cluster.family)
        try:
            yield from measure_server(server, events=EVENTS)
        finally:
            spark_child.end_children()
