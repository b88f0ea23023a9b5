"""Row-level checks: Great Expectations on distinct values says what it says on all rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import connectors.contract_rows
from connectors.contract_expectations import great_expectations, validate
from connectors.contract_rows import RowChecks
from connectors.contracts import checks_of_record
from connectors.records import RECORDS
from programme.contracts import (
    EXPECTATIONS,
    EXPECTATIONS_OF_BATCHES,
    EXPECTATIONS_OF_ROWS,
    Check,
)
from tests.connectors.contract_worlds import FIRST_DAY, Answers, table_of

SCHEMA = pa.schema(
    [
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("whole", pa.int64()),
        ("text", pa.string()),
        ("other", pa.string()),
        ("at", pa.timestamp("us", tz="UTC")),
    ]
)
_AT = datetime(2026, 7, 1, tzinfo=UTC)
KWARGS: dict[str, dict[str, Any]] = {
    "expect_column_pair_values_a_to_be_greater_than_b": {
        "column_A": "high",
        "column_B": "low",
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    },
    "expect_column_pair_values_to_be_equal": {
        "column_A": "text",
        "column_B": "other",
        "ignore_row_if": "either_value_is_missing",
    },
    "expect_column_pair_values_to_be_in_set": {
        "column_A": "text",
        "column_B": "other",
        "value_pairs_set": [("a", "b"), ("b", "a"), ("a", "a")],
        "ignore_row_if": "either_value_is_missing",
    },
    "expect_column_value_lengths_to_be_between": {"column": "text", "max_value": 1},
    "expect_column_value_lengths_to_equal": {"column": "text", "value": 2},
    "expect_column_values_to_be_between": {"column": "low", "min_value": 1, "max_value": 8},
    "expect_column_values_to_be_dateutil_parseable": {"column": "text"},
    "expect_column_values_to_be_in_set": {"column": "low", "value_set": [1, 2, 3.0]},
    "expect_column_values_to_be_json_parseable": {"column": "text"},
    "expect_column_values_to_be_null": {"column": "text"},
    "expect_column_values_to_match_regex": {"column": "text", "regex": "^[ab]"},
    "expect_column_values_to_match_regex_list": {"column": "text", "regex_list": ["^a", "b$"]},
    "expect_column_values_to_match_strftime_format": {"column": "text", "strftime_format": "%Y"},
    "expect_column_values_to_not_be_in_set": {"column": "text", "value_set": ["a", "2026"]},
    "expect_column_values_to_not_be_null": {"column": "low"},
    "expect_column_values_to_not_match_regex": {"column": "text", "regex": "b"},
    "expect_column_values_to_not_match_regex_list": {"column": "text", "regex_list": ["^b"]},
    "expect_multicolumn_sum_to_equal": {"column_list": ["low", "high"], "sum_total": 5},
    "expect_multicolumn_values_to_be_equal": {"column_list": ["text", "other"]},
    "expect_select_column_values_to_be_unique_within_record": {"column_list": ["low", "high"]},
}


def drawn(seed: int, rows: int = 300) -> pa.Table:
    rng = np.random.default_rng(seed)
    texts = ["a", "b", "ab", "2026", "{}", "日本", None]

    def numbers() -> list[float | None]:
        return [None if x == 0 else float(x) for x in rng.integers(0, 10, rows)]

    columns = {
        "low": numbers(),
        "high": numbers(),
        "whole": [int(x) for x in rng.integers(-5, 5, rows)],
        "text": [texts[x] for x in rng.integers(0, len(texts), rows)],
        "other": [texts[x] for x in rng.integers(0, len(texts), rows)],
        "at": [_AT + timedelta(hours=int(x)) for x in rng.integers(0, 200, rows)],
    }
    return pa.table(columns, schema=SCHEMA)


def check_of(expectation: str, **kwargs: Any) -> Check:
    return Check(record="order", expectation=expectation, kwargs=kwargs)


def test_every_expectation_on_rows_has_its_case() -> None:
    assert set(KWARGS) == EXPECTATIONS_OF_ROWS


@pytest.mark.parametrize("expectation", sorted(KWARGS))
def test_distinct_values_get_the_verdict_of_all_rows(expectation: str) -> None:
    check = check_of(expectation, **KWARGS[expectation])
    judged = RowChecks([check])
    seen = 0
    for seed in (1, 2):  # the second chunk is judged by what is remembered
        table = drawn(seed)
        (ours,), (theirs,) = judged.check(table), validate(table, [check])
        assert not theirs.error
        assert (ours.failed, ours.passed) == (theirs.failed, theirs.passed)
        assert len(ours.values) == len(ours.failed)
        # Great Expectations lists two hundred values at most
        if any(theirs.values):
            assert [_number(v) for v in ours.values] == [_number(v) for v in theirs.values]
        seen += len(ours.failed)
    assert 0 < seen < 600


def _number(value: str | None) -> Any:
    """1.0 and 1 are one value, as are nan and nothing: pandas writes integers with gaps so."""
    parts = [] if value is None else value.split(", ")
    return [
        "" if part in ("", "nan", "None") else part.removesuffix(".0") for part in parts
    ] or None


@pytest.mark.parametrize(
    ("column", "bounds"),
    [
        ("low", {"min_value": 2}),
        ("low", {"max_value": 9, "strict_max": True}),
        ("whole", {"min_value": -5, "max_value": 4}),
        ("at", {"max_value": datetime(2026, 7, 5), "strict_max": True}),  # noqa: DTZ001
        ("at", {"min_value": datetime(2026, 7, 2), "max_value": datetime(2026, 7, 8)}),  # noqa: DTZ001
    ],
)
def test_an_interval_is_judged_by_its_ends_as_by_all_rows(
    column: str, bounds: dict[str, Any]
) -> None:
    check = check_of("expect_column_values_to_be_between", column=column, **bounds)
    judged = RowChecks([check])
    for seed in (1, 2, 3):
        table = drawn(seed)
        (ours,), (theirs,) = judged.check(table), validate(table, [check])
        assert (ours.failed, ours.error) == (theirs.failed, "")


def test_great_expectations_is_asked_about_each_value_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = connectors.contract_rows.validate_frame

    def spy(frame: Any, checks: Any) -> Any:
        asked.append(len(frame))
        return original(frame, checks)

    monkeypatch.setattr(connectors.contract_rows, "validate_frame", spy)
    listed = check_of(
        "expect_column_values_to_be_in_set", column="text", value_set=["only", "once"]
    )
    table = drawn(4)
    for _ in range(3):
        RowChecks([listed]).check(table)  # another batch of the same process
    assert asked == [7]
    assert len(RowChecks([listed]).check(drawn(5))[0].failed) > 200
    assert asked == [7]


def test_many_distinct_values_are_judged_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connectors.contract_rows, "_MOST_REMEMBERED", 3)
    check = check_of("expect_column_values_to_match_regex", column="text", regex="^[ab]$")
    table = drawn(6)
    (ours,), (theirs,) = RowChecks([check]).check(table), validate(table, [check])
    assert (ours.failed, ours.values) == (theirs.failed, theirs.values)


# string conditions are deprecated until version 2 brings another way to write them in YAML
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_condition_on_other_columns_looks_at_every_row() -> None:
    check = check_of(
        "expect_column_values_to_not_be_null",
        column="low",
        row_condition='text=="a"',
        condition_parser="pandas",
    )
    table = drawn(7)
    (outcome,) = RowChecks([check]).check(table)
    wanted = [
        place
        for place, row in enumerate(table.to_pylist())
        if row["text"] == "a" and row["low"] is None
    ]
    assert list(outcome.failed) == wanted
    assert wanted


@pytest.mark.parametrize(
    ("check", "error"),
    [
        (check_of("expect_column_values_to_be_between", column="price", min_value=1), "price"),
        (check_of("expect_column_values_to_be_nice", column="low"), "no such check"),
        (check_of("expect_column_values_to_be_between", column="text", min_value=1), "comput"),
    ],
)
def test_a_check_that_cannot_be_made_is_an_error_and_no_pass(check: Check, error: str) -> None:
    (outcome,) = RowChecks([check]).check(drawn(1))
    assert not outcome.passed
    assert outcome.error


def test_no_rows_break_nothing() -> None:
    table = SCHEMA.empty_table()
    checks = [check_of(name, **kwargs) for name, kwargs in KWARGS.items()]
    assert all(outcome.passed for outcome in RowChecks(checks).check(table))


def test_instants_are_in_time_until_the_end_of_the_next_day() -> None:
    record = RECORDS["order"]
    limit = datetime(2026, 7, 7, tzinfo=UTC)
    columns = {
        "order_id": ["a", "b", "c"],
        "kind": ["purchase"] * 3,
        "ordered_at": [limit - timedelta(microseconds=1), limit, limit - timedelta(days=9)],
    }
    table = table_of("order", columns, 3, record.schema)
    checks = checks_of_record(record, question=None, load_date=date(2026, 7, 5))
    broken = [part for part in RowChecks(checks).check(table) if not part.passed]
    assert [(part.failed, part.check.kwargs["column"]) for part in broken] == [((1,), "ordered_at")]


def test_a_good_batch_passes_every_standard_check() -> None:
    table = Answers().draw(np.random.default_rng(1), FIRST_DAY, 200)
    checks = checks_of_record(RECORDS["feedback"], question=None, load_date=FIRST_DAY)
    outcomes = RowChecks(checks).check(table)
    assert len(outcomes) == 10
    assert all(outcome.passed and outcome.evaluated == 200 for outcome in outcomes)


def test_the_declared_expectations_are_those_of_great_expectations() -> None:
    great_expectations()
    from great_expectations.expectations.registry import (
        list_registered_expectation_implementations,
    )

    ours, theirs = EXPECTATIONS, set(list_registered_expectation_implementations())
    assert ours <= theirs
    assert not EXPECTATIONS_OF_ROWS & EXPECTATIONS_OF_BATCHES
    left = {name for name in theirs - ours if "like_pattern" not in name}
    assert left == {
        # the columns of a canonical record and their types are pinned
        "expect_column_to_exist",
        "expect_column_type_to_be",
        "expect_column_values_to_be_in_type_list",
        "expect_column_values_to_be_of_type",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
        # they ask a database
        "expect_query_results_to_match_comparison",
        "expect_table_row_count_to_equal_other_table",
        "unexpected_rows_expectation",
        # the order of rows says nothing
        "expect_column_values_to_be_decreasing",
        "expect_column_values_to_be_increasing",
        # not computed for pandas
        "expect_column_values_to_match_json_schema",
    }
