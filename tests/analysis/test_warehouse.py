from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import duckdb
import numpy as np
import pytest

from analysis.engines.duckdb_file import DuckDbFile
from analysis.errors import WarehouseError
from analysis.warehouse import ClusterRow, MultipleExposureRow, Warehouse

from . import test_benchmark, test_experiment
from .worlds import unit_counts, write_warehouse


def test_clusters_are_the_units_of_what_was_assigned_to_them(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    """Read as arms, each cluster counts once, however many customers it has."""
    arms = test_experiment.world(rng)
    own = [{field.name: getattr(arm, field.name) for field in fields(arm)} for arm in arms]
    rows = [ClusterRow(n_clusters=values.pop("n_units"), **values) for values in own]
    file = tmp_path / "cxloop.duckdb"
    write_warehouse(file, rows)
    found = [row.as_arm() for row in Warehouse(DuckDbFile(file)).cluster_moments("callback")]
    assert len(found) > 1
    assert sorted(found, key=repr) == sorted(arms, key=repr)


def test_rows_come_back_as_they_were_written(tmp_path: Path, rng: np.random.Generator) -> None:
    waves, items = test_benchmark.wave_rows(rng), test_benchmark.drivers(rng)
    arms, counts = test_experiment.world(rng), unit_counts({"usual": 3, "callback": 4})
    file = tmp_path / "cxloop.duckdb"
    write_warehouse(file, [*waves, *items, *arms, *counts, MultipleExposureRow("callback", 7)])
    found = Warehouse(DuckDbFile(file))

    def key(row: object) -> str:
        return repr(row)

    assert sorted(found.wave_moments("half_yearly"), key=key) == sorted(waves, key=key)
    assert sorted(found.driver_moments("half_yearly", "2026H1"), key=key) == sorted(items, key=key)
    assert sorted(found.experiment_moments("callback"), key=key) == sorted(arms, key=key)
    assert sorted(found.unit_counts("callback"), key=key) == sorted(counts, key=key)
    assert found.multiple_exposures("callback") == 7
    assert found.multiple_exposures("elsewhere") == 0
    assert found.driver_moments("half_yearly", "2025H2") == []
    assert found.wave_breaks("half_yearly") == []


def test_an_absent_warehouse_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"no warehouse at .* Mend: run `cxloop run`"):
        Warehouse(DuckDbFile(tmp_path / "none.duckdb")).wave_moments("x")


def test_a_missing_table_or_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cxloop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema cx; create table cx.wave_moments (benchmark_id varchar)")
    with pytest.raises(WarehouseError, match=r"wave.* Mend: run `cxloop run`"):
        Warehouse(DuckDbFile(file)).wave_moments("x")
    with pytest.raises(WarehouseError, match=r"experiment_moments.*cxloop run"):
        Warehouse(DuckDbFile(file)).experiment_moments("x")


def test_a_file_that_is_no_warehouse_is_told(tmp_path: Path) -> None:
    file = tmp_path / "cxloop.duckdb"
    file.write_bytes(b"not a database" * 1000)
    with pytest.raises(WarehouseError, match="cannot be opened"):
        Warehouse(DuckDbFile(file)).wave_moments("x")


def test_a_warehouse_under_construction_is_told(tmp_path: Path) -> None:
    file = tmp_path / "cxloop.duckdb"
    write_warehouse(file, [])
    hold = (
        "import duckdb, sys\n"
        "connection = duckdb.connect(sys.argv[1])\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    call = [sys.executable, "-c", hold, str(file)]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as builder:
        assert builder.stdout is not None
        assert builder.stdout.readline() == b"held\n"
        with pytest.raises(WarehouseError, match="wait until the running build is over"):
            Warehouse(DuckDbFile(file)).wave_moments("x")
        builder.communicate()
    assert Warehouse(DuckDbFile(file)).wave_moments("x") == []


def test_rows_of_a_person_are_counted_in_every_table(tmp_path: Path) -> None:
    file = tmp_path / "cxloop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema cx; create schema staging;"
            "create table cx.fct_orders as select * from (values ('o1', 'c-1017', 1), "
            "('o2', 'c-2', 2), ('c-1017', 'c-3', 3)) t(order_id, customer_id, n);"
            "create table staging.texts as select 'see c-1017!' as comment, '17' as customer_id;"
            "create view cx.orders_again as select * from cx.fct_orders;"
            "create table cx.numbers as select 17 as n"
        )
    found = Warehouse(DuckDbFile(file)).rows_with(["c-1017"])
    assert found == {"cx.fct_orders": 2, "staging.texts": 1}
    assert Warehouse(DuckDbFile(file)).rows_with(["17"]) == {"cx.fct_orders": 0, "staging.texts": 1}
    assert Warehouse(DuckDbFile(tmp_path / "none.duckdb")).rows_with(["17"]) == {}
