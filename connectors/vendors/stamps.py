"""Instants that vendors write into their objects, and cursors made of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from connectors.batches import CursorValue


def instant_of(value: Any) -> datetime | None:
    """A vendor's ISO 8601 text as a UTC instant; None where it is none, or says year 1.

    Without an offset it is taken as UTC.

    Example:
        >>> instant_of("2022-03-05T19:05:57+01:00").isoformat()
        '2022-03-05T18:05:57+00:00'
        >>> instant_of("0001-01-01T00:00:00Z") is None
        True
    """
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if moment.year == 1:  # how a service without nulls writes that something has not happened
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def cursor_of(moment: datetime) -> str:
    """The second in which the instant lies: read from there on, nothing of it is missed.

    Example:
        >>> cursor_of(datetime(2026, 5, 1, 9, 30, 15, 900_000, tzinfo=UTC))
        '2026-05-01T09:30:15Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def start_of(
    since: CursorValue | None, *, history_from: date | None, lookback_minutes: int
) -> datetime | None:
    """From which instant on to read: the cursor less the lookback, or the first day of history."""
    moment = instant_of(since.split(" ")[0]) if isinstance(since, str) else None
    if moment is not None:
        return moment - timedelta(minutes=lookback_minutes)
    return None if history_from is None else datetime.combine(history_from, time(), UTC)


class HighWater:
    """The highest instant met so far that the vendor's clock has reached.

    What is dated after ``bound`` was written while reading went on, or by a wrong clock: a cursor
    set there would pass over what is written until then.
    """

    def __init__(self, since: CursorValue | None) -> None:
        first = instant_of(since.split(" ")[0]) if isinstance(since, str) else None
        self.moment: datetime | None = first

    def take(self, moments: Iterable[datetime | None], *, bound: datetime | None) -> None:
        """Rise to the highest of ``moments`` that is not after ``bound``."""
        known = [moment for moment in moments if moment is not None]
        reached = [moment for moment in known if bound is None or moment <= bound]
        if reached:
            self.moment = max(reached) if self.moment is None else max(self.moment, *reached)

    @property
    def cursor(self) -> str | None:
        """The highest instant as a cursor; None before the first."""
        return None if self.moment is None else cursor_of(self.moment)
