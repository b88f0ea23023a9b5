"""A cluster holds what DuckDB holds, stage after stage, whatever is killed on the way.

Three stages are built by Spark Connect, two of them in part. Then dbt is killed in the middle of
one more increment. The last stage, the full refresh, is built by Thrift, beside the files of the
killed build, and an executor is killed in the middle of it.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from analysis.engines import SCHEMA, engine_of
from analysis.engines.spark_cluster import SparkCluster
from analysis.errors import DbtBuildError
from analysis.parity import snapshot
from programme import Settings
from tests.parity import twenty_days
from tests.parity.probe import probed
from tests.parity.stages import (
    FULL_AT_14,
    NOTHING_NEW,
    REFRESHED,
    TO_20,
    Passage,
    Tables,
    different,
    lasting,
    passage,
    run,
)
from tests.spark.cluster import Cluster, is_of
from tests.spark.conftest import SettingsOf

pytestmark = [pytest.mark.spark, pytest.mark.timeout(7200)]
BY_CONNECT = (FULL_AT_14, TO_20, NOTHING_NEW)
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
def on_spark(home: Path, settings_of: SettingsOf) -> Passage:
    """All stages but the last, by Spark Connect."""
    return passage(settings_of(home), stages=BY_CONNECT)


@pytest.fixture(scope="module")
def cut_short(cluster: Cluster, home: Path, settings_of: SettingsOf, on_spark: Passage) -> Tables:
    """Tables whose rows an increment replaces, after dbt was killed in the middle of one."""
    assert "built in part" in on_spark.said[NOTHING_NEW]
    settings = replace(settings_of(home), increment_from_mb=0)
    before = directories(cluster)
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(run, settings, "cut short", as_of=twenty_days.LAST_DAY)
        until(lambda: building.done() or len(directories(cluster) - before) >= BUSY_AFTER)
        children = psutil.Process().children(recursive=True)
        (dbt,) = (each for each in children if is_of(each, "dbt.cli.main"))
        dbt.kill()
        with pytest.raises(DbtBuildError):
            building.result()
    manifest = json.loads((settings.dbt_state / "manifest.json").read_text(encoding="utf-8"))
    names = [
        node["name"]
        for node in manifest["nodes"].values()
        if node["config"]["materialized"] == "incremental"
    ]
    return snapshot(engine_of(settings), only=names)


@pytest.fixture(scope="module")
def killed(cluster: Cluster, home: Path, settings_of: SettingsOf, cut_short: Tables) -> Killed:
    """The full refresh by Thrift, in the middle of which an executor is killed."""
    assert cut_short
    left = cluster.root / "tables" / SCHEMA / "fct_orders" / "of-a-killed-build"
    left.mkdir(parents=True)
    (left / "part-0.parquet").write_bytes(b"half a file")
    before = directories(cluster)
    settings = settings_of(home, target="spark_thrift")
    victim = cluster.executors()[0]
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(run, settings, REFRESHED, as_of=twenty_days.LAST_DAY)
        until(lambda: building.done() or len(directories(cluster) - before) >= BUSY_AFTER)
        assert not building.done(), "the build was over before an executor could be killed"
        os.kill(victim, signal.SIGKILL)
        building.result()
    engine = engine_of(settings)
    assert isinstance(engine, SparkCluster)
    locations = {place.removeprefix("file:") for place in engine.locations().values()}
    return Killed(snapshot(engine), victim, directories(cluster), locations)


@pytest.mark.parametrize("stage", BY_CONNECT)
def test_spark_holds_what_duckdb_holds(stage: str, on_duckdb: Passage, on_spark: Passage) -> None:
    assert len(on_spark.tables[stage]) >= 50
    found = different(lasting(on_duckdb.tables[stage]), lasting(on_spark.tables[stage]))
    assert not found, "\n".join(found)


def test_day_20_is_reached_by_building_what_has_changed(on_spark: Passage) -> None:
    assert "built in part" in on_spark.said[TO_20], on_spark.said
    assert "built in part: 0 new partitions" in on_spark.said[NOTHING_NEW], on_spark.said
    assert "built in part" not in on_spark.said[FULL_AT_14], on_spark.said


def test_nothing_new_changes_nothing(on_spark: Passage) -> None:
    found = different(lasting(on_spark.tables[TO_20]), lasting(on_spark.tables[NOTHING_NEW]))
    assert not found, "\n".join(found)


def test_a_killed_increment_leaves_every_table_it_replaces_whole(
    on_spark: Passage, cut_short: Tables
) -> None:
    assert len(cut_short) >= 15
    known = {name: on_spark.tables[NOTHING_NEW][name] for name in cut_short}
    found = different(known, cut_short)
    assert not found, "\n".join(found)


def test_a_killed_executor_changes_nothing(
    cluster: Cluster, on_duckdb: Passage, killed: Killed
) -> None:
    assert killed.victim not in cluster.executors()
    found = different(on_duckdb.tables[REFRESHED], killed.tables)
    assert not found, "\n".join(found)


def test_a_full_refresh_gives_what_the_increment_gave(on_spark: Passage, killed: Killed) -> None:
    found = different(lasting(on_spark.tables[TO_20]), lasting(killed.tables))
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
    settings_of: SettingsOf, tmp_path: Path
) -> None:
    settings = settings_of(tmp_path)
    day = twenty_days.DAYS[0]
    twenty_days.write(settings.lake, until=day)
    files = f"parquet.`{settings.lake}/raw/customer`"
    assert engine_of(settings).fetch(f"select min(load_date) from {files}") == [(str(day),)]


def directories(cluster: Cluster) -> set[str]:
    return {str(place) for place in (cluster.root / "tables" / SCHEMA).glob("*/*")}


def until(happened: Callable[[], bool]) -> None:
    while not happened():
        time.sleep(0.2)
