"""Health scores once more, unit by unit in Python, from events and customers alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.dbt_project.declared_health import HEALTH, LEAST_KNOWN, MOVEMENT_DAYS, UNITS
from tests.dbt_project.recomputed_events import Event
from tests.dbt_project.world import END, World


@dataclass
class Score:
    """One unit's score on one day."""

    points: dict[str, float | None] = field(default_factory=dict)
    contributions: dict[str, float] = field(default_factory=dict)
    known: float = 0.0
    uncapped: float | None = None
    cap: str | None = None
    score: float | None = None
    level: str | None = None


def scores(company: World, events: Sequence[Event], health_id: str) -> dict[str, dict[str, Score]]:
    """Day (now, before) -> unit -> score."""
    days = {"now": END, "before": END - timedelta(days=MOVEMENT_DAYS[health_id])}
    return {name: _on(company, events, health_id, day) for name, day in days.items()}


def _on(company: World, events: Sequence[Event], health_id: str, day: datetime) -> dict[str, Score]:
    customers = defaultdict(list)
    for unit, customer in _members(company, UNITS[health_id], day):
        customers[unit].append(customer)
    own = [row for row in HEALTH["health_component"] if row["health_id"] == health_id]
    by_customer: dict[str | None, list[Event]] = defaultdict(list)
    for event in events:
        by_customer[event.customer_id].append(event)
    found = {}
    for unit, members in customers.items():
        theirs = [event for member in members for event in by_customer[member]]
        found[unit] = _scored({row["component"]: _points(row, theirs, day) for row in own}, own)
    return found


def _members(company: World, unit: str, day: datetime) -> list[tuple[str, str]]:
    newest: dict[str, dict[str, Any]] = {}
    for row in sorted(company.clean["customer"], key=lambda row: row["valid_from"]):
        if row["valid_from"] < day:
            newest[row["customer_id"]] = row
    members = []
    for customer, row in newest.items():
        # a departure after the as-of day is not known yet
        left = row["churned_at"] if row["churned_at"] and row["churned_at"] < END else None
        alive = row["joined_at"] < day and (left is None or left >= day)
        of = customer if unit == "customer" else row["account_id"]
        if alive and of is not None:
            members.append((of, customer))
    return members


def _points(row: dict[str, Any], events: list[Event], day: datetime) -> float | None:
    start = day - timedelta(days=row["window_days"])
    within = [
        event
        for event in events
        if event.metric == row["metric"]
        and event.at >= start
        and (event.over_at <= day if event.over_at else event.at < day)
    ]
    ages = [(day - event.at) / timedelta(days=1) for event in within]
    youngest = min(ages, default=None)
    if row["measure"] == "events":
        value: float | None = len(within)
    elif row["measure"] == "since_last":
        value = row["window_days"] if youngest is None else youngest
    elif youngest is None or youngest > row["max_age_days"]:
        value = None
    else:
        value = sum(event.value for event in within) / len(within)
    if value is None:
        return None
    place = (value - row["worst"]) / (row["best"] - row["worst"])
    return 100 * min(max(place, 0), 1)


def _scored(points: dict[str, float | None], components: list[dict[str, Any]]) -> Score:
    weights = {row["component"]: row["weight"] for row in components}
    known = {name: weights[name] for name, earned in points.items() if earned is not None}
    found = Score(points=points, known=sum(known.values()) / sum(weights.values()))
    if found.known < LEAST_KNOWN:
        return found
    for name, weight in known.items():
        found.contributions[name] = (points[name] or 0) * weight / sum(known.values())
    found.uncapped = found.score = sum(found.contributions.values())
    caps = [
        (cap["score_at_most"], cap["cap"])
        for cap in HEALTH["health_cap"][::2]
        if (earned := points[cap["component"]]) is not None and earned < cap["below"]
    ]
    if caps and min(caps)[0] < found.uncapped:
        found.score, found.cap = min(caps)
    for level in HEALTH["health_level"][::2]:
        if found.score >= level["score_from"]:
            found.level = level["level"]
    return found
