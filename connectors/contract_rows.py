"""Row-level checks of a stream of chunks: Great Expectations judges each distinct value once.

The verdict of an expectation on a row hangs on the row's values alone. So Great Expectations is
asked about the distinct values of the columns, not about the rows: of a score there are eleven.
What it said is remembered for the next chunks and batches. Two expectations need even less: whether
a value is missing has two cases, and an interval holds all values where it holds the lowest and the
highest. It is not asked whether instants are in time that plainly are: the limit is another one
each day, so that nothing could be remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.contract_expectations import build_error, frame_of, validate, validate_frame
from connectors.contract_outcomes import Outcome, check_columns
from programme.contracts import EXPECTATIONS_OF_ROWS, Check

Codes = npt.NDArray[np.int64]

_OF_MISSING = ("expect_column_values_to_not_be_null", "expect_column_values_to_be_null")
_BETWEEN = "expect_column_values_to_be_between"
_MOST_REMEMBERED = 10_000


class RowChecks:
    """The row-level checks of one batch; hand it the chunks in turn."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._judges = [_judge(check) for check in checks]

    def check(self, table: pa.Table) -> list[Outcome]:
        """One outcome per check; failing positions count within the chunk."""
        return [judge.check(table) for judge in self._judges]


@dataclass
class _Verdicts:
    """What Great Expectations said: of values, and the interval of which it said that it holds."""

    error: str | None = None
    of: dict[tuple[Any, ...], bool] = field(default_factory=dict)
    within: tuple[Any, Any] | None = None

    def remember(self, judged: dict[tuple[Any, ...], bool]) -> None:
        if len(self.of) + len(judged) <= _MOST_REMEMBERED:
            self.of |= judged


@dataclass
class _WholeJudge:
    """Asks about every row: the expectation may look at any column."""

    expectation: Check

    def check(self, table: pa.Table) -> Outcome:
        return validate(table, [self.expectation])[0]


@dataclass
class _ValueJudge:
    """Asks about distinct values, and about each of them once."""

    expectation: Check

    def check(self, table: pa.Table) -> Outcome:
        names = list(dict.fromkeys(check_columns(self.expectation)))
        if not table.num_rows or not set(names) <= set(table.column_names):
            return validate(table, [self.expectation])[0]
        columns = table.select(names)
        verdicts = _remembered(self.expectation, columns.schema)
        if verdicts.error is None:
            verdicts.error = build_error(self.expectation)
        if verdicts.error:
            return self._failure(table, verdicts.error)
        return self._judged(columns, verdicts)

    def _judged(self, table: pa.Table, verdicts: _Verdicts) -> Outcome:
        codes, distinct = _distinct(table)
        if distinct.num_rows > _MOST_REMEMBERED:
            outcome = self._asked(distinct)
            broken = np.zeros(distinct.num_rows, bool)
            broken[list(outcome.failed)] = True
            texts = dict(zip(outcome.failed, outcome.values, strict=True))
            positions = np.flatnonzero(broken[codes])
            values = [texts[int(codes[at])] for at in positions]
            return self._result(table, positions, values, outcome.error)
        values_of = list(zip(*(column.to_pylist() for column in distinct.columns), strict=True))
        fresh = [place for place, value in enumerate(values_of) if value not in verdicts.of]
        fails = [verdicts.of.get(value, False) for value in values_of]
        if fresh:
            outcome = self._asked(distinct.take(pa.array(fresh)))
            if outcome.error:
                return self._failure(table, outcome.error)
            for number in outcome.failed:
                fails[fresh[number]] = True
            verdicts.remember({values_of[place]: fails[place] for place in fresh})
        positions = np.flatnonzero(np.array(fails, bool)[codes])
        return self._result(table, positions, [_text(values_of[codes[at]]) for at in positions])

    def _asked(self, table: pa.Table) -> Outcome:
        return validate_frame(frame_of(table, table.column_names), [self.expectation])[0]

    def _failure(self, table: pa.Table, error: str) -> Outcome:
        return Outcome(self.expectation, table.num_rows, False, (), (), error)

    def _result(
        self, table: pa.Table, positions: Codes, values: Sequence[str | None], error: str = ""
    ) -> Outcome:
        if error:
            return self._failure(table, error)
        failed = tuple(int(position) for position in positions)
        return Outcome(self.expectation, table.num_rows, not failed, failed, tuple(values))


@dataclass
class _MissingJudge(_ValueJudge):
    """Asks about one value that is there and one that is not."""

    def _judged(self, table: pa.Table, verdicts: _Verdicts) -> Outcome:
        column = table.column(0)
        missing = pc.is_null(column, nan_is_null=True).combine_chunks()
        kinds = missing.to_numpy(zero_copy_only=False)
        fails = np.zeros(len(kinds), bool)
        for kind in (True, False):
            found = np.flatnonzero(kinds == kind)
            if len(found) and (kind,) not in verdicts.of:
                outcome = self._asked(table.take(pa.array(found[:1])))
                if outcome.error:
                    return self._failure(table, outcome.error)
                verdicts.remember({(kind,): not outcome.passed})
            if verdicts.of.get((kind,), False):
                fails[found] = True
        positions = np.flatnonzero(fails)
        values = [_text((value,)) for value in column.take(pa.array(positions)).to_pylist()]
        return self._result(table, positions, values)


@dataclass
class _RangeJudge(_ValueJudge):
    """Asks about the lowest and the highest value, and only where one of them fails about all."""

    def _judged(self, table: pa.Table, verdicts: _Verdicts) -> Outcome:
        ends = pc.min_max(table.column(0))
        if not ends["min"].is_valid:
            return super()._judged(table, verdicts)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        known = verdicts.within or (low, high)
        if verdicts.within is None or low < known[0] or known[1] < high:
            name = table.column_names[0]
            if not self._asked(pa.table({name: pa.array([low, high], ends["min"].type)})).passed:
                return super()._judged(table, verdicts)
            verdicts.within = (min(known[0], low), max(known[1], high))
        return self._result(table, np.array([], np.int64), ())


@dataclass
class _PunctualityJudge(_RangeJudge):
    """Asks only where an instant is not before the limit."""

    def check(self, table: pa.Table) -> Outcome:
        name = self.expectation.kwargs["column"]
        if name not in table.column_names:
            return super().check(table)
        latest = pc.max(table.column(name)).as_py()
        limit = self.expectation.kwargs["max_value"].replace(tzinfo=UTC)
        if latest is None or latest < limit:
            return self._result(table, np.array([], np.int64), ())
        return super().check(table)


_Judge = _WholeJudge | _ValueJudge


def _judge(check: Check) -> _Judge:
    known = check.expectation in EXPECTATIONS_OF_ROWS and check_columns(check)
    if not known or "row_condition" in check.kwargs:
        return _WholeJudge(check)
    if check.expectation in _OF_MISSING:
        return _MissingJudge(check)
    if check.expectation == _BETWEEN:
        limit = isinstance(check.kwargs.get("max_value"), datetime)
        is_limit = limit and check.kwargs.keys() == {"column", "max_value", "strict_max"}
        return _PunctualityJudge(check) if is_limit else _RangeJudge(check)
    return _ValueJudge(check)


def _distinct(table: pa.Table) -> tuple[Codes, pa.Table]:
    """For each row the place of its values among the distinct ones, and these."""
    parts = [
        pc.dictionary_encode(column.combine_chunks(), null_encoding="encode")
        for column in table.columns
    ]
    combined = np.zeros(table.num_rows, np.int64)
    for part in parts:
        # numbered anew each time: the product of many columns' sizes exceeds 64 bits
        combined = np.unique(combined, return_inverse=True)[1] if len(parts) > 2 else combined
        combined = combined * len(part.dictionary) + part.indices.to_numpy(zero_copy_only=False)
    if len(parts) == 1:
        return combined, pa.table({table.column_names[0]: parts[0].dictionary})
    _, first, codes = np.unique(combined, return_index=True, return_inverse=True)
    return codes, table.take(pa.array(first))


def _remembered(check: Check, schema: pa.Schema) -> _Verdicts:
    # the type belongs to it: in Python 1, 1.0 and True are the same key
    return _verdicts(check.expectation, repr(sorted(check.kwargs.items())), str(schema))


@lru_cache(maxsize=256)
def _verdicts(expectation: str, kwargs: str, schema: str) -> _Verdicts:
    return _Verdicts()


def _text(value: tuple[Any, ...]) -> str | None:
    if len(value) == 1:
        return None if value[0] is None or value[0] != value[0] else str(value[0])
    return ", ".join("" if part is None else str(part) for part in value)
