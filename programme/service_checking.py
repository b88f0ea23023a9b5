"""Cross-references of calendars and service levels: zones, countries, sources, and who overlaps."""

from __future__ import annotations

from collections.abc import Iterator

from programme.errors import Problem
from programme.findings import Page, Steps
from programme.loader import Programme
from programme.refusals import nearest


def service_problems(programme: Programme) -> Iterator[Problem]:
    """Every problem of every calendar and service level."""
    yield from _calendar_problems(programme)
    yield from _level_problems(programme)


def _calendar_problems(programme: Programme) -> Iterator[Problem]:
    claimed: dict[tuple[str, str], str] = {}
    for calendar_id, calendar in programme.calendars.items():
        page = Page(programme, f"calendars/{calendar_id}")
        yield from page.zone(("timezone",), calendar.timezone)
        yield from _holiday_problems(page, programme, calendar_id)
        serves = calendar.serves
        yield from page.each_unknown(
            ("serves", "sources"), "source", serves.sources, programme.sources
        )
        claims: list[tuple[str, str, Steps]] = [
            *(("team", name, ("serves", "teams", k)) for k, name in enumerate(serves.teams)),
            *(("source", name, ("serves", "sources", k)) for k, name in enumerate(serves.sources)),
            *([("company", "", ("serves", "company"))] if serves.company else []),
        ]
        if not claims:
            mend = "name teams or sources under `serves`, or write `company: true`"
            yield page.problem(("serves",), "this calendar serves nobody", mend)
        for scope, name, at in claims:
            other = claimed.setdefault((scope, name), calendar_id)
            if other != calendar_id:
                what = f"{scope} {f'`{name}` ' if name else ''}is served by `{other}` as well"
                yield page.problem(at, what, "keep it in one of the two calendars")


def _holiday_problems(page: Page, programme: Programme, calendar_id: str) -> Iterator[Problem]:
    declared = programme.calendars[calendar_id].holidays
    if declared is None:
        return
    from holidays import list_supported_countries  # slow to import, needed here only

    known = list_supported_countries()
    if declared.country not in known:
        at: Steps = ("holidays", "country")
        mend = nearest(declared.country, known)
        yield page.problem(at, f"no holidays are known for `{declared.country}`", mend)
    elif declared.subdivision is not None:
        subdivisions = known[declared.country]
        at = ("holidays", "subdivision")
        yield from page.unknown(at, "subdivision", declared.subdivision, subdivisions)


def _level_problems(programme: Programme) -> Iterator[Problem]:
    levels = sorted(programme.service_levels.items(), key=lambda item: item[1].valid_from)
    for place, (level_id, level) in enumerate(levels):
        page = Page(programme, f"service_levels/{level_id}")
        if place:
            before_id, before = levels[place - 1]
            if before.valid_to is None or before.valid_to > level.valid_from:
                what = f"`{before_id}` is still in force on {level.valid_from}"
                mend = f"end `{before_id}` with `valid_to: {level.valid_from}`, or earlier"
                yield page.problem(("valid_from",), what, mend)
        for number, target in enumerate(level.targets):
            if target.clock == "business" and not programme.calendars:
                at = ("targets", number)
                mend = "declare calendars/<id>.yml, or write `clock: calendar`"
                yield page.problem(at, "business minutes are promised without a calendar", mend)
