"""Vendors' values become typed columns: converted exactly, or refused with the reason."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from connectors.instants import (
    InstantFormat,
    Instants,
    localize,
    parse_instants,
    plain_instants,
    within_calendar,
)
from connectors.records import FieldType

Positions = npt.NDArray[np.int64]

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_WHOLE = r"[+-]?[0-9]+(\.0*)?"
_MOST_EXACT = 2.0**53
_NEIGHBOUR = "a whole number that no double holds: it would become its neighbour"
_INTEGER = r"^[+-]?\d{1,18}(\.0*)?$"
_FINGERPRINT_DIGITS = 32
_BETWEEN = "\x1f"
_TRUE = ("true", "t", "yes", "y", "1")
_FALSE = ("false", "f", "no", "n", "0")


@dataclass(frozen=True)
class Converted:
    """One column of a canonical record.

    Attributes:
        values: Of the field's Arrow type; null where there was no value or it was refused.
        refused: Positions of values that cannot be converted, ascending.
        reasons: One per refused position.
    """

    values: pa.Array
    refused: Positions
    reasons: tuple[str, ...]


def as_text(values: pa.Array) -> pa.Array:
    """Any landed column as text; whole floats without ``.0``, instants as ISO 8601."""
    if pa.types.is_string(values.type):
        return values
    if pa.types.is_timestamp(values.type):
        return pc.strftime(values, "%Y-%m-%dT%H:%M:%S" + ("Z" if values.type.tz else ""))
    return pc.cast(values, pa.string())


def without_empty(values: pa.Array) -> pa.Array:
    """Text with empty and blank values as null: an empty cell is no answer."""
    blank = pc.or_(pc.equal(pc.binary_length(values), 0), pc.utf8_is_space(values))
    if not pc.any(blank, min_count=0).as_py():
        return values
    return pc.if_else(pc.fill_null(blank, True), pa.scalar(None, pa.string()), values)


def row_fingerprints(columns: Sequence[pa.Array]) -> pa.Array:
    """One hex text per row, equal where the rows are alike in all columns.

    The first 128 bits of the sha256 of the values as text; an empty cell is like a missing one.

    Example:
        >>> row_fingerprints([pa.array(["a", "a"]), pa.array(["", None])]).to_pylist()
        ['69fc94c033d1f48cef62e24c0833e6ba', '69fc94c033d1f48cef62e24c0833e6ba']
    """
    texts = [pc.fill_null(without_empty(as_text(column)), "") for column in columns]
    rows = pc.binary_join_element_wise(*texts, _BETWEEN).to_pylist()
    digests = [hashlib.sha256(row.encode()).hexdigest()[:_FINGERPRINT_DIGITS] for row in rows]
    return pa.array(digests, pa.string())


def convert(values: pa.Array, kind: FieldType, spec: InstantFormat) -> Converted:
    """Convert a landed column (text or a database's type) to the field's type.

    A refused value is never null and never 0 in the record: its row goes to quarantine.
    """
    if kind == "text":
        return _accepted(without_empty(as_text(values)))
    if kind in ("instant", "day") and not _is_text(values):
        return _from_temporal(values, kind, spec)
    if kind == "flag" and pa.types.is_boolean(values.type):
        return _accepted(values)
    plain = _plain(values, kind, spec)
    if plain is not None:
        return _accepted(plain)
    text = without_empty(as_text(values))
    if kind in ("instant", "day"):
        return _from_instant_text(text, kind, spec)
    trimmed = pc.utf8_trim_whitespace(text)
    if kind == "flag":
        return _flags(trimmed)
    return _numbers(trimmed) if kind == "number" else _integers(trimmed)


def _plain(values: pa.Array, kind: FieldType, spec: InstantFormat) -> pa.Array | None:
    """The column at once, where every value is beyond doubt; None where one must be looked at."""
    if not pa.types.is_string(values.type):
        return None
    if kind == "instant" and not spec.formats:
        return plain_instants(values, spec.timezone)
    if kind != "number":
        return None
    try:
        numbers = pc.cast(values, pa.float64())
    except pa.ArrowInvalid:
        return None
    # what Arrow reads as a finite number is one; it also reads words such as "inf"
    lost = pc.or_(_vanished(values, numbers), _rounded(values, numbers))
    finite = pc.all(pc.is_finite(numbers), skip_nulls=True, min_count=0).as_py()
    return numbers if finite and not pc.any(lost, min_count=0).as_py() else None


def _vanished(text: pa.Array, numbers: pa.Array) -> pa.Array:
    """Where a number other than 0 is too small to be held and would become 0."""
    zero = pc.fill_null(pc.equal(numbers, 0), False)
    if not pc.any(zero, min_count=0).as_py():
        return zero
    return pc.and_(zero, pc.fill_null(pc.match_substring_regex(text, r"^[^eE]*[1-9]"), False))


def _rounded(text: pa.Array, numbers: pa.Array) -> pa.Array:
    """Where a whole number is so large that it would become its neighbour."""
    large = pc.fill_null(pc.greater_equal(pc.abs(numbers), _MOST_EXACT), False)
    if not pc.any(large, min_count=0).as_py():
        return large
    rounded = large.to_numpy(zero_copy_only=False).copy()
    for place in np.flatnonzero(rounded):
        word, number = text[int(place)].as_py().strip(), numbers[int(place)].as_py()
        is_whole = re.fullmatch(_WHOLE, word) is not None
        rounded[place] = is_whole and math.isfinite(number) and int(number) != int(Decimal(word))
    return pa.array(rounded)


def _is_text(values: pa.Array) -> bool:
    return not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type))


def _accepted(values: pa.Array) -> Converted:
    return Converted(values, np.empty(0, np.int64), ())


def _numbers(text: pa.Array) -> Converted:
    matches = pc.fill_null(pc.match_substring_regex(text, _NUMBER), False)
    numbers = pc.cast(_where(matches, pc.utf8_ltrim(text, "+")), pa.float64())
    finite = pc.fill_null(pc.is_finite(numbers), False)
    rounded = _rounded(text, numbers)
    held = pc.and_not(pc.and_not(finite, _vanished(text, numbers)), rounded)
    result = _result(text, _where(held, numbers), "no finite number")
    if pc.any(rounded, min_count=0).as_py():
        reasons = zip(result.refused, result.reasons, strict=True)
        told = tuple(_NEIGHBOUR if rounded[int(at)].as_py() else why for at, why in reasons)
        return Converted(result.values, result.refused, told)
    return result


def _integers(text: pa.Array) -> Converted:
    matches = pc.fill_null(pc.match_substring_regex(text, _INTEGER), False)
    digits = pc.replace_substring_regex(_where(matches, text), r"^\+|\.0*$", "")
    return _result(text, pc.cast(digits, pa.int64()), "no whole number")


def _flags(text: pa.Array) -> Converted:
    lower = pc.utf8_lower(text)
    true = pc.is_in(lower, pa.array(_TRUE))
    false = pc.is_in(lower, pa.array(_FALSE))
    values = _where(pc.or_(true, false), true)
    return _result(text, values, "neither true nor false (true, yes, 1 / false, no, 0)")


def _from_instant_text(text: pa.Array, kind: FieldType, spec: InstantFormat) -> Converted:
    parsed = parse_instants(_series(text), spec)
    return _temporal(parsed.values, parsed.reasons, kind, spec.timezone)


def _from_temporal(values: pa.Array, kind: FieldType, spec: InstantFormat) -> Converted:
    is_day = pa.types.is_date(values.type)
    if is_day and kind == "day":
        return _accepted(pc.cast(values, pa.date32()))
    if not is_day and values.type.tz:
        instants = _series(pc.cast(values, pa.timestamp("us", tz="UTC")))
        placed = Instants(instants, np.full(len(values), "", object))
    else:
        naive = _series(pc.cast(values, pa.timestamp("us")))
        placed = localize(naive, spec.timezone, is_day=is_day)
    placed = within_calendar(placed)
    return _temporal(placed.values, placed.reasons, kind, spec.timezone)


def _temporal(
    instants: pd.Series[Any], reasons: npt.NDArray[Any], kind: FieldType, timezone: str
) -> Converted:
    refused = np.flatnonzero(reasons != "")
    local = instants if kind == "instant" else instants.dt.tz_convert(timezone).dt.tz_localize(None)
    values = pa.Array.from_pandas(local.dt.as_unit("us"))
    if kind == "day":
        values = pc.cast(values, pa.date32(), safe=False)
    return Converted(values, refused, tuple(reasons[refused]))


def _series(values: pa.Array) -> pd.Series[Any]:
    series: pd.Series[Any] = values.to_pandas()
    return series


def _where(keep: pa.Array, values: pa.Array) -> pa.Array:
    return pc.if_else(keep, values, pa.scalar(None, values.type))


def _result(text: pa.Array, values: pa.Array, reason: str) -> Converted:
    lost = pc.and_(pc.is_valid(text), pc.is_null(values))
    refused = np.flatnonzero(lost.to_numpy(zero_copy_only=False))
    return Converted(values, refused, (reason,) * len(refused))
