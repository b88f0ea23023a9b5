"""Declared business hours: when somebody of ours is there to answer, on a local clock."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, time
from itertools import pairwise
from typing import Literal

from pydantic import Field, field_validator, model_validator

from programme.base import Declaration, Identifier, RefusedError, Words

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    *("monday", "tuesday", "wednesday", "thursday", "friday"),
    *("saturday", "sunday"),
)
EARLIEST = date(1970, 1, 1)
_SPAN = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$")
_SPAN_MEND = 'write spans as "09:00-18:00"; "22:00-06:00" ends on the next day'
MINUTES_OF_DAY = 24 * 60


def parse_span(text: str) -> tuple[int, int]:
    """Minutes after local midnight of opening and closing.

    A span that does not end after it begins ends on the next day.

    Raises:
        ValueError: when the text is no span.

    Example:
        >>> parse_span("09:00-18:00"), parse_span("22:00-06:00"), parse_span("00:00-24:00")
        ((540, 1080), (1320, 1800), (0, 1440))
    """
    match = _SPAN.match(text)
    if match is None:
        raise ValueError(f"`{text}` is no span of opening hours; {_SPAN_MEND}")
    opens = int(match[1]) * 60 + int(match[2])
    closes = int(match[3]) * 60 + int(match[4]) if match[3] else MINUTES_OF_DAY
    return opens, closes if closes > opens else closes + MINUTES_OF_DAY


def clock_text(minutes: int) -> time:
    """Minutes after midnight as a time of the day."""
    return time(minutes % MINUTES_OF_DAY // 60, minutes % 60)


class Holidays(Declaration):
    """Public holidays by the ``holidays`` library.

    ``country`` is an ISO 3166-1 alpha-2 code, ``subdivision`` a state or region as ISO 3166-2 has
    it (``BY`` of ``DE-BY``). Japan's include substitute holidays and the equinoxes.
    """

    country: str = Field(pattern=r"^[A-Z]{2}$")
    subdivision: str | None = None


class Closing(Declaration):
    """Days off beside the public holidays; both days are closed."""

    first_day: date
    last_day: date
    why: Words

    @model_validator(mode="after")
    def _lasts(self) -> Closing:
        if self.last_day < self.first_day:
            raise RefusedError(
                f"last_day {self.last_day} lies before first_day {self.first_day}",
                "last_day",
                mend="write the later day as `last_day`",
            )
        return self


class Opening(Declaration):
    """A day with hours of its own, whatever day it is; it overrides holidays and closings."""

    day: date
    hours: list[str] = Field(min_length=1)
    why: Words

    @field_validator("hours")
    @classmethod
    def _hours_are_spans(cls, value: list[str]) -> list[str]:
        _require_apart(value)
        return value


class Serves(Declaration):
    """Whose contacts run on this calendar: the team's before the source's before the company's."""

    teams: list[str] = Field(default=[])
    sources: list[Identifier] = Field(default=[])
    company: bool = False


class Calendar(Declaration):
    """Opening hours of a desk. The file stem is the id.

    ``hours`` are local times of ``timezone``; a weekday that is not named is closed. Before
    ``valid_from`` nothing is known, and contacts opened earlier have no business minutes.
    """

    title: Words
    timezone: str
    valid_from: date
    hours: dict[Weekday, list[str]] = Field(min_length=1)
    holidays: Holidays | None = None
    closed: list[Closing] = Field(default=[])
    opened: list[Opening] = Field(default=[])
    serves: Serves

    @field_validator("valid_from")
    @classmethod
    def _is_not_ancient(cls, value: date) -> date:
        if value < EARLIEST:
            raise ValueError(f"valid_from {value} lies before {EARLIEST}")
        return value

    @field_validator("hours")
    @classmethod
    def _hours_are_spans(cls, value: dict[Weekday, list[str]]) -> dict[Weekday, list[str]]:
        for weekday, spans in value.items():
            try:
                _require_apart(spans)
            except ValueError as error:
                raise RefusedError(str(error), weekday, mend=_SPAN_MEND) from None
        return value

    @field_validator("opened")
    @classmethod
    def _days_open_once(cls, value: list[Opening]) -> list[Opening]:
        seen: set[date] = set()
        for place, opening in enumerate(value):
            if opening.day in seen:
                raise RefusedError(
                    f"{opening.day} is opened twice", place, "day", mend="join their hours"
                )
            seen.add(opening.day)
        return value


def _require_apart(spans: Iterable[str]) -> None:
    minutes = sorted(parse_span(span) for span in spans)
    for (_, closes), (opens, _) in pairwise(minutes):
        if opens < closes:
            raise ValueError(f"the spans {', '.join(spans)} overlap")
