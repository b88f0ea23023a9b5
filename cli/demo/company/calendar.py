"""The simulated company's time: seconds since 1970 in UTC, and the months of its history."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.str_]

MINUTE = 60
HOUR = 3600
DAY = 86_400
JST_OFFSET = 9 * HOUR
"""Japan has no daylight saving time, so local time is UTC plus nine hours all year."""

NEVER = np.int64(2**62)
"""Stands for "has not happened" in an array of instants."""


def instant(year: int, month: int, day: int, hour: int = 0) -> int:
    """Seconds since 1970 of an hour in UTC."""
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def instant_of(day: date) -> int:
    """Seconds since 1970 of a day's first second in UTC."""
    return instant(day.year, day.month, day.day)


HISTORY_START = instant(2023, 7, 1)
HISTORY_END = instant(2026, 7, 5, 6)
"""Nothing that happens later is in any system."""

MONTH_STARTS: Ints = np.array(
    [instant(2023 + (6 + k) // 12, (6 + k) % 12 + 1, 1) for k in range(38)], dtype=np.int64
)
"""First seconds of July 2023 to August 2026; the history ends within month 36 (July 2026)."""

MONTH_COUNT = 37


def month_index(instants: Ints) -> Ints:
    """The month of the history in which each instant lies; earlier instants count as month 0."""
    found = np.searchsorted(MONTH_STARTS, instants, side="right") - 1
    return np.clip(found, 0, MONTH_COUNT - 1).astype(np.int64)


def utc_text(instants: Ints) -> Texts:
    """``2026-05-11T01:00:00Z``; an empty text for an instant that never happens."""
    happened = instants != NEVER
    stamps = np.where(happened, instants, 0).astype("datetime64[s]")
    texts = np.char.add(np.datetime_as_string(stamps), "Z")
    return np.where(happened, texts, "")


def tokyo_text(instants: Ints, *, separator: str = "-") -> Texts:
    """``2026-05-11 10:00:00`` on a clock in Tokyo; an empty text for what never happens."""
    happened = instants != NEVER
    stamps = (np.where(happened, instants, 0) + JST_OFFSET).astype("datetime64[s]")
    texts = np.char.replace(np.datetime_as_string(stamps), "T", " ")
    if separator != "-":
        texts = np.char.replace(texts, "-", separator)
    return np.where(happened, texts, "")


def stream(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for each part: a change in one part leaves the others alone."""
    return np.random.default_rng([seed, *name.encode()])
