"""From where an API is asked to read on, and which of its stamps say how far reading came."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from connectors.batches import CursorValue
from connectors.cursors import as_instant, cursor_value, read_from

# A stamp without an offset may be in any zone's local time.
_FURTHEST_ZONE = timedelta(hours=14)
Unit = Literal["seconds", "milliseconds"]
_PER_SECOND = {"seconds": 1, "milliseconds": 1000}


def epoch_text(seconds: float) -> str:
    """Epoch seconds as ISO 8601 text in UTC.

    Example:
        >>> epoch_text(1601357503)
        '2020-09-29T05:31:43Z'
    """
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch_start(
    since: CursorValue | None, *, history_from: date | None, lookback_minutes: int
) -> int | None:
    """Where to read from, in epoch seconds; None for everything. Integers are epoch seconds."""
    if since is None:
        return None if history_from is None else _epoch(str(history_from))
    if isinstance(since, int):
        return since - lookback_minutes * 60
    seconds = _epoch(since)
    return None if seconds is None else seconds - lookback_minutes * 60


def declared_start(
    since: CursorValue | None,
    form: str,
    *,
    history_from: date | None,
    lookback_minutes: int,
) -> CursorValue | None:
    """Where to read from as a declared ``since_format`` writes it; None for everything."""
    if isinstance(since, int) or form.startswith("epoch_"):
        factor = 1000 if form == "epoch_milliseconds" else 1
        if isinstance(since, int):
            # of a number that is no time, nothing can be subtracted
            return since - lookback_minutes * 60 * factor if form.startswith("epoch_") else since
        seconds = epoch_start(since, history_from=history_from, lookback_minutes=lookback_minutes)
        return since if seconds is None else seconds * factor
    start = read_from(since, lookback_minutes=lookback_minutes, history_from=history_from)
    if start is None or isinstance(start, int):
        return start
    moment = as_instant(start)
    if moment is None:
        return start
    if form == "date":
        return moment.strftime("%Y-%m-%d")
    if form != "iso":
        return moment.strftime(form)
    # a day, which `history_from` is, is sent as its first instant
    return f"{start}T00:00:00Z" if len(start) == len("2024-01-31") else start


class Progress:
    """The highest cursor value of a pull.

    A stamp that the API's own clock has not reached is not believed: were it the cursor, all that
    changes before it comes would never be asked for.

    Attributes:
        highest: The highest value believed; None before the first.
        in_order: Whether the values of each page rise, and from page to page its lowest; the first
            of a page may repeat the last of the one before.
    """

    def __init__(self, unit: Unit | None = None) -> None:
        """``unit`` is that of integers that are epoch times; without one they are no times."""
        self.highest: CursorValue | None = None
        self.in_order = True
        self._unit: Unit | None = unit
        self._lowest: CursorValue | None = None

    def take(self, values: Iterable[object], *, answered_at: datetime | None) -> CursorValue | None:
        """Note the stamps of one page; the highest so far."""
        known = _plain(values)
        ranked = sorted(known, key=None if _is_uniform(known) else _rank)
        in_order = ranked == known
        # only the highest can be the cursor; the others need no look
        while ranked and self._is_ahead(ranked[-1], answered_at):
            ranked.pop()
            in_order = in_order and ranked == known[: len(ranked)]
        if not ranked:
            return self.highest
        if not in_order or (self._lowest and _rank(ranked[0]) < _rank(self._lowest)):
            self.in_order = False
        self._lowest, highest = ranked[0], ranked[-1]
        if self.highest is None or _rank(highest) > _rank(self.highest):
            self.highest = highest
        return self.highest

    def _is_ahead(self, value: CursorValue, answered_at: datetime | None) -> bool:
        if answered_at is None:
            return False
        if isinstance(value, int):
            if self._unit is None:
                return False
            return value > answered_at.timestamp() * _PER_SECOND[self._unit]
        moment = as_instant(value)
        if moment is None:
            return False
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC) > answered_at + _FURTHEST_ZONE
        return moment > answered_at


def _plain(values: Iterable[object]) -> list[CursorValue]:
    found = list(values)
    kinds = set(map(type, found))
    if kinds <= {str} or kinds <= {int}:
        return found  # type: ignore[return-value]
    return [plain for value in found if (plain := cursor_value(value)) is not None]


def _is_uniform(values: list[CursorValue]) -> bool:
    return len(set(map(type, values))) <= 1


def _rank(value: CursorValue) -> tuple[bool, int, str]:
    """Numbers by size, then text by its order, as batches compare them."""
    return (False, value, "") if isinstance(value, int) else (True, 0, value)


def _epoch(text: str) -> int | None:
    moment = as_instant(text)
    if moment is None:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
