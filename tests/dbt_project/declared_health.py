"""Health scores of the seeded company: every measure, both directions, caps that bind or not."""

from __future__ import annotations

from typing import Any

_COLUMNS = (
    *("component", "metric", "measure", "window_days", "max_age_days"),
    *("weight", "worst", "best"),
)
_COMPONENTS = (
    ("usage", "monthly_active_days", "value", 120, 70, 30, 0, 25),
    ("voice", "nps", "value", 365, 180, 25, -100, 100),
    ("load", "repeat_contact_rate", "events", 90, 90, 20, 4, 0),
    ("speed", "first_reply_calendar_minutes", "value", 180, 180, 15, 3000, 60),
    ("purchase", "late_delivery_rate", "since_last", 200, 200, 10, 200, 7),
)
UNITS = {"customers": "customer", "accounts": "account"}
MOVEMENT_DAYS = {"customers": 30.0, "accounts": 90.0}
LEAST_KNOWN = 0.6


def _of_each(**columns: Any) -> list[dict[str, Any]]:
    return [{"health_id": health_id, **columns} for health_id in UNITS]


HEALTH: dict[str, list[dict[str, Any]]] = {
    "health": [
        {
            "health_id": health_id,
            "unit": unit,
            "movement_days": MOVEMENT_DAYS[health_id],
            "least_known": LEAST_KNOWN,
        }
        for health_id, unit in UNITS.items()
    ],
    "health_component": [
        row
        for values in _COMPONENTS
        for row in _of_each(**dict(zip(_COLUMNS, values, strict=True)))
    ],
    "health_cap": [
        *_of_each(cap="voice_1", component="voice", below=30.0, score_at_most=50.0),
        *_of_each(cap="voice_2", component="voice", below=1.0, score_at_most=20.0),
        *_of_each(cap="usage_3", component="usage", below=25.0, score_at_most=60.0),
    ],
    "health_level": [
        *_of_each(level="risk", score_from=0.0, score_below=40.0),
        *_of_each(level="watch", score_from=40.0, score_below=60.0),
        *_of_each(level="well", score_from=60.0, score_below=None),
    ],
}
