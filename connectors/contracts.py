"""Contracts on canonical rows, checked by Great Expectations: which rows break which rule."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import HeldBatchError
from connectors.records import Record
from programme.contracts import Check
from programme.surveys import Question

KINDS = {
    "feedback": ("nps", "csat", "ces", "rating", "comment"),
    "order": ("purchase", "subscription", "renewal"),
    "interaction": ("ticket", "call", "chat"),
    "interaction_event": ("opened", "assigned", "replied", "resolved", "reopened", "closed"),
    "outcome": ("renewal", "churn", "referral", "goal"),
    "cost": ("support", "acquisition", "other"),
}
# an account may be known without its start, and a unit be assigned before it is exposed
_UNDATED = ("account", "exposure", "interaction_turn", "interaction_statement", "invitation")
# promises, decisions and segments may be dated ahead
_AHEAD = ("promised_at", "due_at", "valid_from")


@dataclass(frozen=True)
class Outcome:
    """The result of one check on one entity's rows of one record.

    Attributes:
        check: What was expected.
        evaluated: Rows looked at.
        failed: Positions of the rows that break it.
        values: Their values as text, where the check is about one column.
        error: Why it could not be computed; empty where it could.
        observed: What was found, where the check is about the batch as a whole.
        passed: Whether it holds.
    """

    check: Check
    evaluated: int
    passed: bool
    failed: tuple[int, ...] = field(repr=False)
    values: tuple[str | None, ...] = field(repr=False)
    error: str = ""
    observed: str = ""

    def summary(self, entity: str) -> dict[str, Any]:
        """Counts for the manifest: no value of a person."""
        return {
            "entity": entity,
            "record": self.check.record,
            "expectation": self.check.expectation,
            "columns": check_columns(self.check),
            "severity": self.check.severity,
            "passed": self.passed,
            "evaluated": self.evaluated,
            "failed": len(self.failed),
            "error": self.error,
        }


def standard_checks(
    record: Record, *, question: Question | None, load_date: date, table: pa.Table
) -> list[Check]:
    """What every batch of the record must hold, from its definition and the declared scale.

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
    limit = datetime.combine(load_date + timedelta(days=2), datetime.min.time(), UTC)
    for column in record.fields:
        if column.type == "instant" and column.name not in _AHEAD:
            highest = pc.max(table.column(column.name)).as_py()
            # the check is cheap, Great Expectations is not: ask it only where something is late
            if highest is not None and highest >= limit:
                checks.append(
                    _check(
                        name,
                        "expect_column_values_to_be_between",
                        f"later than the day after the load, {load_date}",
                        column=column.name,
                        max_value=limit.replace(tzinfo=None),
                        strict_max=True,
                    )
                )
    return checks


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


def validate(table: pa.Table, checks: list[Check]) -> list[Outcome]:
    """Check the rows; one outcome per check, in their order."""
    if not checks or not table.num_rows:
        return [Outcome(check, 0, True, (), ()) for check in checks]
    columns = {name for check in checks for name in check_columns(check)} & set(table.column_names)
    frame = _frame(table, [name for name in table.column_names if name in columns])
    expectations = [
        {"type": check.expectation, "kwargs": check.kwargs, "meta": {"position": position}}
        for position, check in enumerate(checks)
    ]
    gx = _great_expectations()
    for check, expectation in zip(checks, expectations, strict=True):
        if error := _build_error(expectation):
            return [Outcome(check, len(frame), False, (), (), error=error)]
    suite = gx.ExpectationSuite(name="batch", expectations=expectations)
    batch = _context().data_sources.pandas_default.read_dataframe(frame)
    results = batch.validate(suite, result_format={"result_format": "COMPLETE"}).results
    found = {result.expectation_config.meta["position"]: result for result in results}
    outcomes = []
    for position, check in enumerate(checks):
        # Great Expectations leaves out, without a word, what it has no implementation of
        if position not in found:
            error = "Great Expectations has no such check"
            outcomes.append(Outcome(check, len(frame), False, (), (), error=error))
        else:
            outcomes.append(_outcome(check, found[position], len(frame)))
    return outcomes


def hold_or_pass(outcomes: Iterable[Outcome], *, source: str, entity: str, where: str) -> None:
    """Stop the load where a check of severity ``hold`` fails.

    So does a check that could not be computed, and one about the batch as a whole that asks for
    quarantine: it names no rows.

    Raises:
        HeldBatchError: naming the first such check.
    """
    for outcome in outcomes:
        check = outcome.check
        no_rows = check.severity == "quarantine" and not outcome.failed
        if (
            outcome.passed
            or check.severity == "warn"
            or not (check.severity == "hold" or outcome.error or no_rows)
        ):
            continue
        columns = ", ".join(check_columns(check))
        fact = (
            outcome.error
            or outcome.observed
            or (f"{len(outcome.failed)} of {outcome.evaluated} rows fail")
        )
        reason = f" ({check.reason})" if check.reason else ""
        raise HeldBatchError(
            f"{check.expectation}({columns}) on {check.record}{reason}: {fact}",
            source=source,
            entity=entity,
            where=where,
            mend="have the data sent again, or correct the check if the data are right",
        )


def _build_error(expectation: dict[str, Any]) -> str:
    """Why Great Expectations cannot make the expectation; empty where it can."""
    try:
        _great_expectations().ExpectationSuite(name="one", expectations=[expectation])
    except Exception as error:
        return f"no such check, or with other arguments ({str(error).splitlines()[0]})"
    return ""


def _outcome(check: Check, result: Any, rows: int) -> Outcome:
    detail = result.result or {}
    if result.exception_info and result.exception_info.get("raised_exception", False):
        error = str(result.exception_info.get("exception_message", "")).splitlines()[0]
        return Outcome(check, rows, False, (), (), error=error)
    failed = tuple(int(position) for position in detail.get("unexpected_index_list") or ())
    values = tuple(_text(value) for value in detail.get("unexpected_list") or ())
    if len(values) != len(failed):
        values = (None,) * len(failed)
    found = detail.get("observed_value")
    # a list of values could hold people's data: only a number is repeated
    observed = f"observed {found:g}" if isinstance(found, int | float) else ""
    return Outcome(check, rows, bool(result.success), failed, values, observed=observed)


def _text(value: Any) -> str | None:
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value)
    return None if value is None or value != value else str(value)


def _frame(table: pa.Table, names: list[str]) -> Any:
    frame = table.select(names).to_pandas()
    for name in names:
        if pa.types.is_timestamp(table.schema.field(name).type):
            # Great Expectations compares instants without a zone; they are all UTC here
            frame[name] = frame[name].dt.tz_localize(None)
    return frame


def check_columns(check: Check) -> list[str]:
    """The columns a check is about."""
    names = [check.kwargs.get(key) for key in ("column", "column_A", "column_B")]
    listed = [*(check.kwargs.get("column_list") or []), *(check.kwargs.get("column_set") or [])]
    return [name for name in [*names, *listed] if isinstance(name, str)]


def _check(record: str, expectation: str, reason: str, **kwargs: Any) -> Check:
    return Check(record=record, expectation=expectation, kwargs=kwargs, reason=reason)


@cache
def _great_expectations() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations
        import great_expectations.expectations

    return great_expectations


@cache
def _context() -> Any:
    context = _great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context
