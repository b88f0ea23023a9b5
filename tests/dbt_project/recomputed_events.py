"""The metrics once more, event by event in Python, from a world's clean records alone."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.dbt_project import recomputed_value, world
from tests.dbt_project.measured_event import Event
from tests.dbt_project.world import END, World

Record = dict[str, Any]


def events_of(company: World) -> list[Event]:
    """Every event of every metric."""
    measured = Measured(company)
    return [
        *recomputed_value.events(measured),
        *measured.answers(),
        *measured.invitations(),
        *measured.interactions(),
        *measured.orders(),
        *measured.outcomes(),
        *measured.customer_months(),
        *measured.usage(),
    ]


class Measured:
    """The definitions of the metrics, one method per fact."""

    def __init__(self, company: World) -> None:
        self.clean = company.clean
        self.orders_by_id = {row["order_id"]: row for row in self.clean["order"]}
        self.tickets_by_id = {row["interaction_id"]: row for row in self.clean["interaction"]}
        self.invitations_by_id = {row["invitation_id"]: row for row in self.clean["invitation"]}
        self.invited = [row for row in self.clean["invitation"] if row["invited_at"] is not None]
        self.history: dict[str, list[Record]] = defaultdict(list)
        for row in sorted(self.clean["customer"], key=lambda row: row["valid_from"]):
            self.history[row["customer_id"]].append(row)
        self.accounts: dict[str, list[Record]] = defaultdict(list)
        for row in sorted(self.clean["account"], key=lambda row: row["valid_from"]):
            self.accounts[row["account_id"]].append(row)

    def segments(self, customer: str | None, at: datetime, **own: str | None) -> dict[str, str]:
        """Customer segments as of the instant, and the event's own ones."""
        rows = [row for row in self.history.get(customer or "", []) if row["valid_from"] <= at]
        held = rows[-1] if rows else {}
        known = self.accounts.get(held.get("account_id") or "", [])
        account = next((row for row in reversed(known) if row["valid_from"] <= at), {})
        country = held.get("country") or account.get("country")
        found = {"plan": held.get("plan") or "unknown", "country": country or "unknown"}
        names = ("channel", "delivery_punctuality")
        return {**found, **{name: own.get(name) or "unknown" for name in names}}

    def answers(self) -> Iterable[Event]:
        """nps, csat_top_two_rate, csat_mean and ces_mean, weighted for nonresponse."""
        for row in _before(self.clean["feedback"], "responded_at"):
            score = _oriented(row)
            if score is None:
                continue
            customer, segments = self.placed_answer(row)
            weight = self.design_weight(row) * self.nonresponse_weight(row)
            for metric, value in _values(row, score):
                yield Event(
                    metric,
                    row["response_id"],
                    customer,
                    row["responded_at"],
                    value,
                    weight,
                    segments,
                )

    def placed_answer(self, row: Record) -> tuple[str | None, dict[str, str]]:
        """Who answered, and the segments as of the answer."""
        order = self.orders_by_id.get(row.get("order_id"), {})
        ticket = self.tickets_by_id.get(row.get("interaction_id"), {})
        customer = row.get("customer_id") or order.get("customer_id") or ticket.get("customer_id")
        own = {"channel": row["channel"], "delivery_punctuality": _punctuality(order)}
        return customer, self.segments(customer, row["responded_at"], **own)

    def design_weight(self, row: Record) -> float:
        """Own, then the invitation's, then the order's, then 1."""
        invitation = self.invitations_by_id.get(row.get("invitation_id"), {})
        order = self.orders_by_id.get(row.get("order_id"), {})
        weights = [part.get("design_weight") for part in (row, invitation, order)]
        return next((weight for weight in weights if weight is not None), 1.0)

    def cell(self, invitation: Record) -> tuple[str | None, ...]:
        """Wave of the invitation and the segments by which the benchmark weights."""
        at = invitation["invited_at"]
        segments = self.segments(invitation["customer_id"], at)
        return (wave_of(at), *(segments[name] for name in world.WEIGHT_SEGMENTS))

    def nonresponse_weight(self, row: Record) -> float:
        """Design-weighted invited over answered in the cell of the answer's invitation."""
        if not row.get("invitation_id"):
            return 1.0
        cell = self.cell(self.invitations_by_id[row["invitation_id"]])
        if cell[0] is None:
            # invited before the first wave: the answer's own wave and segments are the cell
            _, segments = self.placed_answer(row)
            here = [segments[name] for name in world.WEIGHT_SEGMENTS]
            cell = (wave_of(row["responded_at"]), *here)
        rows = [item for item in self.invited if self.cell(item) == cell]
        invited = sum(self.design_weight(item) for item in rows)
        answered = sum(
            self.design_weight(item)
            for item in rows
            if item["answered_at"] is not None and item["answered_at"] < END
        )
        return invited / answered if answered else 1.0

    def invitations(self) -> Iterable[Event]:
        """survey_response_rate."""
        for row in _before(self.invited, "invited_at"):
            if row["delivered_at"] is None or row["delivered_at"] >= END:
                continue
            answered = row["answered_at"] is not None and row["answered_at"] < END
            at, customer = row["invited_at"], row["customer_id"]
            segments = self.segments(customer, at, channel=row["mode"])
            weight = self.design_weight(row)
            name = "survey_response_rate"
            yield Event(name, row["invitation_id"], customer, at, float(answered), weight, segments)

    def interactions(self) -> Iterable[Event]:
        """Times to reply and to resolution, repeat contacts and reopenings."""
        steps: dict[str, list[Record]] = defaultdict(list)
        for row in _before(self.clean["interaction_event"], "occurred_at"):
            steps[row["interaction_id"]].append(row)
        openings: dict[str | None, list[datetime]] = defaultdict(list)
        for row in self.clean["interaction"]:
            openings[row["customer_id"]].append(row["opened_at"])
        for row in _before(self.clean["interaction"], "opened_at"):
            at, customer = row["opened_at"], row["customer_id"]
            segments = self.segments(customer, at, channel=row["channel"])
            values = _ticket_values(row, steps[row["interaction_id"]], openings[customer])
            for metric, value in values.items():
                yield Event(metric, row["interaction_id"], customer, at, value, 1.0, segments)

    def orders(self) -> Iterable[Event]:
        """repeat_purchase_rate and late_delivery_rate."""
        rows = _before(self.clean["order"], "ordered_at")
        bought = defaultdict(list)
        for row in rows:
            if row["kind"] == "purchase" and not row["canceled_at"] and row["customer_id"]:
                bought[row["customer_id"]].append(row["ordered_at"])
        for row in rows:
            at, customer = row["ordered_at"], row["customer_id"]
            punctuality = _punctuality(row)
            segments = self.segments(customer, at, delivery_punctuality=punctuality)
            place = (row["order_id"], customer, at)
            rest = (self.design_weight(row), segments)
            end = at + timedelta(days=90)
            if at in bought.get(customer, []) and not row["canceled_at"] and end <= END:
                again = any(at < other < end for other in bought[customer])
                yield Event("repeat_purchase_rate", *place, float(again), *rest)
            if punctuality in ("late", "on_time"):
                yield Event("late_delivery_rate", *place, float(punctuality == "late"), *rest)

    def outcomes(self) -> Iterable[Event]:
        """renewal_rate."""
        for row in _before(self.clean["outcome"], "due_at"):
            if row["kind"] == "renewal" and row["is_achieved"] is not None:
                at, customer = row["due_at"], row["customer_id"]
                segments, value = self.segments(customer, at), float(row["is_achieved"])
                yield Event("renewal_rate", row["outcome_id"], customer, at, value, 1.0, segments)

    def customer_months(self) -> Iterable[Event]:
        """monthly_churn_rate."""
        for customer, rows in self.history.items():
            joined, churned = rows[-1]["joined_at"], rows[-1]["churned_at"]
            for start, end in _months():
                if joined <= start and (churned is None or churned >= start):
                    gone = float(churned is not None and churned < end)
                    segments = self.segments(customer, start)
                    name = "monthly_churn_rate"
                    yield Event(name, customer, customer, start, gone, 1.0, segments, end)

    def usage(self) -> Iterable[Event]:
        """monthly_active_days: the busiest feature stands for the month."""
        days: dict[tuple[str, date], list[int]] = defaultdict(list)
        for row in self.clean["usage"]:
            if row["active_days"] is not None:
                days[(row["customer_id"], row["usage_date"])].append(row["active_days"])
        for (customer, month), found in days.items():
            start = datetime.combine(month, time(), UTC)
            end = _month_end(start)
            if end <= END:
                segments = self.segments(customer, start)
                name, value = "monthly_active_days", float(max(found))
                yield Event(name, customer, customer, start, value, 1.0, segments, end)


def _before(rows: list[Record], column: str) -> list[Record]:
    return [row for row in rows if row[column] < END]


def _oriented(row: Record) -> float | None:
    if row["score"] is None:
        return None
    return (
        row["score"] if row["is_high_good"] else row["scale_max"] + row["scale_min"] - row["score"]
    )


def _values(row: Record, score: float) -> list[tuple[str, float]]:
    share = (score - row["scale_min"]) / (row["scale_max"] - row["scale_min"])
    if row["kind"] == "nps":
        return [("nps", 100.0 * ((score > 8.5) - (score < 6.5)))]
    if row["kind"] == "csat":
        is_top = score in (row["scale_max"], row["scale_max"] - 1)
        return [("csat_top_two_rate", float(is_top)), ("csat_mean", 1 + 4 * share)]
    return [("ces_mean", 1 + 6 * share)] if row["kind"] == "ces" else []


def _punctuality(order: Record) -> str | None:
    if not order.get("promised_at"):
        return None
    delivered = order["delivered_at"]
    if delivered is None or delivered >= END or order["canceled_at"]:
        return "not_delivered"
    return "late" if delivered.date() > order["promised_at"].date() else "on_time"


def _ticket_values(row: Record, steps: list[Record], openings: list[datetime]) -> dict[str, float]:
    def at(*kinds: str) -> list[datetime]:
        return [step["occurred_at"] for step in steps if step["kind"] in kinds]

    found = {}
    opened, done, again = row["opened_at"], at("resolved", "closed"), at("reopened")
    replies = [s["occurred_at"] for s in steps if s["kind"] == "replied" and s["actor"] == "agent"]
    if replies:
        found["first_reply_calendar_minutes"] = (min(replies) - opened) / timedelta(minutes=1)
    if done and row["kind"] == "ticket":
        found["ticket_reopen_rate"] = float(any(moment > min(done) for moment in again))
    standing = [moment for moment in done if not again or moment > max(again)]
    if standing:
        resolved = min(standing)
        found["resolution_calendar_minutes"] = (resolved - opened) / timedelta(minutes=1)
        end = resolved + timedelta(days=7)
        if row["customer_id"] and end <= END:
            found["repeat_contact_rate"] = float(any(resolved < other < end for other in openings))
    return found


def _months() -> list[tuple[datetime, datetime]]:
    starts = [datetime(2024 + n // 12, n % 12 + 1, 1, tzinfo=UTC) for n in range(36)]
    return [(start, _month_end(start)) for start in starts if _month_end(start) <= END]


def _month_end(start: datetime) -> datetime:
    return start + timedelta(days=calendar.monthrange(start.year, start.month)[1])


def wave_of(at: datetime) -> str | None:
    """The half-year in which the instant lies; None outside the declared ones."""
    return next((w for w, (start, end) in world.WAVES.items() if start <= at.date() < end), None)
