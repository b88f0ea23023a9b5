"""Calendars and service levels as rows of declared tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa

from connectors.business_clock import segments
from programme import Programme

Row = dict[str, Any]
_INSTANT = pa.timestamp("us", tz="UTC")
SERVICE = {
    "calendar_choice": pa.schema(
        [("calendar_id", pa.string()), ("scope", pa.string()), ("name", pa.string())]
    ),
    "calendar_segment": pa.schema(
        [
            ("calendar_id", pa.string()),
            ("segment_date", pa.date32()),
            ("starts_at", _INSTANT),
            ("ends_at", _INSTANT),
            ("is_open", pa.bool_()),
            ("open_minutes_before", pa.float64()),
        ]
    ),
    "service_target": pa.schema(
        [
            ("service_level_id", pa.string()),
            ("target_number", pa.float64()),
            *((name, pa.string()) for name in ("kind", "channel", "priority", "team", "clock")),
            ("first_reply_minutes", pa.float64()),
            ("resolution_minutes", pa.float64()),
            ("valid_from", pa.date32()),
            ("valid_to", pa.date32()),
        ]
    ),
}


def calendar_choices(programme: Programme) -> Iterator[Row]:
    """Whose contacts run on which calendar: one row per team, source, and the company."""
    for calendar_id, calendar in sorted(programme.calendars.items()):
        own = {"calendar_id": calendar_id}
        for team in calendar.serves.teams:
            yield own | {"scope": "team", "name": team}
        for source in calendar.serves.sources:
            yield own | {"scope": "source", "name": source}
        if calendar.serves.company:
            yield own | {"scope": "company", "name": None}


def calendar_segments(programme: Programme, *, as_of: date) -> Iterator[Row]:
    """The segments of every calendar through the end of the year after ``as_of``."""
    for calendar_id, calendar in sorted(programme.calendars.items()):
        for segment in segments(calendar, ends_before=date(as_of.year + 2, 1, 1)):
            yield {"calendar_id": calendar_id, **vars(segment)}


def service_targets(programme: Programme) -> Iterator[Row]:
    """One row per target, numbered in the order in which they are tried."""
    for level_id, level in sorted(programme.service_levels.items()):
        for number, target in enumerate(level.targets, start=1):
            yield {
                "service_level_id": level_id,
                "target_number": float(number),
                **target.model_dump(),
                "valid_from": level.valid_from,
                "valid_to": level.valid_to,
            }
