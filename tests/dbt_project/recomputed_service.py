"""The metrics of service once more: waits by walking through events, open time by overlaps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from tests.dbt_project.recomputed_events import Event, Measured, Record
from tests.dbt_project.world import END, World
from tests.dbt_project.world_service import CALENDAR_BEGINS, DESKS, PROMISED_FROM, PROMISES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WEEK = timedelta(days=7)


def events_of(company: World) -> list[Event]:
    """Every event of every metric of service."""
    service = Service(company)
    parts = (service.tickets(), service.issues(), service.calls(), service.statements())
    return [event for part in (*parts, service.sessions()) for event in part]


class Desk:
    """Open time as a list of spans in UTC; time zones are pandas' affair."""

    def __init__(self, team: str) -> None:
        desk = DESKS[team]
        starts, ends = [], []
        for day in pd.date_range("2024-12-01", "2026-08-01", freq="D"):
            if any(first <= day.date() <= last for first, last in desk["closed"]):
                continue
            for span in desk["hours"][day.weekday()]:
                opens, closes = (pd.Timedelta(f"{text}:00") for text in span.split("-"))
                late = day + pd.Timedelta(days=1) if closes < opens else day
                # clock readings, so that a shift through a change of the clock is 7 or 9 hours
                starts.append((day + opens).tz_localize(desk["zone"]).tz_convert("UTC"))
                ends.append((late + closes).tz_localize(desk["zone"]).tz_convert("UTC"))
        self.starts = pd.DatetimeIndex(starts).as_unit("us").asi8
        self.ends = pd.DatetimeIndex(ends).as_unit("us").asi8

    def minutes(self, start: datetime, end: datetime) -> float | None:
        """Open minutes between two instants; None before the calendar begins."""
        if start < CALENDAR_BEGINS:
            return None
        low, high = ((moment - EPOCH) // timedelta(microseconds=1) for moment in (start, end))
        within = np.minimum(self.ends, high) - np.maximum(self.starts, low)
        return float(within[within > 0].sum()) / 60e6


class Service:
    """The definitions, from clean records alone."""

    def __init__(self, company: World) -> None:
        self.clean, self.measured = company.clean, Measured(company)
        self.desks = {team: Desk(team) for team in DESKS}
        self.rows = [row for row in self.clean["interaction"] if row["opened_at"] < END]
        self.steps: dict[str, list[Record]] = defaultdict(list)
        for row in self.clean["interaction_event"]:
            self.steps[row["interaction_id"]].append(row)
        self.by_id = {row["interaction_id"]: Ticket(row, self.steps) for row in self.rows}

    def event(self, metric: str, row: Record, value: float) -> Event:
        at, customer = row["opened_at"], row["customer_id"]
        segments = self.measured.segments(customer, at, channel=row["channel"])
        return Event(metric, row["interaction_id"], customer, at, float(value), 1.0, segments)

    def tickets(self) -> Iterable[Event]:
        """Business minutes, waits and promises."""
        for row in self.rows:
            ticket = self.by_id[row["interaction_id"]]
            for metric, value in self.durations(row, ticket).items():
                if value is not None:
                    yield self.event(metric, row, value)

    def durations(self, row: Record, ticket: Ticket) -> dict[str, float | None]:
        desk, opened = self.desks.get(row["team"] or ""), row["opened_at"]
        found: dict[str, float | None] = {}
        if desk and ticket.replied:
            found["first_reply_business_minutes"] = desk.minutes(opened, ticket.replied)
        if desk and ticket.resolved:
            found["resolution_business_minutes"] = desk.minutes(opened, ticket.resolved)
        if ticket.resolved:
            waits = list(ticket.waits(ticket.resolved))
            total = sum((end - start for start, end in waits), timedelta())
            found["customer_wait_calendar_minutes"] = total / MINUTE
            parts = [desk.minutes(start, end) if desk else None for start, end in waits]
            if None not in parts:
                found["customer_wait_business_minutes"] = sum(part or 0.0 for part in parts)
        return found | self.promises(row, ticket, desk)

    def promises(self, row: Record, ticket: Ticket, desk: Desk | None) -> dict[str, float | None]:
        conditions = ("kind", "channel", "priority", "team")
        fitting = [
            target
            for target in PROMISES
            if all(target.get(name) in (None, row.get(name)) for name in conditions)
        ]
        if not fitting or row["opened_at"].date() < PROMISED_FROM:
            return {}
        target = fitting[0]
        unanswered = min([END, *ticket.resolutions])
        ends = {
            ("sla_first_reply_rate", "first_reply_minutes"): (ticket.replied, unanswered),
            ("sla_resolution_rate", "resolution_minutes"): (ticket.resolved, END),
        }
        found: dict[str, float | None] = {}
        for (metric, limit), (done, otherwise) in ends.items():
            end = done or otherwise
            took: float | None = (end - row["opened_at"]) / MINUTE
            if target["clock"] == "business":
                took = desk.minutes(row["opened_at"], end) if desk else None
            if target.get(limit) is None or took is None or (not done and took < target[limit]):
                continue
            found[metric] = float(took < target[limit])
        return found

    def issues(self) -> Iterable[Event]:
        """contacts_per_issue and first_contact_resolution_rate."""
        by_customer: dict[str, list[Record]] = defaultdict(list)
        for row in self.rows:
            if row["customer_id"]:
                by_customer[row["customer_id"]].append(row)
        for rows in by_customer.values():
            for issue in self.grouped(rows):
                tickets = [self.by_id[row["interaction_id"]] for row in issue]
                ends = max(ticket.ended for ticket in tickets)
                if all(ticket.resolved for ticket in tickets) and ends + WEEK <= END:
                    first = not tickets[0].is_reopened and len(issue) == 1
                    yield self.event("contacts_per_issue", issue[0], len(issue))
                    yield self.event("first_contact_resolution_rate", issue[0], float(first))

    def grouped(self, rows: list[Record]) -> list[list[Record]]:
        issues: list[list[Record]] = []
        latest = datetime.min.replace(tzinfo=END.tzinfo)
        for row in sorted(rows, key=lambda row: (row["opened_at"], row["interaction_id"])):
            if issues and row["opened_at"] < latest + WEEK:
                issues[-1].append(row)
            else:
                issues.append([row])
            latest = max(latest, self.by_id[row["interaction_id"]].ended)
        return issues

    def calls(self) -> Iterable[Event]:
        """Abandoned, waiting, silent and flagged calls."""
        gone = self.abandoned()
        for row in self.rows:
            name = row["interaction_id"]
            if row["kind"] != "call":
                continue
            if gone[name] is not None:
                yield self.event("call_abandonment_rate", row, float(bool(gone[name])))
            if row["is_flagged"] is not None:
                yield self.event("flagged_call_rate", row, float(row["is_flagged"]))
            if gone[name] is not False:
                continue
            if row["wait_seconds"] is not None:
                yield self.event("call_wait_calendar_minutes", row, row["wait_seconds"] / 60)
            talk, silence = row["talk_seconds"], row["silence_seconds"]
            if talk is not None and silence is not None and talk + silence > 0:
                yield self.event("call_silence_share", row, silence / (talk + silence))

    def statements(self) -> Iterable[Event]:
        """What had to be said."""
        gone = self.abandoned()
        calls = {row["interaction_id"]: row for row in self.rows if row["kind"] == "call"}
        for said in self.clean["interaction_statement"]:
            name = said["interaction_id"]
            if said["is_said"] is not None and name in calls and not gone[name]:
                yield self.event("required_statement_rate", calls[name], float(said["is_said"]))

    def abandoned(self) -> dict[str, bool | None]:
        spoken: dict[str, list[str | None]] = defaultdict(list)
        for turn in self.clean["interaction_turn"]:
            if turn["started_at"] is None or turn["started_at"] < END:
                spoken[turn["interaction_id"]].append(turn["speaker"])
        calls = (row for row in self.rows if row["kind"] == "call")
        return {
            row["interaction_id"]: _is_abandoned(row, spoken[row["interaction_id"]])
            for row in calls
        }

    def sessions(self) -> Iterable[Event]:
        """self_resolution_rate."""
        openings: dict[str, list[datetime]] = defaultdict(list)
        for row in self.rows:
            openings[row["customer_id"]].append(row["opened_at"])
        for row in self.clean["web_session"]:
            at, customer = row["started_at"], row["customer_id"]
            ended = row["ended_at"] if row["ended_at"] and row["ended_at"] < END else at
            end = ended + timedelta(days=1)
            if at >= END or end > END or row["is_self_resolved"] is None:
                continue
            came = customer is not None and any(at <= moment < end for moment in openings[customer])
            value = float(row["is_self_resolved"] and not came)
            segments = self.measured.segments(customer, at, channel="web")
            metric, name = "self_resolution_rate", row["session_id"]
            yield Event(metric, name, customer, at, value, 1.0, segments)


class Ticket:
    """One contact and what happened to it from its opening on, as far as it is known."""

    def __init__(self, row: Record, steps: dict[str, list[Record]]) -> None:
        self.opened = row["opened_at"]
        own = [
            step
            for step in steps[row["interaction_id"]]
            if self.opened <= step["occurred_at"] < END
        ]
        self.own = own
        self.resolutions = [s["occurred_at"] for s in own if s["kind"] in ("resolved", "closed")]
        again = [s["occurred_at"] for s in own if s["kind"] == "reopened"]
        replies = [s["occurred_at"] for s in own if (s["kind"], s["actor"]) == ("replied", "agent")]
        self.replied = min(replies, default=None)
        standing = [at for at in self.resolutions if not again or at > max(again)]
        self.resolved = min(standing, default=None)
        last = max([self.opened, *(s["occurred_at"] for s in own)])
        self.ended: datetime = self.resolved or last
        first = min(self.resolutions, default=None)
        self.is_reopened = first is not None and any(at > first for at in again)

    def waits(self, until: datetime) -> Iterable[tuple[datetime, datetime]]:
        """The spans in which it was our turn."""
        ours, theirs = {"reopened"}, {"resolved", "closed"}
        moves = []
        for step in self.own:
            kind = step["actor"] if step["kind"] == "replied" else step["kind"]
            if kind in (ours | {"customer"}):
                moves.append((step["occurred_at"], 0))
            elif kind in (theirs | {"agent"}):
                moves.append((step["occurred_at"], 1))
        since: datetime | None = self.opened
        for at, is_answer in sorted(moves):
            if at > until:
                break
            if is_answer and since is not None:
                yield since, at
                since = None
            elif not is_answer and since is None:
                since = at


def _is_abandoned(call: Record, speakers: list[str | None]) -> bool | None:
    if call["is_abandoned"] is not None:
        return bool(call["is_abandoned"])
    if "agent" in speakers:
        return False
    if speakers and None not in speakers:
        return True
    return None if call["wait_seconds"] is None else False
