"""The clock of a calendar: against minutes counted one by one, over DST, leap days and holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from connectors.business_clock import Segment, days_off, segments
from programme.calendars import Calendar, Holidays

WORDS = {"en": "x", "ja": "x"}
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def calendar(
    zone: str, hours: dict[str, list[str]], *, since: str = "2024-01-01", **more: object
) -> Calendar:
    own = {"timezone": zone, "hours": hours, "valid_from": since, **more}
    return Calendar.model_validate({"title": WORDS, "serves": {"company": True}, **own})


def minutes(clock: list[Segment], start: str, end: str) -> float:
    """Open minutes between two UTC instants, read off as the warehouse reads them."""
    return _reading(clock, end) - _reading(clock, start)


def _reading(clock: list[Segment], text: str) -> float:
    at = datetime.fromisoformat(text).replace(tzinfo=UTC)
    found = [part for part in clock if part.starts_at <= at < part.ends_at]
    assert len(found) == 1
    since = (at - found[0].starts_at) / timedelta(minutes=1)
    return found[0].open_minutes_before + (since if found[0].is_open else 0.0)


def clock_of(declared: Calendar, ends_before: str) -> list[Segment]:
    return list(segments(declared, ends_before=date.fromisoformat(ends_before)))


WEEKDAYS = {day: ["09:00-12:00", "13:00-18:00"] for day in WEEK[:5]}
ALL_WEEK = {day: ["00:00-24:00"] for day in WEEK}
NIGHTS = {day: ["22:00-06:00"] for day in WEEK}


def test_segments_tile_every_day_and_add_up() -> None:
    clock = clock_of(
        calendar("America/St_Johns", WEEKDAYS | {"saturday": ["20:00-02:30"]}), "2026-01-01"
    )
    assert len(clock) > 2000
    assert clock[0].starts_at == datetime(2024, 1, 1, tzinfo=UTC)
    assert clock[-1].ends_at == datetime(2026, 1, 1, tzinfo=UTC)
    for left, right in pairwise(clock):
        assert left.ends_at == right.starts_at
        passed = (left.ends_at - left.starts_at) / timedelta(minutes=1) if left.is_open else 0
        assert right.open_minutes_before == left.open_minutes_before + passed
    assert all(part.starts_at.date() == part.segment_date for part in clock)
    assert all(part.starts_at < part.ends_at for part in clock)


@pytest.mark.parametrize(
    ("zone", "hours"),
    [("Asia/Tokyo", WEEKDAYS), ("Europe/Amsterdam", NIGHTS), ("Australia/Lord_Howe", WEEKDAYS)],
)
def test_the_clock_equals_minutes_counted_one_by_one(
    zone: str, hours: dict[str, list[str]]
) -> None:
    """Two weeks around both changes of the clock, of 2024 with its leap day."""
    clock = clock_of(calendar(zone, hours), "2025-01-01")
    for first in ("2024-02-26", "2024-03-25", "2024-04-01", "2024-10-21", "2024-10-01"):
        at = datetime.fromisoformat(first).replace(tzinfo=UTC)
        counted = sum(_is_open(at + timedelta(minutes=k), zone, hours) for k in range(14 * 24 * 60))
        last = (at + timedelta(days=14)).isoformat()[:10]
        assert minutes(clock, first, last) == counted > 1000


def _is_open(at: datetime, zone: str, hours: dict[str, list[str]]) -> bool:
    local = at.astimezone(ZoneInfo(zone))
    text = f"{local:%H:%M}"
    for span in hours.get(WEEK[local.weekday()], []):
        opens, closes = span.split("-")
        if opens <= text < closes if opens < closes else opens <= text:
            return True
    before = hours.get(WEEK[(local.weekday() - 1) % 7], [])
    return any(s.split("-")[1] < s.split("-")[0] and text < s.split("-")[1] for s in before)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        # Berlin: the night of 29 March 2026 has seven hours, that of 25 October nine
        ("2026-03-28 20:00", "2026-03-29 20:00", 7 * 60),
        ("2026-10-24 20:00", "2026-10-25 20:00", 9 * 60),
        ("2026-03-27 20:00", "2026-03-28 20:00", 8 * 60),
    ],
)
def test_a_night_shift_is_as_long_as_it_was(start: str, end: str, expected: float) -> None:
    assert (
        minutes(clock_of(calendar("Europe/Berlin", NIGHTS), "2027-01-01"), start, end) == expected
    )


@pytest.mark.parametrize(
    ("hours", "start", "end", "expected"),
    [
        # 02:30 comes twice on 25 October: open at the first, close at the last
        ({"sunday": ["02:30-04:00"]}, "2026-10-25 00:00", "2026-10-25 12:00", 150),
        ({"sunday": ["01:00-02:30"]}, "2026-10-24 12:00", "2026-10-25 12:00", 150),
        # and never on 29 March: half an hour after the jump
        ({"sunday": ["02:30-04:00"]}, "2026-03-29 00:00", "2026-03-29 12:00", 30),
        ({"sunday": ["01:00-02:30"]}, "2026-03-28 12:00", "2026-03-29 12:00", 90),
        ({"sunday": ["02:30-03:00"]}, "2026-03-29 00:00", "2026-03-29 12:00", 0),
    ],
)
def test_times_that_come_twice_or_never(
    hours: dict[str, list[str]], start: str, end: str, expected: float
) -> None:
    clock = clock_of(calendar("Europe/Berlin", hours), "2027-01-01")
    assert minutes(clock, start, end) == expected


def test_a_desk_that_never_closes_runs_on_the_calendar() -> None:
    clock = clock_of(calendar("Europe/Berlin", ALL_WEEK), "2025-01-01")
    assert minutes(clock, "2024-02-28", "2024-03-01") == 2 * 24 * 60
    assert minutes(clock, "2024-03-30", "2024-04-01") == 2 * 24 * 60
    assert all(part.is_open for part in clock)
    assert len(clock) == 366


def test_japan_has_substitute_holidays_and_equinoxes() -> None:
    """Cabinet Office: 6 May 2026 substitutes Constitution Day; 22 September lies between two."""
    found = days_off(Holidays(country="JP"), years=range(2026, 2027))
    golden_week = {date(2026, 4, 29), *(date(2026, 5, day) for day in (3, 4, 5, 6))}
    silver_week = {date(2026, 9, day) for day in (21, 22, 23)}
    assert golden_week | silver_week | {date(2026, 3, 20)} <= found
    assert date(2026, 5, 7) not in found
    assert len(found) == 18


def test_days_off_are_closed_and_exceptions_open() -> None:
    declared = calendar(
        "Asia/Tokyo",
        WEEKDAYS,
        holidays={"country": "JP"},
        closed=[{"first_day": "2026-12-29", "last_day": "2026-12-31", "why": WORDS}],
        opened=[{"day": "2026-05-05", "hours": ["10:00-12:00"], "why": WORDS}],
    )
    clock = clock_of(declared, "2027-02-01")
    # Monday 4 to Wednesday 6 May are holidays, and the 5th is opened for two hours
    assert minutes(clock, "2026-05-03 15:00", "2026-05-06 15:00") == 120
    assert minutes(clock, "2026-05-06 15:00", "2026-05-07 15:00") == 480
    # Monday 28 December is open, then closed until New Year's holiday; Monday 4 January is open
    assert minutes(clock, "2026-12-27 15:00", "2026-12-28 15:00") == 480
    assert minutes(clock, "2026-12-28 15:00", "2027-01-03 15:00") == 0
    assert minutes(clock, "2027-01-03 15:00", "2027-01-04 15:00") == 480


def test_subdivisions_have_holidays_of_their_own() -> None:
    """Epiphany is off in Bavaria and not in Berlin."""
    days = {
        state: days_off(Holidays(country="DE", subdivision=state), years=range(2026, 2027))
        for state in ("BY", "BE")
    }
    assert date(2026, 1, 6) in days["BY"]
    assert date(2026, 1, 6) not in days["BE"]
