"""The demo's service metrics from its raw files alone, by pandas."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import holidays
import numpy as np
import pandas as pd
from ruamel.yaml import YAML

from cli.demo.company import CompanyFiles
from tests.demo import systems

END = pd.Timestamp("2026-07-06", tz="UTC")
WEEK, DAY, MINUTE = pd.Timedelta(days=7), pd.Timedelta(days=1), pd.Timedelta(minutes=1)
EPOCH, MICROSECOND = pd.Timestamp(0, tz="UTC"), pd.Timedelta(microseconds=1)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
GROUPS = {"東京サポート": "tokyo_support", "Global Support": "global_support"}
CHANNELS = {"live_chat": "chat"}
PRIORITIES = {"P1": "urgent", "P2": "high"}
Means = dict[str, tuple[float, int]]


def means(files: CompanyFiles, programme: Path) -> Means:
    """Metric → mean and number of rows to which it applies."""
    rows = tickets(files)
    found = _durations(rows, programme) | _issues(rows)
    return found | _calls(files) | _visits(files, rows)


def _mean(values: pd.Series | np.ndarray[Any, Any]) -> tuple[float, int]:
    kept = pd.Series(values).dropna().astype(float)
    return float(kept.mean()), len(kept)


def _lines(file: Path) -> pd.DataFrame:
    return pd.DataFrame([json.loads(line) for line in file.read_text("utf-8").splitlines()])


def tickets(files: CompanyFiles) -> pd.DataFrame:
    """Every ticket with its first reply, standing resolution and the spans of our turns."""
    tickets = systems.table(files, "helpdesk", "select * from tickets where via <> 'fax'")
    events = systems.table(files, "helpdesk", "select * from ticket_events where type <> 'note'")
    events["at"] = pd.to_datetime(events["created_at"], utc=True)
    by_ticket = dict(list(events.sort_values("at").groupby("ticket_id")))
    tickets["opened"] = pd.to_datetime(tickets["created_at"], utc=True)
    nothing = events.iloc[:0]
    rows = [
        _ticket(opened, by_ticket.get(number, nothing))
        for number, opened in zip(tickets["id"], tickets["opened"], strict=True)
    ]
    return tickets.join(pd.DataFrame(rows, index=tickets.index))


def _ticket(opened: pd.Timestamp, events: pd.DataFrame) -> dict[str, Any]:
    by_agent = events[(events["type"] == "comment") & (events["author_role"] == "agent")]["at"]
    done = events[events["type"] == "solved"]["at"]
    again = events[events["type"] == "reopened"]["at"]
    standing = done[done > again.max()] if len(again) else done
    resolved = standing.min() if len(standing) else pd.NaT
    # nobody but agents writes in these tickets, so that our turns end with a reply or a solution
    ends = pd.concat([by_agent, done]).sort_values()
    spans = []
    if resolved is not pd.NaT:
        for start in [opened, *again]:
            later = ends[ends >= start]
            spans.append((start, later.iloc[0]))
    return {
        "replied": by_agent.min() if len(by_agent) else pd.NaT,
        "first_done": done.min() if len(done) else pd.NaT,
        "resolved": resolved,
        "is_reopened": len(again) > 0,
        "ended": resolved if resolved is not pd.NaT else events["at"].max(),
        "spans": spans,
    }


class Desk:
    """The open time of one declared calendar as spans in UTC."""

    def __init__(self, file: Path) -> None:
        text = YAML(typ="safe").load(file.read_text("utf-8"))
        off = holidays.country_holidays(text["holidays"]["country"], years=range(2023, 2028))
        special = {item["day"]: item["hours"] for item in text.get("opened", [])}
        closed = [(item["first_day"], item["last_day"]) for item in text.get("closed", [])]
        starts, ends = [], []
        for day in pd.date_range("2023-06-25", "2026-07-10", freq="D"):
            plain: date = day.date()
            hours = text["hours"].get(WEEKDAYS[day.weekday()], [])
            if plain in off or any(first <= plain <= last for first, last in closed):
                hours = []
            for span in special.get(plain, hours):
                opens, closes = (pd.Timedelta(f"{part}:00") for part in span.split("-"))
                starts.append((day + opens).tz_localize(text["timezone"]).tz_convert("UTC"))
                ends.append((day + closes).tz_localize(text["timezone"]).tz_convert("UTC"))
        self.starts = pd.DatetimeIndex(starts).as_unit("us").asi8
        self.ends = pd.DatetimeIndex(ends).as_unit("us").asi8

    def minutes(self, start: pd.Timestamp, end: pd.Timestamp) -> float:
        """The time that the desk was open between two instants."""
        since, until = ((moment - EPOCH) // MICROSECOND for moment in (start, end))
        within = np.minimum(self.ends, until) - np.maximum(self.starts, since)
        return float(within[within > 0].sum()) / 60e6


def _durations(tickets: pd.DataFrame, programme: Path) -> Means:
    desks = {name: Desk(programme / f"calendars/{name}.yml") for name in GROUPS.values()}
    promises = [
        YAML(typ="safe").load((programme / f"service_levels/{name}.yml").read_text("utf-8"))
        for name in ("until_2025", "since_2026")
    ]
    rows = []
    for ticket in tickets.itertuples():
        desk, row = desks[GROUPS[ticket.group_name]], {}
        if ticket.replied is not pd.NaT:
            row["first_reply_business_minutes"] = desk.minutes(ticket.opened, ticket.replied)
        if ticket.resolved is not pd.NaT:
            row["resolution_business_minutes"] = desk.minutes(ticket.opened, ticket.resolved)
            parts = [(b - a) / MINUTE for a, b in ticket.spans]
            row["customer_wait_calendar_minutes"] = sum(parts)
            row["customer_wait_business_minutes"] = sum(desk.minutes(*s) for s in ticket.spans)
        target = _target(ticket, promises[int(ticket.opened.year >= 2026)])
        row |= _kept(ticket, target, desk)
        rows.append(row)
    return {name: _mean(column) for name, column in pd.DataFrame(rows).items()}


def _target(ticket: Any, promise: dict[str, Any]) -> dict[str, Any]:
    own = {
        "channel": CHANNELS.get(ticket.via, ticket.via),
        "priority": PRIORITIES.get(ticket.priority, ticket.priority),
        "kind": "ticket",
    }
    found: dict[str, Any] = next(
        target
        for target in promise["targets"]
        if all(target.get(name) in (None, value) for name, value in own.items())
    )
    return found


def _kept(ticket: Any, target: dict[str, Any], desk: Desk) -> dict[str, float]:
    stopped = END if ticket.first_done is pd.NaT else ticket.first_done
    found = {}
    for name, limit, done, otherwise in (
        ("sla_first_reply_rate", target["first_reply_minutes"], ticket.replied, stopped),
        ("sla_resolution_rate", target["resolution_minutes"], ticket.resolved, END),
    ):
        end = otherwise if done is pd.NaT else done
        is_business = target["clock"] == "business"
        took = desk.minutes(ticket.opened, end) if is_business else (end - ticket.opened) / MINUTE
        if took >= limit:
            found[name] = 0.0
        elif done is not pd.NaT:
            found[name] = 1.0
    return found


def _issues(tickets: pd.DataFrame) -> Means:
    sizes, firsts = [], []
    for _, own in tickets.sort_values(["opened", "id"]).groupby("requester_id"):
        issues: list[list[Any]] = []
        latest = pd.Timestamp("1970-01-01", tz="UTC")
        for ticket in own.itertuples():
            if issues and ticket.opened < latest + WEEK:
                issues[-1].append(ticket)
            else:
                issues.append([ticket])
            latest = max(latest, ticket.ended)
        for issue in issues:
            is_done = all(ticket.resolved is not pd.NaT for ticket in issue)
            if is_done and max(ticket.ended for ticket in issue) + WEEK <= END:
                sizes.append(len(issue))
                firsts.append(len(issue) == 1 and not issue[0].is_reopened)
    return {
        "contacts_per_issue": _mean(pd.Series(sizes)),
        "first_contact_resolution_rate": _mean(pd.Series(firsts)),
    }


def _calls(files: CompanyFiles) -> Means:
    calls = _lines(files.service / "calls.jsonl")
    answered = calls[~calls["abandoned"]]
    said = [item["said"] for items in calls["statements"] for item in items]
    return {
        "call_abandonment_rate": _mean(calls["abandoned"]),
        "flagged_call_rate": _mean(calls["reviewFlag"]),
        "call_wait_calendar_minutes": _mean(answered["waitSec"] / 60),
        "call_silence_share": _mean(
            answered["silenceSec"] / (answered["silenceSec"] + answered["talkSec"])
        ),
        "required_statement_rate": _mean(pd.Series(said, dtype=object)),
    }


def _visits(files: CompanyFiles, tickets: pd.DataFrame) -> Means:
    visits, calls = (_lines(files.service / f"{name}.jsonl") for name in ("visits", "calls"))
    visits["start"] = pd.to_datetime(visits["startedTs"], utc=True)
    visits["until"] = pd.to_datetime(visits["endedTs"], utc=True) + DAY
    contacts = pd.concat(
        [
            tickets[["requester_id", "opened"]].set_axis(["customerNo", "opened"], axis=1),
            calls[["customerNo"]].assign(opened=pd.to_datetime(calls["startedTs"], utc=True)),
        ]
    ).dropna()
    judged = visits[visits["endedWithoutContact"].notna() & (visits["until"] <= END)]
    pairs = judged.dropna(subset=["customerNo"]).merge(contacts, on="customerNo")
    came = pairs[(pairs["opened"] >= pairs["start"]) & (pairs["opened"] < pairs["until"])]
    undone = judged["visitId"].isin(came["visitId"])
    return {"self_resolution_rate": _mean(judged["endedWithoutContact"].astype(bool) & ~undone)}
