"""Contracts on canonical rows, checked by Great Expectations: which rows break which rule."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract_expectations import validate
from connectors.contract_outcomes import Outcome, check_columns, hold_or_pass
from connectors.records import Record
from programme.contracts import Check
from programme.surveys import Question

__all__ = [
    "Outcome",
    "check_columns",
    "checks_of_record",
    "hold_or_pass",
    "standard_checks",
    "validate",
]

KINDS = {
    "feedback": ("nps", "csat", "ces", "rating", "comment"),
    "order": ("purchase", "subscription", "renewal"),
    "interaction": ("ticket", "call", "chat"),
    "interaction_event": ("opened", "assigned", "replied", "resolved", "reopened", "closed"),
    "outcome": ("renewal", "churn", "referral", "opportunity", "goal"),
    "cost": ("support", "acquisition", "other"),
}
# an account may be known without its start, and a unit be assigned before it is exposed
_UNDATED = ("account", "exposure", "interaction_turn", "interaction_statement", "invitation")
# promises, decisions and segments may be dated ahead
_AHEAD = ("promised_at", "due_at", "valid_from")


def standard_checks(
    record: Record, *, question: Question | None, load_date: date, table: pa.Table
) -> list[Check]:
    """Those of `checks_of_record` that the table could fail: without instants that are in time."""
    limit = _end_of_next_day(load_date)
    highest = {name: pc.max(table.column(name)).as_py() for name in _dated_fields(record)}
    in_time = {name for name, value in highest.items() if value is None or value < limit}
    return [
        check
        for check in checks_of_record(record, question=question, load_date=load_date)
        if not (check.kwargs.get("strict_max") and check.kwargs["column"] in in_time)
    ]


def checks_of_record(record: Record, *, question: Question | None, load_date: date) -> list[Check]:
    """What every row of the record must hold, from its definition and the declared scale.

    Keys and the dating field are present; kinds are known; scores lie on the scale as asked;
    nothing happened later than the day after the load.
    """
    name = record.name
    dated = () if name in _UNDATED else (record.occurred,)
    kinded = ("kind",) if name in KINDS else ()
    checks = [
        _check(name, "expect_column_values_to_not_be_null", "no value", column=column)
        for column in dict.fromkeys((*record.key, *dated, *kinded))
    ]
    if name in KINDS:
        listed = list(KINDS[name])
        reason = f"kind is none of {', '.join(listed)}"
        checks.append(
            _check(
                name, "expect_column_values_to_be_in_set", reason, column="kind", value_set=listed
            )
        )
    checks += _scale_checks(record, question)
    checks += [
        _check(
            name,
            "expect_column_values_to_be_between",
            f"later than the day after the load, {load_date}",
            column=column,
            max_value=_end_of_next_day(load_date).replace(tzinfo=None),
            strict_max=True,
        )
        for column in _dated_fields(record)
    ]
    return checks


def _dated_fields(record: Record) -> list[str]:
    return [
        field.name
        for field in record.fields
        if field.type == "instant" and field.name not in _AHEAD
    ]


def _end_of_next_day(load_date: date) -> datetime:
    return datetime.combine(load_date + timedelta(days=2), datetime.min.time(), UTC)


def _scale_checks(record: Record, question: Question | None) -> list[Check]:
    if not any(column.name == "score" for column in record.fields):
        return []
    if question is not None and question.scale_min is not None:
        low, high = question.scale_min, question.scale_max
        reason = f"outside the scale {low:g} to {high:g}"
        checks = [
            _check(
                record.name,
                "expect_column_values_to_be_between",
                reason,
                column="score",
                min_value=low,
                max_value=high,
            )
        ]
        if question.kind == "nps":
            whole = [float(point) for point in range(11)]
            reason = "no whole number from 0 to 10"
            checks.append(
                _check(
                    record.name,
                    "expect_column_values_to_be_in_set",
                    reason,
                    column="score",
                    value_set=whole,
                )
            )
        return checks
    pairs = (("score", "scale_min", "below the scale"), ("scale_max", "score", "above the scale"))
    return [
        _check(
            record.name,
            "expect_column_pair_values_a_to_be_greater_than_b",
            reason,
            column_A=upper,
            column_B=lower,
            or_equal=True,
            ignore_row_if="either_value_is_missing",
        )
        for upper, lower, reason in pairs
    ]


def _check(record: str, expectation: str, reason: str, **kwargs: Any) -> Check:
    return Check(record=record, expectation=expectation, kwargs=kwargs, reason=reason)
