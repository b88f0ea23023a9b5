"""What a column seems to hold: types, formats, scales, keys and what tells who somebody is."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from connectors.guesses import ColumnGuess, guess_column, guess_columns
from connectors.proposals import propose
from connectors.rows import TableRows


def guess(name: str, *values: Any) -> ColumnGuess:
    return guess_column(name, pa.array(values))


@pytest.mark.parametrize(
    ("name", "values", "kind", "formats"),
    [
        ("amount", ["1.5", "2", ""], "number", ()),
        ("count", ["1", "2", "-3"], "integer", ()),
        ("zip", ["01234", "12345"], "text", ()),
        ("vip", ["Yes", "No", "N/A"], "flag", ()),
        ("at", ["2026-07-05T10:00:00Z", "2026-07-05 10:00"], "instant", ()),
        ("day", ["2026-07-05", "2026-07-06"], "day", ()),
        ("when", ["31/12/2025", "01/02/2026"], "day", ("%d/%m/%Y",)),
        ("when", ["12/31/2025", "01/02/2026"], "day", ("%m/%d/%Y",)),
        ("when", ["01/02/2026", "03/04/2026"], "day", ("%d/%m/%Y", "%m/%d/%Y")),
        ("回答日", ["2026年7月5日", "2026年12月31日"], "day", ("%Y年%m月%d日",)),
        ("created_at", ["1767225600", "1767312000"], "instant", ("epoch_seconds",)),
        ("order_date", ["20260705", "20261231"], "day", ("%Y%m%d",)),
        ("serial", ["20260705", "20261231"], "integer", ()),
        ("note", ["", "  ", ""], "text", ()),
    ],
)
def test_types_and_formats(
    name: str, values: list[str], kind: str, formats: tuple[str, ...]
) -> None:
    found = guess(name, *values)
    assert (found.kind, found.formats) == (kind, formats)


@pytest.mark.parametrize(
    ("name", "values", "scale", "no_answer"),
    [
        ("nps", ["10", "9", "7"], (0, 10), ()),
        ("satisfaction", ["1", "4", "5", "99", "N/A"], (1, 5), ("N/A", "99")),
        ("JobSatisfaction", ["1", "4", "3"], (1, 4), ()),
        ("effort_score", ["7", "6", "1", "-1"], (1, 7), ("-1",)),
        ("満足度", ["5", "4", "1"], (1, 5), ()),
        ("rating", ["85", "40", "100"], (0, 100), ()),
        ("services", ["1", "4", "5"], None, ()),
        ("score_id", ["1", "4", "5"], None, ()),
        ("score", ["5", "5", "5"], None, ()),
        ("score", ["1000", "2000", "5"], None, ()),
    ],
)
def test_scales_and_codes_beyond_them(
    name: str, values: list[str], scale: tuple[int, int] | None, no_answer: tuple[str, ...]
) -> None:
    found = guess(name, *values)
    assert (found.scale, found.no_answer) == (scale, no_answer)


@pytest.mark.parametrize(
    ("name", "values", "personal"),
    [
        ("E-mail", ["x"], "hash"),
        ("contact", ["a@example.com", "b@example.com", ""], "hash"),
        ("mobile_phone", ["080", "090"], "hash"),
        ("PhoneService", ["Yes", "No"], None),
        ("氏名", ["山田", "佐藤"], "drop"),
        ("LastName", ["Sato"], "drop"),
        ("product_name", ["Desk"], None),
        ("ZIP code", ["10115"], "drop"),
        ("monthly_salary", ["10"], "drop"),
    ],
)
def test_what_tells_who_somebody_is(name: str, values: list[str], personal: str | None) -> None:
    assert guess(name, *values).personal == personal


def test_codes_are_shown_only_where_they_are_few_and_nobody_s() -> None:
    assert guess("plan", "a", "b", "a", "b").codes == ("a", "b")
    assert guess("plan", "a", "b", "c").codes == ()
    assert guess("last_name", "Sato", "Sato", "Ito", "Ito").codes == ()


def test_a_key_has_a_value_in_every_row() -> None:
    assert guess("id", "a", "b").is_key
    assert not guess("id", "a", "b", "").is_key
    assert not guess("id", "a", "b", "b").is_key
    assert not guess("amount", "1.5", "2.5").is_key


def fields(table: dict[str, list[Any]], record: str | None = None) -> dict[str, Any]:
    (draft,) = propose(guess_columns(TableRows(pa.table(table))), record=record)
    told = {
        field.name: field.column.name if field.column else field.const or field.fingerprint
        for field in draft.fields
    }
    return {"record": draft.record, **told}


def test_a_table_of_orders() -> None:
    found = fields(
        {
            "order_no": ["1", "2"],
            "customer_id": ["7", "7"],
            "amount": ["1.5", "2"],
            "purchased": ["2026-07-05", "2026-07-06"],
            "email": ["a@b.example", "b@b.example"],
        }
    )
    assert found == {
        "record": "order",
        "order_id": "order_no",
        "customer_id": "customer_id",
        "kind": "purchase",
        "amount": "amount",
        "ordered_at": "purchased",
    }


def test_rows_without_a_key_are_told_apart_by_all_columns() -> None:
    found = fields({"ticket": ["a", "a"], "opened": ["2026-07-05", "2026-07-06"]}, "interaction")
    assert found["interaction_id"] == ("ticket", "opened")


def test_a_table_without_a_time_gets_a_constant_one() -> None:
    found = fields({"customer_id": ["1", "2"], "plan": ["a", "b"]})
    assert found["record"] == "customer"
    assert found["valid_from"] == "2020-01-01"


def test_each_column_of_answers_is_a_question() -> None:
    columns = {
        "id": ["1", "2", "3"],
        "nps": ["10", "0", "9"],
        "ease_effort": ["7", "1", "2"],
        "comment": ["It took far too long until somebody answered", "", ""],
        "answered": ["2026-07-05"] * 3,
    }
    drafts = propose(guess_columns(TableRows(pa.table(columns))))
    told = [(draft.question.name, draft.question.kind) for draft in drafts if draft.question]
    assert told == [("nps", "nps"), ("ease_effort", "ces"), ("comment", "comment")]
    assert {draft.record for draft in drafts} == {"feedback"}
    assert [draft.fields[-1].name for draft in drafts] == ["score", "score", "comment"]


def test_employees_do_not_answer_as_customers() -> None:
    columns = {"EmployeeNumber": ["1", "2", "3"], "JobSatisfaction": ["1", "3", "4"]}
    (draft,) = propose(guess_columns(TableRows(pa.table(columns))))
    told = {field.name: field.column.name for field in draft.fields if field.column}
    assert draft.record == "employee_feedback"
    assert told["response_id"] == told["employee_id"] == "EmployeeNumber"
