"""A row that the next whole table lacks is deleted; a table cut off deletes nobody."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from datetime import date

import pytest

from connectors.errors import HeldBatchError
from programme.errors import DeclarationError
from tests.connectors.conftest import DAY, Bench

NEXT = date(2026, 7, 6)
THIRD = date(2026, 7, 7)
CUSTOMERS = """
    system: {kind: sql, url: "sqlite:///${data_root}/crm.sqlite"}
    entities:
      contacts:
        sql: {table: contact}
        absence: {max_share: 0.5}
        records:
          - record: customer
            fields: {customer_id: id, valid_from: since, plan: plan}
"""


def fill(bench: Bench, rows: Iterable[tuple[str, str]]) -> None:
    path = bench.data / "crm.sqlite"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute("create table contact (id text, since text, plan text)")
        values = [(name, "2026-01-01", plan) for name, plan in rows]
        connection.executemany("insert into contact values (?, ?, ?)", values)
    connection.close()


def living(bench: Bench, *days: date) -> dict[str, str]:
    """As staging sees it: the newest row of each key, unless it is deleted."""
    newest = {row["customer_id"]: row for day in days for row in bench.raw("customer", day)}
    return {name: row["plan"] for name, row in newest.items() if row["deleted_at"] is None}


def test_a_vanished_row_is_deleted_and_comes_back_when_it_is_there_again(bench: Bench) -> None:
    bench.source(CUSTOMERS)
    fill(bench, [("a", "lite"), ("b", "lite"), ("c", "lite")])
    bench.run()
    fill(bench, [("a", "lite"), ("c", "premium")])
    assert bench.run(NEXT).counts.reconciles
    assert living(bench, DAY, NEXT) == {"a": "lite", "c": "premium"}
    assert bench.manifest(NEXT)["vanished"] == {"contacts/customer": 1}
    (gone,) = [row for row in bench.raw("customer", NEXT) if row["customer_id"] == "b"]
    assert str(gone["deleted_at"]) == "2026-07-06 23:59:59+00:00"
    fill(bench, [("a", "lite"), ("b", "lite"), ("c", "premium")])
    bench.run(THIRD)
    assert living(bench, DAY, NEXT, THIRD) == {"a": "lite", "b": "lite", "c": "premium"}


def test_two_wholes_on_one_date_the_newest_counts(bench: Bench) -> None:
    bench.source(CUSTOMERS)
    fill(bench, [("a", "lite"), ("b", "lite")])
    bench.run()
    fill(bench, [("a", "lite")])
    bench.run()
    assert living(bench, DAY) == {"a": "lite"}


def test_a_table_cut_off_holds_the_load_date(bench: Bench) -> None:
    bench.source(CUSTOMERS)
    fill(bench, [("a", "lite"), ("b", "lite"), ("c", "lite")])
    bench.run()
    fill(bench, [("a", "lite")])
    with pytest.raises(HeldBatchError, match=r"2 of 3 rows of customer.*max_share"):
        bench.run(NEXT)
    assert living(bench, DAY, NEXT) == {"a": "lite", "b": "lite", "c": "lite"}


def test_a_row_that_a_check_refuses_is_not_missing(bench: Bench) -> None:
    check = (
        "        checks:\n          - {record: customer, "
        "expectation: expect_column_values_to_be_in_set, "
        "kwargs: {column: plan, value_set: [lite]}}\n"
    )
    bench.source(CUSTOMERS.rstrip() + "\n" + check)
    fill(bench, [("a", "lite"), ("b", "lite"), ("c", "lite")])
    bench.run()
    fill(bench, [("a", "lite"), ("b", "nonsense")])
    assert bench.run(NEXT).counts.quarantined == 1
    assert living(bench, DAY, NEXT) == {"a": "lite", "b": "lite"}


def test_a_row_that_cannot_be_read_deletes_nobody(bench: Bench) -> None:
    bench.source(CUSTOMERS)
    fill(bench, [("a", "lite"), ("b", "lite"), ("c", "lite")])
    bench.run()
    fill(bench, [("a", "lite"), ("b", "lite")])
    with contextlib.closing(sqlite3.connect(bench.data / "crm.sqlite")) as connection:
        connection.execute("update contact set since = 'spring' where id = 'b'")
        connection.commit()
    (_, part) = bench.run(NEXT).load_dates
    assert living(bench, DAY, NEXT) == {"a": "lite", "b": "lite", "c": "lite"}
    assert "nothing was taken for deleted" in part.warnings[0]


def test_absence_is_refused_where_only_changes_are_read(bench: Bench) -> None:
    bench.source(CUSTOMERS.replace("{table: contact}", "{table: contact, cursor: since}"))
    with pytest.raises(DeclarationError, match="absence says nothing"):
        bench.extract()


def test_absence_is_refused_where_another_entity_fills_the_record(bench: Bench) -> None:
    other = CUSTOMERS.split("entities:\n")[1].replace("contacts:", "leads:")
    bench.source(CUSTOMERS.rstrip() + "\n" + other)
    with pytest.raises(DeclarationError, match="would delete them"):
        bench.extract()
