"""The service line and the help site: calls as the telephone system logs them, and visits.

Callers never opened a ticket, so that no contact rate of the help desk moves; anybody visits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cli.demo.company.calendar import (
    DAY,
    HISTORY_END,
    HISTORY_START,
    HOUR,
    JST_OFFSET,
    MINUTE,
    Ints,
    stream,
    utc_text,
)
from cli.demo.company.population import Population
from cli.demo.company.records import write_json_lines
from cli.demo.company.tickets import Tickets

CALLS_PER_CUSTOMER = 0.3
VISITS_PER_CUSTOMER = 0.6
STATEMENTS = ("recording_notice", "identity_check", "closing_question")
_SAID_SHARE = (0.97, 0.91, 0.78)
_UNJUDGED_SHARE = 0.02
_WRITES_AFTERWARDS = 0.06
_PAGES = ("/help/router", "/help/billing", "/help/app", "/products", "/help/returns", "/")
_IS_HELP = np.array([True, True, True, False, True, False])


@dataclass(frozen=True)
class ServiceLine:
    """What was simulated, for the truth: counts over everything that happened."""

    calls: int
    abandoned: int
    flagged: int
    statements_said: int
    statements_judged: int
    visits: int
    help_visits: int
    help_visits_ended_without_contact: int

    @property
    def truth(self) -> dict[str, int]:
        """The counts by name."""
        return dict(vars(self))


def write_service_line(
    directory: Path, population: Population, tickets: Tickets, *, seed: int
) -> ServiceLine:
    """Write ``calls.jsonl`` and ``visits.jsonl`` in order of time."""
    calls = list(_calls(stream(seed, "service line"), population, tickets))
    visits = list(_visits(stream(seed, "help site"), population, tickets))
    write_json_lines(directory / "calls.jsonl", calls)
    write_json_lines(directory / "visits.jsonl", visits)
    judged = [item for call in calls for item in call["statements"] if item["said"] is not None]
    # statements of abandoned calls are never listed, because nobody could have made them
    outcomes = [visit["endedWithoutContact"] for visit in visits]
    return ServiceLine(
        calls=len(calls),
        abandoned=sum(call["abandoned"] for call in calls),
        flagged=sum(call["reviewFlag"] for call in calls),
        statements_said=sum(item["said"] for item in judged),
        statements_judged=len(judged),
        visits=len(visits),
        help_visits=sum(outcome is not None for outcome in outcomes),
        help_visits_ended_without_contact=sum(outcome is True for outcome in outcomes),
    )


def _calls(
    rng: np.random.Generator, population: Population, tickets: Tickets
) -> Iterator[dict[str, Any]]:
    quiet = np.setdiff1d(np.arange(population.size), tickets.customer)
    size = int(population.size * CALLS_PER_CUSTOMER)
    caller = rng.choice(quiet, size=size)
    began = _moments(rng, population, caller, first_hour=9, last_hour=19)
    order = np.argsort(began, kind="stable")
    caller, began = caller[order], began[order]
    is_known = (rng.random(size) < 0.7) & _is_member(population, caller, began)
    wait = np.round(rng.gamma(1.6, 38, size), 1)
    gives_up = rng.random(size) < np.clip(wait / 900, 0, 0.6)
    talk = np.round(rng.gamma(3.0, 95, size), 1)
    silence = np.round(talk * rng.beta(2, 9, size), 1)
    flagged = rng.random(size) < np.where(silence > 0.35 * talk, 0.5, 0.03)
    said = rng.random((size, len(STATEMENTS))) < _SAID_SHARE
    unjudged = rng.random((size, len(STATEMENTS))) < _UNJUDGED_SHARE
    at = np.round(rng.uniform(2, 40, (size, len(STATEMENTS))), 1)
    stamps = utc_text(began)
    for k in range(size):
        gone = bool(gives_up[k])
        yield {
            "callId": f"CALL-{k + 1:07d}",
            "customerNo": str(population.number[caller[k]]) if is_known[k] else None,
            "desk": "東京サポート" if population.language[caller[k]] != "en" else "Global Support",
            "startedTs": str(stamps[k]),
            "abandoned": gone,
            "waitSec": None if gone else float(wait[k]),
            "talkSec": None if gone else float(talk[k]),
            "silenceSec": None if gone else float(silence[k]),
            "reviewFlag": bool(flagged[k]) and not gone,
            "statements": []
            if gone
            else [
                {
                    "key": name,
                    "said": None if unjudged[k, n] else bool(said[k, n]),
                    "atSec": float(at[k, n]) if said[k, n] and not unjudged[k, n] else None,
                }
                for n, name in enumerate(STATEMENTS)
            ],
        }


def _visits(
    rng: np.random.Generator, population: Population, tickets: Tickets
) -> Iterator[dict[str, Any]]:
    size = int(population.size * VISITS_PER_CUSTOMER)
    visitor = rng.integers(0, population.size, size)
    began = _moments(rng, population, visitor, first_hour=6, last_hour=24)
    # some look for help first and then write, whatever the site believes of their visit
    place = rng.choice(len(tickets.customer), int(size * _WRITES_AFTERWARDS))
    visitor[: len(place)] = tickets.customer[place]
    began[: len(place)] = tickets.opened[place] - rng.integers(20 * MINUTE, 20 * HOUR, len(place))
    order = np.argsort(began, kind="stable")
    visitor, began = visitor[order], began[order]
    is_known = (rng.random(size) < 0.6) & _is_member(population, visitor, began)
    page = rng.integers(0, len(_PAGES), size)
    pages = rng.geometric(0.25, size)
    ended = began + rng.integers(20, 15 * MINUTE, size)
    found = rng.random(size) < 0.68 + 0.04 * population.engagement[visitor]
    starts, ends = utc_text(began), utc_text(np.minimum(ended, HISTORY_END))
    for k in range(size):
        yield {
            "visitId": f"V-{k + 1:07d}",
            "customerNo": str(population.number[visitor[k]]) if is_known[k] else None,
            "entryPage": _PAGES[page[k]],
            "pages": int(pages[k]),
            "endedWithoutContact": bool(found[k]) if _IS_HELP[page[k]] else None,
            "startedTs": str(starts[k]),
            "endedTs": str(ends[k]),
        }


def _moments(
    rng: np.random.Generator, population: Population, who: Ints, *, first_hour: int, last_hour: int
) -> Ints:
    """Any second of those local hours, over the whole history."""
    day = rng.integers(1, (HISTORY_END - HISTORY_START) // DAY, len(who))
    second = rng.integers(first_hour * HOUR, last_hour * HOUR, len(who))
    shift = np.where(population.is_japanese[who], JST_OFFSET, -4 * HOUR)
    moment: Ints = HISTORY_START + day * DAY + second - shift
    return np.minimum(moment, HISTORY_END - HOUR)


def _is_member(population: Population, who: Ints, when: Ints) -> np.ndarray[Any, Any]:
    member: np.ndarray[Any, Any] = (population.joined[who] < when) & (
        population.churned[who] > when
    )
    return member
