"""A declared calendar as a clock: how many open minutes had passed at any instant.

The clock is a table of segments that tile every UTC day without gap or overlap. Within a segment
the desk is open or closed throughout, so the reading at an instant ``t`` is the segment's
``open_minutes_before`` plus, while open, the minutes from the segment's start to ``t``. The
business time between two instants is the difference of two readings, which every warehouse
computes by two joins on (calendar, day) and no arithmetic with zones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from connectors.transcripts.intervals import Interval, union
from programme.calendars import (
    MINUTES_OF_DAY,
    WEEKDAYS,
    Calendar,
    Holidays,
    clock_text,
    parse_span,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_OF_DAY = 86_400


@dataclass(frozen=True)
class Segment:
    """A part of one UTC day in which the desk is open, or closed, throughout.

    Attributes:
        starts_at, ends_at: UTC; the end is excluded and lies at the latest at the next midnight.
        open_minutes_before: Open minutes from the calendar's first day to ``starts_at``.
    """

    segment_date: date
    starts_at: datetime
    ends_at: datetime
    is_open: bool
    open_minutes_before: float


def segments(calendar: Calendar, *, ends_before: date) -> Iterator[Segment]:
    """The clock from the calendar's ``valid_from`` until ``ends_before`` (UTC days).

    A local time that the clock skips in spring is that many minutes after the jump; of a local time
    that comes twice in autumn the desk opens at the first and closes at the last.

    Example:
        >>> from programme.calendars import Calendar
        >>> desk = Calendar.model_validate({
        ...     "title": {"en": "Desk", "ja": "窓口"}, "timezone": "Asia/Tokyo",
        ...     "valid_from": "2026-01-01", "hours": {"friday": ["09:00-17:00"]},
        ...     "serves": {"company": True}})
        >>> [(s.starts_at.hour, s.is_open, s.open_minutes_before)
        ...  for s in segments(desk, ends_before=date(2026, 1, 4))]
        [(0, False, 0.0), (0, True, 0.0), (8, False, 480.0), (0, False, 480.0)]
    """
    merged = [
        (start, end)
        for start, end in open_intervals(calendar, ends_before=ends_before)
        if end > _seconds(calendar.valid_from)
    ]
    passed = 0  # seconds
    place = 0
    day = calendar.valid_from
    while day < ends_before:
        at, midnight = _seconds(day), _seconds(day) + _SECONDS_OF_DAY
        while at < midnight:
            while place < len(merged) and merged[place][1] <= at:
                place += 1
            start, end = merged[place] if place < len(merged) else (midnight, midnight)
            is_open = start <= at
            until = min(end if is_open else start, midnight)
            yield Segment(day, _instant(at), _instant(until), is_open, passed / 60)
            passed += until - at if is_open else 0
            at = until
        day += timedelta(days=1)


def open_intervals(calendar: Calendar, *, ends_before: date) -> list[Interval]:
    """When the desk is open, as ascending intervals of seconds since 1970 (UTC)."""
    zone = ZoneInfo(calendar.timezone)
    first, last = calendar.valid_from - timedelta(days=2), ends_before + timedelta(days=2)
    off = days_off(calendar.holidays, years=range(first.year, last.year + 1))
    exceptional = {opening.day: opening.hours for opening in calendar.opened}
    found = []
    day = first
    while day < last:
        spans = exceptional.get(day)
        if spans is None:
            is_closed = any(item.first_day <= day <= item.last_day for item in calendar.closed)
            spans = [] if is_closed or day in off else _weekly(calendar, day)
        for span in spans:
            opens, closes = parse_span(span)
            start = _local(day, opens, zone, is_closing=False)
            end = _local(day, closes, zone, is_closing=True)
            if start < end:
                found.append((start, end))
        day += timedelta(days=1)
    return union(found)


def days_off(declared: Holidays | None, *, years: range) -> frozenset[date]:
    """The public holidays of those years; empty where none are declared."""
    if declared is None:
        return frozenset()
    from holidays import country_holidays  # slow to import, needed here only

    return frozenset(
        country_holidays(declared.country, subdiv=declared.subdivision, years=list(years))
    )


def _weekly(calendar: Calendar, day: date) -> list[str]:
    return calendar.hours.get(WEEKDAYS[day.weekday()], [])


def _local(day: date, minutes: int, zone: ZoneInfo, *, is_closing: bool) -> int:
    there = day + timedelta(days=minutes // MINUTES_OF_DAY)
    local = datetime.combine(there, clock_text(minutes), zone)
    first, second = (_since_epoch(local.replace(fold=fold)) for fold in (0, 1))
    return max(first, second) if is_closing else first


def _since_epoch(moment: datetime) -> int:
    return int((moment.astimezone(UTC) - _EPOCH).total_seconds())


def _seconds(day: date) -> int:
    return _since_epoch(datetime.combine(day, time(), UTC))


def _instant(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)
