"""Cursors: up to where a table or collection has been read, and from where to read again."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from connectors.batches import CursorValue

_INSTANT = re.compile(
    r"^(\d{4}-\d{2}-\d{2})(?:([T ])(\d{2}:\d{2}:\d{2})(?:[.,]\d+)?(Z|[+-]\d{2}:?\d{2})?)?$"
)


def cursor_value(value: object) -> CursorValue | None:
    """A cursor as it is kept in a manifest: integers as they are, instants as ISO 8601 text."""
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | str):
        return value
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def read_from(
    highest: CursorValue | None, *, lookback_minutes: int, history_from: date | None
) -> CursorValue | None:
    """From which cursor value on to read; None for everything.

    An instant in text goes back by the lookback and keeps its spelling (separator and offset), so
    that it compares with the source's own values. A number or other text has no minutes: it is
    read from the value itself on.
    """
    if highest is None:
        return None if history_from is None else str(history_from)
    if isinstance(highest, int):
        return highest
    match = _INSTANT.match(highest)
    if match is None or not lookback_minutes:
        return highest
    day, separator, clock, offset = match.groups()
    moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}").replace(tzinfo=UTC)
    earlier = moment - timedelta(minutes=lookback_minutes)
    if separator is None:
        return earlier.strftime("%Y-%m-%d")
    return earlier.strftime(f"%Y-%m-%d{separator}%H:%M:%S") + (offset or "")


def as_instant(cursor: str) -> datetime | None:
    """The cursor as an instant, for databases with a real timestamp type; None for other text."""
    return datetime.fromisoformat(cursor) if _INSTANT.match(cursor) else None
