"""Declared checks of the batch as a whole: of all rows, or of a sample that is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from connectors.contract_batch import BatchChecks, ShareChecks
from connectors.contract_expectations import validate
from programme.contracts import EXPECTATIONS_OF_BATCHES, Check

KWARGS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # expectation: what holds, what does not, of 1000 amounts 0 to 999 and codes a to d
    "expect_column_distinct_values_to_be_in_set": (
        {"column": "code", "value_set": list("abcde")},
        {"column": "code", "value_set": list("abc")},
    ),
    "expect_column_distinct_values_to_contain_set": (
        {"column": "code", "value_set": ["a"]},
        {"column": "code", "value_set": ["e"]},
    ),
    "expect_column_distinct_values_to_equal_set": (
        {"column": "code", "value_set": list("abcd")},
        {"column": "code", "value_set": list("abc")},
    ),
    "expect_column_kl_divergence_to_be_less_than": (
        {
            "column": "code",
            "partition_object": {"values": list("abcd"), "weights": [0.25] * 4},
            "threshold": 0.1,
        },
        {
            "column": "code",
            "partition_object": {"values": list("abcd"), "weights": [0.97, 0.01, 0.01, 0.01]},
            "threshold": 0.1,
        },
    ),
    "expect_column_max_to_be_between": (
        {"column": "amount", "max_value": 999},
        {"column": "amount", "max_value": 998},
    ),
    "expect_column_mean_to_be_between": (
        {"column": "amount", "min_value": 499.5, "max_value": 499.5},
        {"column": "amount", "min_value": 499.6},
    ),
    "expect_column_median_to_be_between": (
        {"column": "amount", "min_value": 499.5, "max_value": 499.5},
        {"column": "amount", "min_value": 500},
    ),
    "expect_column_min_to_be_between": (
        {"column": "amount", "min_value": 0},
        {"column": "amount", "min_value": 1},
    ),
    "expect_column_most_common_value_to_be_in_set": (
        {"column": "code", "value_set": list("abcd"), "ties_okay": True},
        {"column": "code", "value_set": ["e"]},
    ),
    "expect_column_proportion_of_non_null_values_to_be_between": (
        {"column": "note", "min_value": 0.5, "max_value": 0.5},
        {"column": "note", "min_value": 0.51},
    ),
    "expect_column_proportion_of_unique_values_to_be_between": (
        {"column": "amount", "min_value": 1},
        {"column": "code", "min_value": 0.1},
    ),
    "expect_column_quantile_values_to_be_between": (
        {
            "column": "amount",
            "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[490, 510]]},
        },
        {"column": "amount", "quantile_ranges": {"quantiles": [0.9], "value_ranges": [[0, 10]]}},
    ),
    "expect_column_stdev_to_be_between": (
        {"column": "amount", "min_value": 288, "max_value": 289},
        {"column": "amount", "max_value": 10},
    ),
    "expect_column_sum_to_be_between": (
        {"column": "amount", "min_value": 499500, "max_value": 499500},
        {"column": "amount", "max_value": 499499},
    ),
    "expect_column_unique_value_count_to_be_between": (
        {"column": "code", "min_value": 4, "max_value": 4},
        {"column": "code", "min_value": 5},
    ),
    "expect_column_value_z_scores_to_be_less_than": (
        {"column": "amount", "threshold": 3, "double_sided": True},
        {"column": "amount", "threshold": 1, "double_sided": True},
    ),
    "expect_column_values_to_be_unique": ({"column": "amount"}, {"column": "code"}),
    "expect_column_values_to_not_be_outliers": (
        {"column": "amount", "method": "iqr", "multiplier": 1.5},
        {"column": "amount", "method": "iqr", "multiplier": 0.1},
    ),
    "expect_compound_columns_to_be_unique": (
        {"column_list": ["amount", "code"]},
        {"column_list": ["code", "note"]},
    ),
    "expect_table_row_count_to_be_between": ({"min_value": 1000}, {"min_value": 1001}),
    "expect_table_row_count_to_equal": ({"value": 1000}, {"value": 999}),
}


def table() -> pa.Table:
    """1000 rows in chunks' order."""
    numbers = np.arange(1000)
    return pa.table(
        {
            "amount": numbers.astype(float),
            "code": [list("abcd")[n % 4] for n in numbers],
            "note": pa.array(["same" if n % 2 else None for n in numbers]),
            "unused": [f"row {n}" for n in numbers],
        }
    )


def judged(checks: list[Check], *, chunk: int = 300, most_rows: int = 2_000_000) -> BatchChecks:
    batch = BatchChecks(checks, most_rows=most_rows)
    for start in range(0, 1000, chunk):
        batch.take(table().slice(start, chunk))
    return batch


def check_of(expectation: str, kwargs: dict[str, Any]) -> Check:
    return Check(record="order", expectation=expectation, kwargs=kwargs, severity="warn")


def test_every_expectation_on_batches_has_its_cases() -> None:
    assert set(KWARGS) == EXPECTATIONS_OF_BATCHES


@pytest.mark.parametrize("expectation", sorted(KWARGS))
def test_chunks_are_judged_together(expectation: str) -> None:
    checks = [check_of(expectation, kwargs) for kwargs in KWARGS[expectation]]
    outcomes = judged(checks).close()
    assert [outcome.error for outcome in outcomes] == ["", ""]
    assert [outcome.passed for outcome in outcomes] == [True, False]


def test_the_order_of_outcomes_is_that_of_the_checks() -> None:
    checks = [check_of(name, cases[0]) for name, cases in sorted(KWARGS.items())]
    assert [part.check for part in judged(checks).close()] == checks


def test_above_the_limit_a_systematic_sample_is_judged_and_said() -> None:
    mean = check_of("expect_column_mean_to_be_between", {"column": "amount", "max_value": 1})
    count = check_of("expect_table_row_count_to_equal", {"value": 1000})
    for chunk in (7, 300, 1000):
        batch = judged([mean, count], chunk=chunk, most_rows=300)
        (sampled, counted) = batch.close()
        assert batch.step == 4
        # every fourth row from the first: 0, 4, …, 996
        assert sampled.facts == {"observed": 498.0, "every": 4}
        assert sampled.observed == "observed 498 (every 4th row)"
        assert sampled.evaluated == 250
        assert counted.passed


def test_only_the_columns_asked_for_are_kept() -> None:
    batch = judged([check_of("expect_column_max_to_be_between", {"column": "amount"})])
    assert {name for part in batch._kept for name in part.column_names} == {"amount"}


def test_an_unknown_column_is_an_error_and_no_pass() -> None:
    (outcome,) = judged(
        [check_of("expect_column_max_to_be_between", {"column": "price", "max_value": 1})]
    ).close()
    assert (outcome.passed, outcome.error) == (False, "the record has no column price")


def test_no_row_breaks_a_row_count_alone() -> None:
    checks = [
        check_of("expect_column_mean_to_be_between", {"column": "amount", "min_value": 1}),
        check_of("expect_table_row_count_to_be_between", {"min_value": 1}),
    ]
    assert [part.passed for part in BatchChecks(checks).close()] == [True, False]


@pytest.mark.parametrize("mostly", [0.2, 0.25, 0.3])
def test_a_share_is_counted_over_all_chunks_as_over_one(mostly: float) -> None:
    kwargs = {"column": "note", "value_set": ["same", "none"], "mostly": mostly}
    spoilt = pa.array([None if n % 2 else "same" if n % 8 == 0 else "odd" for n in range(1000)])
    whole = table().set_column(2, "note", spoilt)
    check = check_of("expect_column_values_to_be_in_set", kwargs)
    shares = ShareChecks([check])
    for start in range(0, 1000, 130):
        shares.take(whole.slice(start, 130))
    (ours,), (theirs,) = shares.close(), validate(whole, [check])
    assert ours.passed is theirs.passed is (mostly <= 0.25)
    assert ours.facts == {"rate": 0.25, "min_rate": mostly}
    assert ours.evaluated == 500


def test_a_share_of_missing_values_counts_every_row() -> None:
    check = check_of("expect_column_values_to_not_be_null", {"column": "note", "mostly": 0.5})
    shares = ShareChecks([check])
    shares.take(table())
    (outcome,) = shares.close()
    assert outcome.passed
    assert outcome.observed == "500 of 1000 rows fail, at least 50.00% must hold"
