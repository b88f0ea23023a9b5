"""Declared checks of the batch as a whole, asked of Great Expectations when all rows are there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from connectors.contract_expectations import frame_of, validate_frame
from connectors.contract_outcomes import Outcome, check_columns
from connectors.contract_rows import RowChecks
from programme.contracts import Check

MOST_ROWS_KEPT = 2_000_000
_OF_THE_COUNT = ("expect_table_row_count_to_be_between", "expect_table_row_count_to_equal")


class BatchChecks:
    """Aggregates over the columns they need.

    Above `MOST_ROWS_KEPT` rows every second, fourth … row is kept, counted from the first of the
    batch; the outcome says so. Row counts are of all rows.
    """

    def __init__(self, checks: Sequence[Check], *, most_rows: int = MOST_ROWS_KEPT) -> None:
        self.checks = tuple(checks)
        self.rows = 0
        self.step = 1
        self._known: set[str] = set()
        self._most = most_rows
        self._kept: list[pa.Table] = []
        self._kept_rows = 0

    def take(self, table: pa.Table) -> None:
        """Keep the columns that the checks are about."""
        self._known = set(table.column_names)
        names = self._columns(table)
        if names:
            self._keep(_every(table.select(names), self.step, first=-self.rows % self.step))
        self.rows += table.num_rows

    def close(self) -> list[Outcome]:
        """One outcome per check, in their order."""
        return [
            self._of_count(check) if check.expectation in _OF_THE_COUNT else self._of_rows(check)
            for check in self.checks
        ]

    def _of_count(self, check: Check) -> Outcome:
        import pandas as pd

        return validate_frame(pd.DataFrame(index=pd.RangeIndex(self.rows)), [check])[0]

    def _of_rows(self, check: Check) -> Outcome:
        if not self.rows:
            return Outcome(check, 0, True, (), ())
        if missing := sorted(set(check_columns(check)) - self._known):
            error = f"the record has no column {', '.join(missing)}"
            return Outcome(check, self.rows, False, (), (), error)
        table = pa.concat_tables(self._kept)
        names = _columns_of(check, table.column_names)
        # one by one: a mistake in one declaration must not speak for the others
        return self._said(validate_frame(frame_of(table, names), [check])[0])

    def _said(self, outcome: Outcome) -> Outcome:
        if self.step == 1:
            return outcome
        observed = f"{outcome.observed or 'judged'} (every {self.step}th row)"
        facts = {**outcome.facts, "every": self.step}
        return replace(outcome, observed=observed, facts=facts)

    def _keep(self, table: pa.Table) -> None:
        self._kept.append(table)
        self._kept_rows += table.num_rows
        while self._kept_rows > self._most:
            self.step *= 2
            self._kept = [_every(pa.concat_tables(self._kept), 2, first=0).combine_chunks()]
            self._kept_rows = self._kept[0].num_rows

    def _columns(self, table: pa.Table) -> list[str]:
        asked = [check for check in self.checks if check.expectation not in _OF_THE_COUNT]
        wanted = {name for check in asked for name in _columns_of(check, table.column_names)}
        return [name for name in table.column_names if name in wanted]


class ShareChecks:
    """Row-level checks that allow a share of failures (``mostly``): counted over the chunks."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = tuple(checks)
        self._strict = RowChecks([_without_mostly(check) for check in checks])
        self._failed = [0] * len(checks)
        self._errors = [""] * len(checks)
        self._rows = [0] * len(checks)

    def take(self, table: pa.Table) -> None:
        """Count the failures among the rows."""
        for place, outcome in enumerate(self._strict.check(table)):
            self._rows[place] += _judged_rows(outcome.check, table)
            self._failed[place] += len(outcome.failed)
            self._errors[place] = self._errors[place] or outcome.error

    def close(self) -> list[Outcome]:
        """One outcome per check, in their order."""
        counted = zip(self._checks, self._rows, self._failed, self._errors, strict=True)
        return [_share_outcome(*part) for part in counted]


def _share_outcome(check: Check, rows: int, failed: int, error: str) -> Outcome:
    least, rate = float(check.kwargs["mostly"]), 1 - failed / max(1, rows)
    observed = f"{failed} of {rows} rows fail, at least {least:.2%} must hold"
    facts = {"rate": rate, "min_rate": least}
    passed = not error and rate >= least
    return Outcome(check, rows, passed, (), (), error, observed, facts=facts)


def _judged_rows(check: Check, table: pa.Table) -> int:
    """Rows that count: Great Expectations leaves out those without a value."""
    column = check.kwargs.get("column")
    if column not in table.column_names or check.expectation.endswith("_null"):
        return int(table.num_rows)
    return int(table.num_rows - table.column(column).null_count)


def _without_mostly(check: Check) -> Check:
    kwargs = {name: value for name, value in check.kwargs.items() if name != "mostly"}
    return check.model_copy(update={"kwargs": kwargs})


def _every(table: pa.Table, step: int, *, first: int) -> pa.Table:
    if step == 1:
        return table
    return table.take(pa.array(np.arange(first, table.num_rows, step)))


def _columns_of(check: Check, names: Sequence[str]) -> list[str]:
    if "row_condition" in check.kwargs:
        return list(names)
    wanted = set(check_columns(check))
    return [name for name in names if name in wanted]
