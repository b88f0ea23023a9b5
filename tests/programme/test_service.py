"""Calendars and service levels: what is refused, where, and with which mend."""

from __future__ import annotations

import pytest

from programme import DeclarationError, check, load_programme
from programme.calendars import parse_span

CALENDAR = """\
title: {en: Desk, ja: 窓口}
timezone: Asia/Tokyo
valid_from: 2024-01-01
hours:
  monday: ["09:00-12:00", "13:00-18:00"]
  saturday: ["22:00-06:00"]
holidays: {country: JP}
closed:
  - {first_day: 2025-12-29, last_day: 2026-01-03, why: {en: New Year, ja: 年末年始}}
opened:
  - {day: 2026-05-05, hours: ["10:00-12:00"], why: {en: Fair, ja: 展示会}}
serves: {teams: [desk], sources: [shop], company: true}
"""
LEVEL = """\
title: {en: Promise, ja: お約束}
owner: support
valid_from: 2025-01-01
targets:
  - {priority: urgent, clock: business, first_reply_minutes: 60}
  - {clock: calendar, resolution_minutes: 2880}
"""


@pytest.fixture
def place(edited):
    """Writes a calendar and a service level, edited, into a programme that holds together."""

    def write(calendar: str = CALENDAR, level: str | None = LEVEL, **others: str):
        files = {"calendars/desk.yml": calendar, **others}
        files |= {"service_levels/promise.yml": level} if level else {}
        for name, text in files.items():
            edited.write(name, text)
        return edited.root

    return write


def problems(root) -> list[tuple[str, int, str, str]]:
    try:
        found = check(load_programme(root), metrics=None, segments=None, records={})
    except DeclarationError as error:
        found = list(error.problems)
    ours = [p for p in found if p.file.parent.name in ("calendars", "service_levels")]
    return [(p.file.stem, p.line, p.what, p.mend) for p in ours]


def test_what_is_right_is_accepted(place) -> None:
    root = place()
    assert problems(root) == []
    programme = load_programme(root)
    assert programme.calendars["desk"].serves.teams == ["desk"]
    assert programme.service_levels["promise"].targets[1].clock == "calendar"


CALENDARS = {
    "span": ('"09:00-12:00"', '"9-12"', 5, "`9-12` is no span of opening hours"),
    "span after midnight": ('"09:00-12:00"', '"09:00-25:00"', 5, "is no span of opening hours"),
    "overlap": ('"13:00-18:00"', '"11:59-18:00"', 5, "overlap"),
    "weekday": ("  monday:", "  mondays:", 5, "mondays"),
    "zone": ("Asia/Tokyo", "Asia/Tokio", 2, "unknown time zone `Asia/Tokio`"),
    "country": ("country: JP", "country: XX", 7, "no holidays are known for `XX`"),
    "subdivision": ("{country: JP}", "{country: DE, subdivision: XY}", 7, "`XY`"),
    "closing": ("2026-01-03", "2025-01-03", 9, "lies before first_day"),
    "source": ("sources: [shop]", "sources: [shopp]", 12, "unknown source `shopp`"),
    "nobody": ("{teams: [desk], sources: [shop], company: true}", "{}", 12, "serves nobody"),
    "ancient": ("2024-01-01", "1969-12-31", 3, "lies before 1970-01-01"),
}


@pytest.mark.parametrize("case", CALENDARS)
def test_a_calendar_is_refused_with_its_line(place, case: str) -> None:
    old, new, line, what = CALENDARS[case]
    assert old in CALENDAR
    found = problems(place(CALENDAR.replace(old, new, 1)))
    assert [(stem, at) for stem, at, _, _ in found] == [("desk", line)]
    assert what in found[0][2]
    assert found[0][3]


def test_two_calendars_do_not_serve_the_same_team(place) -> None:
    other = CALENDAR.replace("sources: [shop], company: true", "sources: []")
    found = problems(place(**{"calendars/other.yml": other}))
    assert found == [
        (
            "other",
            12,
            "team `desk` is served by `desk` as well",
            "keep it in one of the two calendars",
        )
    ]


LEVELS = {
    "nothing promised": ("first_reply_minutes: 60", "team: a", 5, "give first_reply_minutes"),
    "no time": ("first_reply_minutes: 60", "first_reply_minutes: 0", 5, "greater than 0"),
    "clock": ("clock: business", "clock: busines", 5, "unknown value `busines`"),
    "never in force": (
        *("valid_from: 2025-01-01", "valid_from: 2025-01-01\nvalid_to: 2025-01-01"),
        *(4, "does not lie after valid_from"),
    ),
}


@pytest.mark.parametrize("case", LEVELS)
def test_a_service_level_is_refused_with_its_line(place, case: str) -> None:
    old, new, line, what = LEVELS[case]
    found = problems(place(level=LEVEL.replace(old, new, 1)))
    assert [(stem, at) for stem, at, _, _ in found] == [("promise", line)]
    assert what in found[0][2]


def test_promises_do_not_overlap_in_time(place) -> None:
    later = LEVEL.replace("2025-01-01", "2025-07-01")
    found = problems(place(**{"service_levels/later.yml": later}))
    assert found == [
        (
            *("later", 3, "`promise` is still in force on 2025-07-01"),
            "end `promise` with `valid_to: 2025-07-01`, or earlier",
        )
    ]
    ended = LEVEL.replace("valid_from: 2025-01-01", "valid_from: 2025-01-01\nvalid_to: 2025-07-01")
    assert problems(place(level=ended)) == []


def test_business_minutes_need_a_calendar(place) -> None:
    root = place()
    (root / "calendars/desk.yml").unlink()
    found = problems(root)
    assert [(stem, line) for stem, line, _, _ in found] == [("promise", 5)]
    assert "without a calendar" in found[0][2]


def test_spans() -> None:
    assert parse_span("00:00-24:00") == (0, 1440)
    assert parse_span("22:00-06:00") == (1320, 1800)
    assert parse_span("09:00-09:00") == (540, 1980)
    for text in ("9:00-18:00", "24:00-25:00", "09:00", "09:00-18:60", "09:00 - 18:00"):
        with pytest.raises(ValueError, match="no span"):
            parse_span(text)
