"""A cluster is read like any other warehouse, by both of its protocols."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path

import pytest

from analysis.engines import engine_of, spark_child
from analysis.engines.spark_cluster import SparkCluster
from analysis.errors import WarehouseError
from programme import Settings
from tests.spark.cluster import free_ports
from tests.spark.conftest import SettingsOf

pytestmark = [pytest.mark.spark, pytest.mark.timeout(1200)]
TARGETS = ("spark", "spark_thrift")
EVERY_TYPE = """
select
    '顧客' as a_text,
    cast(0.1 as double) + cast(0.2 as double) as a_number,
    9007199254740993 as an_integer,
    true as a_flag,
    date '2024-02-29' as a_day,
    timestamp '2026-03-29 01:30:00.000001' as an_instant,
    cast(null as double) as nothing
"""


@pytest.fixture(params=TARGETS)
def engine(request: pytest.FixtureRequest, settings_of: SettingsOf, tmp_path: Path) -> SparkCluster:
    found = engine_of(settings_of(tmp_path, target=request.param))
    assert isinstance(found, SparkCluster)
    return found


def test_every_type_arrives_as_it_is(engine: SparkCluster) -> None:
    instant = datetime(2026, 3, 29, 1, 30, 0, 1)  # noqa: DTZ001 (UTC, as all of them)
    row = ("顧客", 0.1 + 0.2, 9007199254740993, True, date(2024, 2, 29), instant, None)
    assert engine.fetch(EVERY_TYPE) == [row]
    assert [type(value) for value in engine.fetch(EVERY_TYPE)[0]] == [type(value) for value in row]


def test_a_value_stands_for_a_question_mark(engine: SparkCluster) -> None:
    query = "select ? || '%', ? + 1, ? is null"
    assert engine.fetch(query, "it's \\ 100", 41, None) == [("it's \\ 100%", 42, True)]


def test_no_rows_are_no_rows(engine: SparkCluster) -> None:
    assert engine.fetch("select 1 as a where 1 = 0") == []


def test_tables_tell_their_columns_in_our_words(engine: SparkCluster) -> None:
    engine.fetch("create schema if not exists spark_words")
    engine.fetch("drop table if exists spark_words.`order`")
    engine.fetch(f"create table spark_words.`order` using parquet as {EVERY_TYPE}")
    kinds = ["text", "number", "integer", "flag", "day", "instant", "number"]
    assert list(engine.relations("spark_words")["spark_words.order"].values()) == kinds
    assert engine.fetch(f"select an_integer from {engine.quoted('spark_words.order')}")
    assert engine.relations("no_such_schema") == {}
    engine.fetch("drop schema spark_words cascade")


def test_what_is_missing_is_named_with_the_mend(engine: SparkCluster) -> None:
    with pytest.raises(WarehouseError, match=r"lacks a table.*`nope`.* Mend: run `cxloop run`"):
        engine.fetch("select * from cx.nope")
    with pytest.raises(WarehouseError, match=r"Division by zero|DIVIDE_BY_ZERO"):
        engine.fetch("select 1 / 0")


@pytest.mark.parametrize("target", TARGETS)
def test_a_table_that_another_replaces_is_not_read_where_it_was(
    target: str, engine: SparkCluster, settings_of: SettingsOf, tmp_path: Path
) -> None:
    other = engine_of(settings_of(tmp_path, target=target))
    engine.fetch("create schema if not exists spark_moved")
    engine.fetch("drop table if exists spark_moved.t")
    engine.fetch(f"create table spark_moved.t using parquet location '{tmp_path}/1' as select 1 a")
    assert engine.fetch("select a from spark_moved.t") == [(1,)]
    other.fetch(f"insert overwrite directory '{tmp_path}/2' using parquet select 2 a")
    other.fetch(f"alter table spark_moved.t set location '{tmp_path}/2'")
    assert engine.fetch("select a from spark_moved.t") == [(2,)]
    other.fetch("drop table spark_moved.t")
    other.fetch(f"create table spark_moved.t using parquet location '{tmp_path}/3' as select 3 a")
    assert engine.fetch("select a from spark_moved.t") == [(3,)]
    engine.fetch("drop schema spark_moved cascade")


def test_a_child_that_has_died_is_replaced(engine: SparkCluster) -> None:
    assert engine.fetch("select 1") == [(1,)]
    spark_child.end_children()
    assert engine.fetch("select 2") == [(2,)]


def test_a_cluster_that_is_not_there_is_told_at_once(settings_of: SettingsOf) -> None:
    url = f"sc://127.0.0.1:{free_ports(1)[0]}"
    settings = Settings.from_environment(
        {"CXLOOP_DBT_TARGET": "spark", "CXLOOP_SPARK_URL": url, "CXLOOP_SPARK_TABLES": "/none"}
    )
    begin = time.monotonic()
    with pytest.raises(WarehouseError, match=r"cannot be reached.*Mend: see that the cluster"):
        engine_of(settings).fetch("select 1")
    assert time.monotonic() - begin < 6
