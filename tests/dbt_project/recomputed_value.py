"""Outcomes, money and employees' answers once more, from a world's clean records alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from tests.dbt_project.measured_event import Event
from tests.dbt_project.world_value import END, RATES

if TYPE_CHECKING:
    from tests.dbt_project.recomputed_events import Measured

Record = dict[str, Any]
Month = tuple[int, int]
HALF_YEARS = [(date(2024, 7, 1), date(2025, 1, 1)), (date(2025, 1, 1), date(2025, 7, 1))]
HALF_YEARS += [(date(2025, 7, 1), date(2026, 1, 1)), (date(2026, 1, 1), date(2026, 7, 1))]
LAST_MONTH = (2026, 6)
NOWHERE = dict.fromkeys(("plan", "country", "channel", "delivery_punctuality"), "unknown")


def events(measured: Measured) -> list[Event]:
    """Every event of the metrics of this subject."""
    contacts = contact_costs(measured)
    return [
        *_outcomes(measured),
        *_average_order_values(measured),
        *_lifetimes(measured),
        *_contacts(measured, contacts),
        *_acquisitions(measured),
        *_months(measured, contacts),
        *_employees(measured),
    ]


def in_yen(amount: float | None, currency: str | None, day: date) -> float | None:
    """The amount at the rate of its day; None without one."""
    for name, start, end, rate in RATES:
        if name == currency and start <= day and (end is None or day < end):
            return None if amount is None else amount * rate
    return None


def _before(rows: list[Record], column: str) -> list[Record]:
    return [row for row in rows if row[column] < END]


def _month(at: datetime | date) -> Month:
    return at.year, at.month


def _day_start(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _outcomes(measured: Measured) -> Iterable[Event]:
    plain = {"opportunity": "win_rate", "referral": "referral_rate"}
    plain["goal"] = "customer_goal_attainment_rate"
    for row in _before(measured.clean["outcome"], "due_at"):
        done, at = row["is_achieved"], row["due_at"]
        if done is None:
            continue
        place = (row["outcome_id"], row["customer_id"], at)
        segments = measured.segments(row["customer_id"], at)
        if row["kind"] in plain:
            yield Event(plain[row["kind"]], *place, float(done), 1.0, segments)
        stake = in_yen(row["value"], row["currency"], at.date())
        if not stake:
            continue
        if row["kind"] == "opportunity":
            won = stake if done else 0.0
            yield Event("win_value_rate", *place, won, 1.0, segments, denominator=stake)
        if row["kind"] == "renewal":
            kept = in_yen(row["achieved_value"], row["currency"], at.date()) if done else 0.0
            gross = stake if kept is None else min(kept, stake)
            yield Event("gross_revenue_retention", *place, gross, 1.0, segments, denominator=stake)
            if kept is not None:
                name = "net_revenue_retention"
                yield Event(name, *place, kept, 1.0, segments, denominator=stake)


def _revenue(row: Record) -> float | None:
    return in_yen(row["amount"], row["currency"], row["ordered_at"].date())


def _standing(measured: Measured) -> list[Record]:
    rows = _before(measured.clean["order"], "ordered_at")
    return [row for row in rows if not (row["canceled_at"] and row["canceled_at"] < END)]


def _average_order_values(measured: Measured) -> Iterable[Event]:
    for row in _standing(measured):
        revenue, at = _revenue(row), row["ordered_at"]
        if row["kind"] == "purchase" and revenue is not None:
            late = _punctuality(row)
            segments = measured.segments(row["customer_id"], at, delivery_punctuality=late)
            place = ("average_order_value", row["order_id"], row["customer_id"], at)
            yield Event(*place, revenue, measured.design_weight(row), segments)


def _punctuality(row: Record) -> str | None:
    if not row["promised_at"]:
        return None
    if row["delivered_at"] is None or row["delivered_at"] >= END:
        return "not_delivered"
    return "late" if row["delivered_at"].date() > row["promised_at"].date() else "on_time"


def _lifetimes(measured: Measured) -> Iterable[Event]:
    orders: dict[str, list[Record]] = defaultdict(list)
    standing = _standing(measured)
    first = min(row["ordered_at"] for row in standing).date()
    for row in standing:
        if row["customer_id"]:
            orders[row["customer_id"]].append(row)
    for customer in sorted({*orders, *measured.history}):
        joined = [row["joined_at"] for row in measured.history.get(customer, [])[-1:]]
        since = min(joined + [row["ordered_at"] for row in orders[customer]]).date()
        for start, end in HALF_YEARS:
            if not first <= since < end:
                continue
            bought = [_revenue(row) for row in orders[customer] if row["ordered_at"].date() < end]
            if None in bought:
                continue
            at = _day_start(end) - timedelta(microseconds=1)
            segments = measured.segments(customer, at)
            place = ("customer_lifetime_value", customer, customer, _day_start(start))
            yield Event(*place, sum(filter(None, bought)), 1.0, segments, _day_start(end))


def _spread(measured: Measured, kind: str, group: str, units: dict[str, tuple[str, Month]]):
    """Unit -> cost: each amount over the units of its month and group, or of its whole month."""
    cost: dict[str, float] = defaultdict(float)
    unknown: set[str] = set()
    for row in measured.clean["cost"]:
        month = _month(row["cost_date"])
        if row["kind"] != kind or month > LAST_MONTH or _day_start(row["cost_date"]) >= END:
            continue
        own = row[group]
        carriers = [u for u, (g, m) in units.items() if m == month and own in (None, g)]
        amount = in_yen(row["amount"], row["currency"], row["cost_date"])
        for unit in carriers:
            if amount is None:
                unknown.add(unit)
            else:
                cost[unit] += amount / len(carriers)
    return {unit: amount for unit, amount in cost.items() if unit not in unknown}


def contact_costs(measured: Measured) -> dict[str, float]:
    """Interaction -> its part of the costs, where it is known."""
    units = {
        row["interaction_id"]: (row["team"], _month(row["opened_at"]))
        for row in _before(measured.clean["interaction"], "opened_at")
    }
    return _spread(measured, "support", "team", units)


def _resolutions(measured: Measured) -> dict[str, list[tuple[str, datetime]]]:
    """Customer -> contact and instant of each resolution that stands."""
    steps: dict[str, list[Record]] = defaultdict(list)
    for step in _before(measured.clean["interaction_event"], "occurred_at"):
        steps[step["interaction_id"]].append(step)
    found: dict[str, list[tuple[str, datetime]]] = defaultdict(list)
    for row in _before(measured.clean["interaction"], "opened_at"):
        own = steps[row["interaction_id"]]
        again = max((s["occurred_at"] for s in own if s["kind"] == "reopened"), default=None)
        done = [s["occurred_at"] for s in own if s["kind"] in ("resolved", "closed")]
        done = [at for at in done if again is None or at > again]
        if done and row["customer_id"]:
            found[row["customer_id"]].append((row["interaction_id"], min(done)))
    return found


def _contacts(measured: Measured, costs: dict[str, float]) -> Iterable[Event]:
    resolutions = _resolutions(measured)
    week = timedelta(days=7)
    for row in _before(measured.clean["interaction"], "opened_at"):
        contact, customer, at = row["interaction_id"], row["customer_id"], row["opened_at"]
        if contact not in costs:
            continue
        segments = measured.segments(customer, at, channel=row["channel"])
        place = (contact, customer, at)
        yield Event("cost_per_contact", *place, costs[contact], 1.0, segments)
        if customer:
            earlier = [when for other, when in resolutions[customer] if other != contact]
            is_repeat = any(when < at < when + week for when in earlier)
            wasted = costs[contact] if is_repeat else 0.0
            yield Event("repeat_contact_cost", *place, wasted, 1.0, segments)


def _acquisitions(measured: Measured) -> Iterable[Event]:
    units = {}
    for customer, rows in measured.history.items():
        joined = rows[-1]["joined_at"]
        held = [row for row in rows if row["valid_from"] <= joined]
        channel = held[-1]["acquisition_channel"] if held else None
        units[customer] = (channel, _month(joined))
    for customer, cost in _spread(measured, "acquisition", "acquisition_channel", units).items():
        at = measured.history[customer][-1]["joined_at"]
        segments = measured.segments(customer, at)
        yield Event("customer_acquisition_cost", customer, customer, at, cost, 1.0, segments)


def _months(measured: Measured, costs: dict[str, float]) -> Iterable[Event]:
    """The months of the active customers, with what happened in them."""
    orders, referrals, contacts = defaultdict(list), defaultdict(list), defaultdict(list)
    standing = _standing(measured)
    for row in standing:
        orders[row["customer_id"], _month(row["ordered_at"])].append(row)
    asked = [r for r in _before(measured.clean["outcome"], "due_at") if r["kind"] == "referral"]
    for row in asked:
        referrals[row["customer_id"], _month(row["due_at"])].append(row["is_achieved"])
    for row in _before(measured.clean["interaction"], "opened_at"):
        contacts[row["customer_id"], _month(row["opened_at"])].append(row["interaction_id"])
    costed = {month for (_, month), ids in contacts.items() if any(i in costs for i in ids)}
    first_order = min(row["ordered_at"] for row in standing).date()
    first_referral = min(row["due_at"] for row in asked).date()
    for event in measured.customer_months():
        key, start = (event.customer_id, _month(event.at)), event.at.date()
        found: dict[str, float] = {}
        if start >= first_order:
            revenue = [_revenue(row) for row in orders[key]]
            kinds = [row["kind"] for row in orders[key]]
            found["monthly_purchases_per_customer"] = kinds.count("purchase")
            if None not in revenue:
                found["monthly_revenue_per_customer"] = sum(filter(None, revenue))
        if start >= first_referral:
            found["monthly_referrer_rate"] = float(True in referrals[key])
        if key[1] in costed and all(contact in costs for contact in contacts[key]):
            found["monthly_cost_to_serve"] = sum(costs[contact] for contact in contacts[key])
        for metric, value in found.items():
            place = (metric, event.event_id, event.customer_id, event.at)
            yield Event(*place, value, 1.0, event.segments, event.over_at)


def _employees(measured: Measured) -> Iterable[Event]:
    for row in _before(measured.clean["employee_feedback"], "responded_at"):
        score = row["score"]
        if score is None:
            continue
        low, high = row["scale_min"], row["scale_max"]
        share = (score - low) / (high - low)
        share = share if row["is_high_good"] else 1 - share
        values = {"rating": ("employee_rating_mean", 1 + 4 * share)}
        values["nps"] = ("employee_nps", 100.0 * ((score > 8.5) - (score < 6.5)))
        metric, value = values[row["kind"]]
        place = (metric, row["response_id"], None, row["responded_at"])
        yield Event(*place, value, 1.0, NOWHERE)
