"""The help desk's database: tickets and their events, as its API serves them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cli.demo.company import planted
from cli.demo.company.calendar import (
    DAY,
    HISTORY_END,
    MINUTE,
    NEVER,
    Ints,
    Texts,
    stream,
    utc_text,
)
from cli.demo.company.population import Population
from cli.demo.company.records import rows_of, write_index, write_table
from cli.demo.company.tickets import AGENTS, Tickets

_VIA = np.array(["mail", "live_chat", "voice", "web_form"])
_CATEGORIES = np.array(["connectivity", "billing", "onboarding", "shipping", "mobile_app", "rma"])
_PRIORITIES = np.array(["P4", "P3", "P2", "P1"])
_KINDS = np.array(["created", "assigned", "comment", "comment", "solved", "reopened", "solved",
                   "note"])  # fmt: skip
_AUTHORS = np.array(["end_user", "agent", "bot", "agent", "agent", "end_user", "agent", "agent"])


def write_helpdesk(file: Path, population: Population, tickets: Tickets, *, seed: int) -> None:
    """Write both collections, planted dirt included."""
    ticket, kind, moment = _events(tickets, seed)
    _write_tickets(file, population, tickets, updated=_last_change(tickets, ticket, moment))
    agent = np.where(_AUTHORS[kind] == "agent", _agents(tickets.agent[ticket]), "")
    stamp = utc_text(moment)
    rows = rows_of(
        np.arange(len(ticket)) + 5_000_001,
        tickets.number[ticket],
        _KINDS[kind],
        _AUTHORS[kind],
        agent,
        stamp,
        stamp,
    )
    columns = (
        *("id INTEGER", "ticket_id INTEGER", "type TEXT", "author_role TEXT", "agent_id TEXT"),
        *("created_at TEXT", "updated_at TEXT"),
    )
    write_table(file, "ticket_events", columns=columns, rows=rows, key="id")
    for table in ("tickets", "ticket_events"):
        write_index(file, f"{table}_by_change", on=f"{table} (updated_at, id)")


def _agents(codes: Ints) -> Texts:
    return np.array([f"ag-{k + 1:02d}" for k in range(AGENTS)])[codes]


def _events(tickets: Tickets, seed: int) -> tuple[Ints, Ints, Ints]:
    """Place of the ticket, kind of event and instant of every event, in order of time."""
    rng = stream(seed, "notes")
    size = len(tickets.customer)
    has_note = rng.random(size) < 0.03
    note = np.where(has_note, tickets.assigned + rng.integers(1, 40, size) * MINUTE, NEVER)
    moments = np.stack(
        [
            *(tickets.opened, tickets.assigned, tickets.bot_replied, tickets.replied),
            *(tickets.resolved, tickets.reopened, tickets.resolved_again, note),
        ],
        axis=1,
    )
    ticket, kind = np.nonzero(moments < HISTORY_END)
    moment = moments[ticket, kind]
    order = np.lexsort((kind, ticket, moment))
    return ticket[order], kind[order], moment[order]


def _last_change(tickets: Tickets, ticket: Ints, moment: Ints) -> Ints:
    last = tickets.opened.copy()
    np.maximum.at(last, ticket, moment)
    return last


def _write_tickets(file: Path, population: Population, tickets: Tickets, *, updated: Ints) -> None:
    number = population.number[tickets.customer]
    is_english = tickets.agent >= AGENTS // 2
    rows = rows_of(
        tickets.number,
        number,
        np.char.add(np.char.replace(number, "HH-", "member"), "@example.com"),
        _VIA[tickets.channel],
        _CATEGORIES[tickets.topic],
        _PRIORITIES[tickets.priority],
        _status(tickets),
        _agents(tickets.agent),
        np.where(is_english, "Global Support", "東京サポート"),
        utc_text(tickets.opened),
        utc_text(updated),
    )
    for extra in range(planted.DIRT["helpdesk_unknown_channel"]):
        rows.append((900_001 + extra, f"QA-{extra + 1:04d}", "qa@example.com", "fax", "billing",
                     "P3", "closed", "ag-01", "東京サポート", "2024-02-01T01:00:00Z",
                     "2024-02-02T01:00:00Z"))  # fmt: skip
    columns = (
        *("id INTEGER", "requester_id TEXT", "requester_email TEXT", "via TEXT", "category TEXT"),
        *("priority TEXT", "status TEXT", "assignee_id TEXT", "group_name TEXT"),
        *("created_at TEXT", "updated_at TEXT"),
    )
    write_table(file, "tickets", columns=columns, rows=rows, key="id")


def _status(tickets: Tickets) -> Texts:
    final = np.where(tickets.reopened < HISTORY_END, tickets.resolved_again, tickets.resolved)
    solved = np.where(final < HISTORY_END - 4 * DAY, "closed", "solved")
    waiting = np.where(tickets.assigned < HISTORY_END, "open", "new")
    return np.where(final < HISTORY_END, solved, waiting)
