from __future__ import annotations

import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analysis.engines.duckdb_file import DuckDbFile
from analysis.errors import WarehouseError
from analysis.parity import Table, compare, snapshot

COLUMNS = {"name": "text", "n": "integer", "share": "number", "day": "day"}
ROWS: list[tuple[Any, ...]] = [
    ("顧客", 1, 0.1 + 0.2, date(2026, 2, 28)),
    ("b", 2, None, None),
    ("b", 2, math.nan, None),
    ("c", 3, -1e-17, date(2026, 3, 1)),
    ("c", 3, 5e5, date(2026, 3, 1)),
]


def found(rows: list[tuple[Any, ...]], columns: dict[str, str] = COLUMNS) -> tuple[str, ...]:
    (parity,) = compare({"cx.t": Table(COLUMNS, ROWS)}, {"cx.t": Table(columns, rows)})
    return parity.differences


def test_the_order_of_rows_and_columns_and_the_last_digits_do_not_matter() -> None:
    turned = {name: COLUMNS[name] for name in reversed(COLUMNS)}
    rows = [tuple(reversed(row)) for row in reversed(ROWS)]
    rows[-1] = (date(2026, 2, 28), 0.3, 1, "顧客")
    (parity,) = compare({"cx.t": Table(COLUMNS, ROWS)}, {"cx.t": Table(turned, rows)})
    assert parity.is_same, parity
    assert 0 < parity.largest < 1e-15
    assert parity.rows == (5, 5)


def test_what_cancels_to_almost_nothing_is_measured_by_its_column() -> None:
    # 5e5 stands in the column: 1e-14 of it is 5e-9
    assert not found([*ROWS[:3], ("c", 3, 1e-10, date(2026, 3, 1)), ROWS[4]])
    assert found([*ROWS[:3], ("c", 3, 1e-6, date(2026, 3, 1)), ROWS[4]])


@pytest.mark.parametrize(
    ("place", "row", "told"),
    [
        (0, ("顧客", 1, 0.3000001, date(2026, 2, 28)), "share is 0.30000000000000004 against 0.3"),
        (0, ("顧客", 2, 0.3, date(2026, 2, 28)), "1 rows against 0 where name=顧客, n=1"),
        (0, ("顧客", 1, 0.3, datetime(2026, 2, 28, 1, tzinfo=UTC)), "1 rows against 0"),
        (1, ("b", 2, 0.0, None), "share is"),
        (2, ("b", 2, math.inf, None), "share is"),
    ],
)
def test_a_value_that_differs_is_told_with_its_row(
    place: int, row: tuple[Any, ...], told: str
) -> None:
    changed = [*ROWS]
    changed[place] = row
    assert any(told in difference for difference in found(changed)), found(changed)


def test_a_row_more_or_less_is_told() -> None:
    assert "1 rows against 0" in found(ROWS[1:])[0]
    assert "1 rows against 2" in found([*ROWS, ROWS[0]])[0]


def test_types_and_columns_are_compared() -> None:
    assert found(ROWS, COLUMNS | {"n": "decimal"}) == (
        "column n is integer in the first and decimal in the second",
    )
    other = {"name": "text", "n": "integer", "share": "number", "date": "day"}
    assert found(ROWS, other) == (
        "column day is only in the first",
        "column date is only in the second",
    )


def test_a_table_that_one_side_lacks_differs() -> None:
    (parity,) = compare({}, {"cx.t": Table(COLUMNS, ROWS)})
    assert parity.differences == ("the first warehouse lacks the table",)
    assert parity.rows == (None, 5)


def test_many_differences_are_told_as_a_few() -> None:
    rows = [(f"{number}", number, 0.0, None) for number in range(50)]
    table = {"cx.t": Table(COLUMNS, rows)}
    (parity,) = compare(table, {"cx.t": Table(COLUMNS, [])})
    assert len(parity.differences) == 4
    assert parity.differences[-1] == "and 47 more"


def test_a_snapshot_holds_every_table_of_the_schema(tmp_path: Path) -> None:
    file = tmp_path / "cxloop.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "create schema cx; create table cx.b as select 1 as n, 0.5::double as x;"
            "create table cx.a as select 'x' as name, 1.5 as d, now()::timestamp as at;"
            "create table main_table as select 1 as n"
        )
    engine = DuckDbFile(file)
    found = snapshot(engine)
    assert {name: table.columns for name, table in found.items()} == {
        "cx.a": {"name": "text", "d": "decimal", "at": "instant"},
        "cx.b": {"n": "integer", "x": "number"},
    }
    assert found["cx.b"].rows == [(1, 0.5)]
    assert list(snapshot(engine, only=["b"])) == ["cx.b"]
    with pytest.raises(WarehouseError, match=r"has no table cx\.none"):
        snapshot(engine, only=["none"])
