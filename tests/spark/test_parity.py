"""A cluster holds what DuckDB holds, stage after stage, whatever is killed on the way.

Three stages are built by Spark Connect. The last one, the full refresh, is built by Thrift, beside
the files of a build that was killed, and an executor is killed in the middle of it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.engines import SCHEMA, engine_of
from analysis.engines.spark_cluster import SparkCluster
from analysis.parity import snapshot
from programme import Settings
from tests.parity import twenty_days
from tests.parity.probe import probed
from tests.parity.stages import (
    FULL_AT_14,
    NOTHING_NEW,
    REFRESHED,
    STAGES,
    TO_20,
    Passage,
    Tables,
    different,
    passage,
    run,
)
from tests.spark.cluster import Cluster
from tests.spark.conftest import SettingsOf

pytestmark = [pytest.mark.spark, pytest.mark.timeout(7200)]
BUSY_AFTER = 15


@dataclass(frozen=True)
class Killed:
    """The last stage: what the cluster held, and who did not live to see it."""

    tables: Tables
    victim: int
    directories: set[str]
    locations: set[str]


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Passage:
    home = tmp_path_factory.mktemp("on_duckdb")
    return passage(Settings.from_environment({"CXLOOP_HOME": str(home)}))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("on_spark")


@pytest.fixture(scope="module")
def on_spark(home: Path, settings_of: SettingsOf) -> dict[str, Tables]:
    """The stages by Spark Connect."""
    settings, tables = settings_of(home), {}
    for stage in (FULL_AT_14, TO_20, NOTHING_NEW):
        until = twenty_days.DAY_14 if stage == FULL_AT_14 else twenty_days.LAST_DAY
        if stage != NOTHING_NEW:
            twenty_days.write(settings.lake, until=until)
        run(settings, as_of=until)
        tables[stage] = snapshot(engine_of(settings))
    return tables


@pytest.fixture(scope="module")
def killed(
    cluster: Cluster, home: Path, settings_of: SettingsOf, on_spark: dict[str, Tables]
) -> Killed:
    """The full refresh by Thrift, in the middle of which an executor is killed."""
    assert len(on_spark) == len(STAGES) - 1
    left = cluster.root / "tables" / SCHEMA / "fct_orders" / "of-a-killed-build"
    left.mkdir(parents=True)
    (left / "part-0.parquet").write_bytes(b"half a file")
    before = directories(cluster)
    settings = settings_of(home, target="spark_thrift")
    victim = cluster.executors()[0]
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(run, settings, as_of=twenty_days.LAST_DAY, full_refresh=True)
        until(lambda: building.done() or len(directories(cluster) - before) >= BUSY_AFTER)
        assert not building.done(), "the build was over before an executor could be killed"
        os.kill(victim, signal.SIGKILL)
        building.result()
    engine = engine_of(settings)
    assert isinstance(engine, SparkCluster)
    locations = {place.removeprefix("file:") for place in engine.locations().values()}
    return Killed(snapshot(engine), victim, directories(cluster), locations)


@pytest.mark.parametrize("stage", [FULL_AT_14, TO_20, NOTHING_NEW])
def test_spark_holds_what_duckdb_holds(
    stage: str, on_duckdb: Passage, on_spark: dict[str, Tables]
) -> None:
    assert len(on_spark[stage]) >= 50
    found = different(on_duckdb.tables[stage], on_spark[stage])
    assert not found, "\n".join(found)


def test_nothing_new_changes_nothing(on_spark: dict[str, Tables]) -> None:
    found = different(on_spark[TO_20], on_spark[NOTHING_NEW])
    assert not found, "\n".join(found)


def test_a_killed_executor_changes_nothing(
    cluster: Cluster, on_duckdb: Passage, killed: Killed
) -> None:
    assert killed.victim not in cluster.executors()
    found = different(on_duckdb.tables[REFRESHED], killed.tables)
    assert not found, "\n".join(found)


def test_no_directory_is_kept_that_no_table_uses(killed: Killed) -> None:
    assert len(killed.locations) >= 50
    assert killed.directories == killed.locations


@pytest.mark.parametrize("target", ["spark", "spark_thrift"])
def test_every_dialect_macro_gives_what_duckdb_gives(
    target: str, settings_of: SettingsOf, tmp_path: Path
) -> None:
    duckdb = Settings.from_environment({"CXLOOP_HOME": str(tmp_path / "duckdb")})
    expected = probed(duckdb, tmp_path / "duckdb_project")
    found = probed(settings_of(tmp_path, target=target), tmp_path / "spark_project")
    assert not different({"probe": expected}, {"probe": found})


def test_partition_columns_are_texts_as_they_are_written(
    home: Path, settings_of: SettingsOf
) -> None:
    settings = settings_of(home)
    twenty_days.write(settings.lake, until=twenty_days.DAYS[0])
    files = f"parquet.`{settings.lake}/raw/customer`"
    assert engine_of(settings).fetch(f"select min(load_date) from {files}") == [("1970-01-01",)]


def directories(cluster: Cluster) -> set[str]:
    return {str(place) for place in (cluster.root / "tables" / SCHEMA).glob("*/*")}


def until(happened: Callable[[], bool]) -> None:
    while not happened():
        time.sleep(0.2)
