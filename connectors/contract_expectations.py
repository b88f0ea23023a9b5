"""Asks Great Expectations about a table: one outcome per check."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import pyarrow as pa

from connectors.contract_outcomes import Outcome, check_columns
from programme.contracts import Check


def validate(table: pa.Table, checks: Sequence[Check]) -> list[Outcome]:
    """Check the rows; one outcome per check, in their order."""
    if not checks or not table.num_rows:
        return [Outcome(check, 0, True, (), ()) for check in checks]
    return validate_frame(frame_of(table, _columns_of(table, checks)), checks)


def validate_frame(frame: Any, checks: Sequence[Check]) -> list[Outcome]:
    """The same for a pandas frame that holds at least the columns the checks are about."""
    for check in checks:
        if error := build_error(check):
            return [Outcome(part, len(frame), False, (), (), error=error) for part in checks]
    suite = great_expectations().ExpectationSuite(
        name="batch",
        expectations=[
            {**_expectation(check), "meta": {"position": position}}
            for position, check in enumerate(checks)
        ],
    )
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


def build_error(check: Check) -> str:
    """Why Great Expectations cannot make the expectation; empty where it can."""
    try:
        great_expectations().ExpectationSuite(name="one", expectations=[_expectation(check)])
    except Exception as error:
        return f"no such check, or with other arguments ({str(error).splitlines()[0]})"
    return ""


def frame_of(table: pa.Table, names: Sequence[str]) -> Any:
    """The columns as a pandas frame, instants without their zone, which is UTC."""
    frame = table.select(list(names)).to_pandas()
    for name in names:
        if pa.types.is_timestamp(table.schema.field(name).type):
            # Great Expectations compares instants without a zone only
            frame[name] = frame[name].dt.tz_localize(None)
    return frame


def _columns_of(table: pa.Table, checks: Sequence[Check]) -> list[str]:
    if any("row_condition" in check.kwargs for check in checks):
        return list(table.column_names)  # the condition may name any of them
    named = {name for check in checks for name in check_columns(check)}
    return [name for name in table.column_names if name in named]


def _expectation(check: Check) -> dict[str, Any]:
    return {"type": check.expectation, "kwargs": check.kwargs}


def _outcome(check: Check, result: Any, rows: int) -> Outcome:
    detail = result.result or {}
    if result.exception_info and result.exception_info.get("raised_exception", False):
        error = str(result.exception_info.get("exception_message", "")).splitlines()[0]
        return Outcome(check, rows, False, (), (), error=error)
    if not detail and not result.success:
        # an expectation that takes several metrics reports the failure of one under its name
        return Outcome(check, rows, False, (), (), error="Great Expectations could not compute it")
    failed = tuple(int(position) for position in detail.get("unexpected_index_list") or ())
    values = tuple(_text(value) for value in detail.get("unexpected_list") or ())
    if len(values) != len(failed):
        values = (None,) * len(failed)
    found = detail.get("observed_value")
    # a list of values could hold people's data: only a number is repeated
    number = float(found) if isinstance(found, int | float) else None
    observed = "" if number is None else f"observed {number:g}"
    facts = {} if number is None else {"observed": number}
    return Outcome(check, rows, bool(result.success), failed, values, "", observed, facts=facts)


def _text(value: Any) -> str | None:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple):
        return ", ".join("" if _is_missing(part) else str(part) for part in value)
    return None if _is_missing(value) else str(value)


def _is_missing(value: Any) -> bool:
    return value is None or value != value


@cache
def great_expectations() -> Any:
    """The library, imported when it is first asked: that takes three seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations as library
        import great_expectations.expectations

    return library


@cache
def _context() -> Any:
    context = great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context
