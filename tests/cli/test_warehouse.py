from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analysis import dbt_build
from programme import Settings


@pytest.fixture
def settings(cxloop: Any) -> Settings:
    return Settings.from_environment({"CXLOOP_HOME": str(cxloop.home)})


@pytest.fixture
def built(settings: Settings) -> Path:
    settings.warehouse.parent.mkdir(parents=True)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "create schema cx; create table cx.fct_orders as select 1 as n, 'a' as name;"
            "create table cx.left_over as select 1 as n"
        )
    return settings.warehouse


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = {
        f"model.cxloop.{name}": {"resource_type": "model", "alias": name}
        for name in ("fct_orders", "fct_usage")
    }
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"nodes": nodes}))
    monkeypatch.setattr(dbt_build, "parse", lambda _: manifest)


def test_check_tells_what_is_not_built_and_what_nobody_defines(
    cxloop: Any, built: Path, models: None
) -> None:
    done = cxloop("warehouse", "check", "--json")
    found = {(each["topic"], each["state"]): each["what"] for each in json.loads(done.stdout)}
    assert done.exit_code == 0
    assert str(built) in found["profile", "ok"] or "dbt-duckdb" in found["profile", "ok"]
    assert found["session", "ok"] == "days are UTC days"
    assert "is read in place" in found["lake", "ok"]
    warned = [each["what"] for each in json.loads(done.stdout) if each["state"] == "warn"]
    assert warned == ["1 of 2 are not built: fct_usage", "dbt defines no left_over"]


def test_check_stops_at_what_does_not_work_and_tells_the_mend(cxloop: Any) -> None:
    done = cxloop("warehouse", "check", "--target", "postgres")
    assert done.exit_code == 1
    assert "CXLOOP_POSTGRES_URL is not set. Mend: set it, such as postgresql://" in done.output
    done = cxloop("warehouse", "check", "--target", "oracle")
    assert done.exit_code == 1
    assert "there is no warehouse `oracle`. Mend: set CXLOOP_DBT_TARGET to duckdb" in done.output


def test_a_warehouse_is_the_same_as_itself(cxloop: Any, built: Path) -> None:
    done = cxloop("warehouse", "parity", "duckdb", "duckdb")
    assert done.exit_code == 0, done.output
    assert "2 of 2 tables are the same" in done.output
    done = cxloop("warehouse", "parity", "duckdb", "duckdb", "--table", "none")
    assert done.exit_code == 1
    assert "has no table cx.none" in done.output


def test_what_differs_is_told_and_ends_with_1(
    cxloop: Any, built: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analysis import engines
    from analysis.engines.duckdb_file import DuckDbFile

    other = built.with_name("other.duckdb")
    with duckdb.connect(str(other)) as connection:
        connection.execute(
            "create schema cx; create table cx.fct_orders as select 2 as n, 'a' as name;"
            "create table cx.left_over as select 1 as n"
        )
    chosen = {"duckdb": built, "postgres": other}
    monkeypatch.setattr(engines, "engine_of", lambda s: DuckDbFile(chosen[s.dbt_target]))
    done = cxloop("warehouse", "parity", "duckdb", "postgres")
    assert done.exit_code == 1
    assert "cx.fct_orders: 1 rows against 0 where n=1, name=a" in done.output
    done = cxloop("warehouse", "parity", "duckdb", "postgres", "--json")
    states = {each["relation"]: len(each["differences"]) for each in json.loads(done.stdout)}
    assert states == {"cx.fct_orders": 2, "cx.left_over": 0}
