"""The world's calls, web sessions, calendars and promises, drawn apart from all else."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np

from connectors.business_clock import segments
from programme.calendars import Calendar

Record = dict[str, Any]
Clean = dict[str, list[Record]]
START = datetime(2024, 12, 20, tzinfo=UTC)
END = datetime(2026, 7, 6, tzinfo=UTC)
CALENDAR_BEGINS = datetime(2024, 12, 27, tzinfo=UTC)
METRICS = (
    "first_reply_business_minutes",
    "resolution_business_minutes",
    "customer_wait_calendar_minutes",
    "customer_wait_business_minutes",
    "sla_first_reply_rate",
    "sla_resolution_rate",
    "first_contact_resolution_rate",
    "contacts_per_issue",
    "call_abandonment_rate",
    "call_wait_calendar_minutes",
    "call_silence_share",
    "flagged_call_rate",
    "required_statement_rate",
    "self_resolution_rate",
)
# Team, zone, local hours of the days from Monday, and days off; each team has its own calendar.
DESKS: dict[str, dict[str, Any]] = {
    "東京": {
        "zone": "Asia/Tokyo",
        "hours": [["09:00-12:00", "13:00-18:00"]] * 5 + [[], []],
        "closed": [(date(2025, 4, 29), date(2025, 5, 6)), (date(2026, 1, 1), date(2026, 1, 3))],
    },
    # Night shifts on Saturdays run through both changes of the clock.
    "berlin": {
        "zone": "Europe/Berlin",
        "hours": [["08:00-20:00"]] * 5 + [["22:00-06:00"], []],
        "closed": [(date(2025, 12, 24), date(2025, 12, 26))],
    },
}
PROMISES: list[Record] = [
    {"priority": "urgent", "clock": "business", "first_reply_minutes": 60.0},
    {"kind": "chat", "clock": "calendar", "first_reply_minutes": 600.0},
    {"team": "berlin", "clock": "business", "resolution_minutes": 2400.0},
    {"clock": "calendar", "first_reply_minutes": 1000.0, "resolution_minutes": 3000.0},
]
PROMISED_FROM = date(2025, 2, 1)


def calendars() -> dict[str, Calendar]:
    """The desks as the programme would declare them."""
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    found = {}
    for number, desk in enumerate(DESKS.values()):
        words = {"en": "x", "ja": "x"}
        closed = [{"first_day": a, "last_day": b, "why": words} for a, b in desk["closed"]]
        found[f"desk_{number}"] = Calendar.model_validate(
            {
                "title": words,
                "timezone": desk["zone"],
                "valid_from": CALENDAR_BEGINS.date(),
                "hours": dict(zip(days, desk["hours"], strict=True)),
                "closed": closed,
                "serves": {"teams": ["x"]},
            }
        )
    return found


def declared() -> Clean:
    """The declared tables of calendars and promises."""
    clocks = calendars()
    targets = [
        {"service_level_id": "all", "target_number": float(number), **target}
        for number, target in enumerate(PROMISES, start=1)
    ]
    return {
        "calendar_choice": [
            {"calendar_id": calendar, "scope": "team", "name": team}
            for team, calendar in zip(DESKS, clocks, strict=True)
        ],
        "calendar_segment": [
            {"calendar_id": name, **vars(segment)}
            for name, calendar in clocks.items()
            for segment in segments(calendar, ends_before=date(2027, 1, 1))
        ],
        "service_target": [{**target, "valid_from": PROMISED_FROM} for target in targets],
    }


def enriched(clean: Clean, *, seed: int) -> Clean:
    """The records of ``clean`` with teams, priorities and replies, and calls and visits beside."""
    draw = np.random.default_rng([seed, *b"service"])
    customers = sorted({row["customer_id"] for row in clean["customer"]})
    calls = _calls(draw, customers)
    return {
        **clean,
        "interaction": [*(_staffed(draw, row) for row in clean["interaction"]), *calls],
        "interaction_event": [*clean["interaction_event"], *_replies(draw, clean["interaction"])],
        "interaction_turn": _turns(draw, calls),
        "interaction_statement": _statements(draw, calls),
        "web_session": _sessions(draw, customers),
    }


def _pick(draw: np.random.Generator, *values: Any) -> Any:
    return values[int(draw.integers(0, len(values)))]


def _staffed(draw: np.random.Generator, row: Record) -> Record:
    return {
        **row,
        "team": _pick(draw, "東京", "東京", "berlin", "berlin", None),
        "priority": _pick(draw, "urgent", "normal", "normal", None),
    }


def _replies(draw: np.random.Generator, tickets: list[Record]) -> list[Record]:
    events = []
    for ticket in tickets[::2]:
        at = ticket["opened_at"]
        for step in range(int(draw.integers(1, 5))):
            event = {"interaction_id": ticket["interaction_id"], "event_id": f"r{step}"}
            actor = _pick(draw, "customer", "customer", "agent", "bot")
            events.append({**event, "kind": "replied", "actor": actor, "occurred_at": at})
            at += timedelta(minutes=int(draw.integers(0, 900)))
    return events


def _calls(draw: np.random.Generator, customers: list[str]) -> list[Record]:
    span = int((END - START).total_seconds())
    return [
        {
            "interaction_id": f"call{number}",
            "customer_id": _pick(draw, *customers),
            "kind": "call",
            "channel": "phone",
            "touchpoint": "support",
            "team": _pick(draw, "東京", "berlin", None),
            "wait_seconds": _pick(draw, None, float(draw.integers(0, 900))),
            "talk_seconds": _pick(draw, None, 0.0, *[float(draw.integers(1, 900))] * 4),
            "silence_seconds": _pick(draw, None, 0.0, *[float(draw.integers(0, 300))] * 4),
            "is_flagged": _pick(draw, None, True, False, False),
            "is_abandoned": _pick(draw, None, None, True, False),
            "opened_at": START + timedelta(seconds=int(draw.integers(0, span))),
        }
        for number in range(400)
    ]


def _turns(draw: np.random.Generator, calls: list[Record]) -> list[Record]:
    return [
        {
            "interaction_id": call["interaction_id"],
            "turn_id": f"{number:05d}",
            "speaker": _pick(draw, "customer", "customer", "bot", "agent", None),
            "text": "もしもし",
            "started_at": _pick(draw, None, call["opened_at"]),
        }
        for call in calls
        for number in range(int(draw.integers(0, 4)))
    ]


def _statements(draw: np.random.Generator, calls: list[Record]) -> list[Record]:
    return [
        {
            "interaction_id": call["interaction_id"],
            "statement_id": statement,
            "is_said": _pick(draw, True, True, False, None),
            "checked_at": call["opened_at"],
        }
        for call in calls
        for statement in ("recording_notice", "本人確認")
        if draw.random() < 0.8
    ]


def _sessions(draw: np.random.Generator, customers: list[str]) -> list[Record]:
    rows = []
    for number in range(900):
        span = int((END - START).total_seconds())
        began = START + timedelta(seconds=int(draw.integers(0, span)))
        rows.append(
            {
                "session_id": f"s{number}",
                "customer_id": _pick(draw, None, *customers[:60]),
                "entry_page": _pick(draw, "/help", "", "/商品"),
                "page_count": int(draw.integers(1, 20)),
                "is_self_resolved": _pick(draw, True, True, False, None),
                "started_at": began,
                "ended_at": _pick(draw, None, began + timedelta(minutes=int(draw.integers(0, 90)))),
            }
        )
    return rows
