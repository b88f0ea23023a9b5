"""The project is built on the cluster: the same tables as on DuckDB, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from analysis.dbt_build import build
from analysis.engines import SCHEMA, Engine, engine_of
from analysis.engines.spark_cluster import SparkCluster
from analysis.parity import Table, compare, snapshot
from programme import Settings
from tests.dbt_project import world
from tests.spark.cluster import Cluster
from tests.spark.conftest import SettingsOf

pytestmark = [pytest.mark.spark, pytest.mark.timeout(2400)]
DAY = date.fromisoformat(world.AS_OF)
LEAST_TABLES = 30
LEAST_ROWS = 5000
BUSY_AFTER = 12


@pytest.fixture(scope="module")
def on_duckdb(seeded_home: Path) -> Engine:
    settings = Settings.from_environment({"CXLOOP_HOME": str(seeded_home)})
    build(settings, as_of=DAY)
    return engine_of(settings)


@pytest.fixture(scope="module")
def on_spark(seeded_home: Path, settings_of: SettingsOf) -> SparkCluster:
    """Built through Spark Connect, data tests included."""
    settings = settings_of(seeded_home)
    assert build(settings, as_of=DAY).failed == 0
    engine = engine_of(settings)
    assert isinstance(engine, SparkCluster)
    return engine


def test_every_table_equals_duckdbs(on_duckdb: Engine, on_spark: Engine) -> None:
    assert_same(snapshot(on_duckdb), on_spark)


def test_partition_columns_are_texts_as_they_are_written(
    seeded_home: Path, on_spark: Engine
) -> None:
    files = f"parquet.`{seeded_home}/lake/raw/customer`"
    assert on_spark.fetch(f"select min(load_date) from {files}") == [("1970-01-01",)]


def test_a_killed_executor_and_what_a_killed_build_left_change_nothing(
    cluster: Cluster,
    seeded_home: Path,
    settings_of: SettingsOf,
    on_spark: SparkCluster,
    on_duckdb: Engine,
) -> None:
    left = cluster.root / "tables" / SCHEMA / "fct_orders" / "of-a-killed-build"
    left.mkdir(parents=True)
    (left / "part-0.parquet").write_bytes(b"half a file")
    before = directories(cluster)
    settings = settings_of(seeded_home, target="spark_thrift")
    victim = cluster.executors()[0]
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(build, settings, as_of=DAY)
        until(lambda: building.done() or len(directories(cluster) - before) >= BUSY_AFTER)
        assert not building.done(), "the build was over before an executor could be killed"
        os.kill(victim, signal.SIGKILL)
        building.result()
    assert victim not in cluster.executors()
    assert_same(snapshot(on_duckdb), on_spark)
    used = {place.removeprefix("file:") for place in on_spark.locations().values()}
    assert {str(place) for place in directories(cluster)} == used


def assert_same(expected: dict[str, Table], engine: Engine) -> None:
    assert len(expected) >= LEAST_TABLES
    assert sum(len(table.rows) for table in expected.values()) >= LEAST_ROWS
    different = [each for each in compare(expected, snapshot(engine)) if not each.is_same]
    assert not different, different


def directories(cluster: Cluster) -> set[Path]:
    return set((cluster.root / "tables" / SCHEMA).glob("*/*"))


def until(happened: Callable[[], bool]) -> None:
    while not happened():
        time.sleep(0.2)
