"""A seeded lake of twenty load dates: 4,000 customers, some 55,000 rows, and everything that goes
wrong on the way: late rows, repeated rows, outdated and deleted versions, nulls, Unicode, and
numbers off every scale that a contract let through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from connectors.records import RECORDS
from tests.dbt_project import world
from tests.dbt_project.lake import Partition, write_lake

LAST_DAY = date.fromisoformat(world.AS_OF)
DAYS = [LAST_DAY - timedelta(days=back) for back in reversed(range(20))]
DAY_14 = DAYS[13]
CUSTOMERS = 4_000
SEED = 20260704
# One company four times over, with ids that only bytes tell apart.
PREFIXES = ("", "ß·", "SS·", "é\u0301日本\U0001f600·")
_IDS = (
    *("customer_id", "account_id", "invitation_id", "interaction_id", "order_id", "response_id"),
    *("outcome_id", "session_id", "cost_id", "employee_id", "unit_id", "turn_id", "statement_id"),
    "event_id",
)
_BAD_SCORES = (11.0, -3.0, -0.0, 1e15, 5e-324, 0.1 + 0.2)
_COMMENTS = ("", "'; drop table x; --", "\\.", "a\tb\nc", "\\N", "ﷺ \u202eabc", "“%s ? {{ x }}”")
_DEDICATED = ("channel", "plan", "country", "region", "topic", "language", "business_unit")
DECLARED = world.DECLARED | {
    "metric_break": [
        {"break_id": "reworded", "metric": "nps", "broke_on": date(2026, 2, 2), "what": "wording"}
    ]
}
Record = dict[str, Any]


def partitions(*, until: date) -> list[Partition]:
    """What had landed by the end of that day; the same rows whatever ``until`` is."""
    draw = np.random.default_rng(SEED)
    found: dict[tuple[str, str, date], list[Record]] = defaultdict(list)
    for name, row, load_date in _arrivals(draw):
        source = "日本語" if len(row[RECORDS[name].key[0]]) % 5 == 0 else "main"
        found[name, source, load_date].append(row)
    return [
        Partition(name, source, str(load_date), rows)
        for (name, source, load_date), rows in sorted(found.items())
        if load_date <= until
    ]


def write(lake: Path, *, until: date) -> Path:
    """The lake as it stood at the end of that day; what is there already is written again."""
    return write_lake(lake, partitions=partitions(until=until), declared=DECLARED)


def _arrivals(draw: np.random.Generator) -> Iterator[tuple[str, Record, date]]:
    for number, prefix in enumerate(PREFIXES):
        for name, rows in world.simulate(seed=SEED + number).clean.items():
            for row in rows:
                yield from _versions(draw, name, _renamed(row, prefix))
    for number in range(CUSTOMERS - 160 * len(PREFIXES)):
        row = {
            "customer_id": f"idle-{number}",
            "valid_from": _midnight(DAYS[number % 20]) - timedelta(days=number % 400),
            "joined_at": _midnight(DAYS[0]) - timedelta(days=number % 400),
            "plan": None if number % 7 == 0 else "basic",
        }
        yield "customer", row | {"version": _midnight(DAYS[0])}, DAYS[number % 20]


def _versions(
    draw: np.random.Generator, name: str, row: Record
) -> Iterator[tuple[str, Record, date]]:
    """The row as it arrives: the truth last, after outdated, repeated and deleted versions."""
    row = _spoiled(draw, name, row)
    on = _load_date(draw, row[RECORDS[name].occurred])
    version = _midnight(on) + timedelta(hours=int(draw.integers(0, 24)))
    kind = draw.random()
    if kind < 0.10:  # corrected later: both versions count, each at its time
        later = DAYS[min(DAYS.index(on) + int(draw.integers(0, 6)), 19)]
        older = {field: row[field] for field in row if field not in _DEDICATED}
        yield name, older | {"version": version}, on
        yield name, row | {"version": version + timedelta(days=6)}, later
    elif kind < 0.13:  # the same row again, on the same or on a later day
        again = DAYS[min(DAYS.index(on) + int(draw.integers(0, 3)), 19)]
        yield name, row | {"version": version}, on
        yield name, row | {"version": version}, again
    elif kind < 0.15:  # deleted, some before the fourteenth day and some after
        gone = DAYS[min(DAYS.index(on) + int(draw.integers(0, 12)), 19)]
        yield name, row | {"version": version}, on
        deleted = {"version": version + timedelta(days=20), "deleted_at": _midnight(gone)}
        yield name, row | deleted, gone
    elif kind < 0.155:  # no version at all
        yield name, row, on
    elif kind < 0.16:  # without a version at first, which is then the older one
        yield name, {field: row[field] for field in row if field not in _DEDICATED}, on
        yield name, row | {"version": version}, on
    else:
        yield name, row | {"version": version}, on


def _load_date(draw: np.random.Generator, occurred: date | None) -> date:
    """The day it happened, 3 % up to six days late; history comes with the first loads."""
    if isinstance(occurred, datetime):
        occurred = occurred.date()
    if occurred is None or occurred <= DAYS[0]:
        return DAYS[0] if draw.random() < 0.8 else DAYS[int(draw.integers(0, 20))]
    late = int(draw.integers(1, 7)) if draw.random() < 0.03 else 0
    return min(occurred + timedelta(days=late), LAST_DAY)


def _spoiled(draw: np.random.Generator, name: str, row: Record) -> Record:
    """A few of each: comments that break quoting, scores off the scale, amounts without measure."""
    chance = draw.random()
    if name == "feedback" and chance < 0.05:
        return row | {"comment": _COMMENTS[int(draw.integers(0, len(_COMMENTS)))]}
    if name == "feedback" and chance < 0.08:
        return row | {"score": _BAD_SCORES[int(draw.integers(0, len(_BAD_SCORES)))]}
    if name == "order" and chance < 0.05:
        return row | {"amount": float(draw.choice([-0.0, 1e15, -12.345, 0.1 + 0.2]))}
    return row


def _renamed(row: Record, prefix: str) -> Record:
    return {
        field: f"{prefix}{value}" if field in _IDS and value is not None else value
        for field, value in row.items()
    }


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
