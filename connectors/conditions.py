"""Declared conditions on landed rows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from connectors.conversion import as_text, without_empty
from connectors.rows import Rows
from programme.base import Scalar
from programme.sources import Condition


def scalar_text(value: Scalar) -> str:
    """A scalar of a declaration as a source would write it.

    Example:
        >>> scalar_text(True), scalar_text(6.0), scalar_text("6")
        ('true', '6', '6')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def holds(rows: Rows, condition: Condition) -> pa.Array:
    """Whether each row fulfils the condition; a null fulfils none."""
    text = pc.utf8_trim_whitespace(without_empty(as_text(rows.column(condition.column))))
    found = pc.is_valid(text)
    if condition.is_in is not None:
        listed = pa.array([scalar_text(value) for value in condition.is_in], pa.string())
        found = pc.and_(found, pc.is_in(text, listed))
    if condition.is_not_in is not None:
        listed = pa.array([scalar_text(value) for value in condition.is_not_in], pa.string())
        found = pc.and_(found, pc.invert(pc.is_in(text, listed)))
    return found


def kept(rows: Rows, conditions: Iterable[Condition]) -> npt.NDArray[np.bool_]:
    """Which rows fulfil all conditions."""
    keep = np.ones(len(rows), dtype=bool)
    for condition in conditions:
        keep &= holds(rows, condition).to_numpy(zero_copy_only=False)
    return keep
