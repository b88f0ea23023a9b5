"""The world as it arrives day by day: late rows, new versions, deletions and links that move."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np

from connectors.records import RECORDS
from tests.dbt_project.lake import Partition
from tests.dbt_project.world import World

Record = dict[str, Any]
Loads = dict[tuple[str, date], list[Record]]


def loads(company: World, *, seed: int) -> Loads:
    """Record and load date -> rows. A row lands on its day, or up to forty days later.

    Every eighth row lands with other texts first and comes again, right, up to thirty days later;
    every twentieth is deleted by its source in the end, and every ninth lands before it happens.
    """
    draw = np.random.default_rng([seed, *b"days"])
    found: Loads = defaultdict(list)
    for name, rows in company.clean.items():
        record = RECORDS[name]
        texts = [f.name for f in record.fields if f.type == "text" and f.name not in record.key]
        others = {text: [row.get(text) for row in rows] for text in texts}
        for number, row in enumerate(rows):
            happened = row[record.occurred] or date(2026, 5, 25)
            day = happened.date() if isinstance(happened, datetime) else happened
            first = day + timedelta(days=int(draw.integers(0, 41)) if draw.random() < 0.3 else 0)
            if number % 9 == 0:
                first = day - timedelta(days=3)
            later = first + timedelta(days=int(draw.integers(1, 31)))
            if number % 8 == 0:
                swapped = {text: others[text][int(draw.integers(len(rows)))] for text in texts}
                found[name, first].append({**row, **swapped, "version": _noon(first)})
                found[name, later].append({**row, "version": _noon(later)})
            else:
                found[name, first].append({**row, "version": _noon(first)})
            if number % 20 == 0:
                gone = later + timedelta(days=int(draw.integers(1, 30)))
                found[name, gone].append({**row, "version": _noon(gone), "deleted_at": _noon(gone)})
    return found


def partitions(arrived: Loads, *, after: date | None, until: date) -> list[Partition]:
    """What landed after one day and up to the other; all of what came before counts as one load."""
    by_day: dict[tuple[str, date], list[Record]] = defaultdict(list)
    for (name, day), rows in arrived.items():
        if day > until or (after is not None and day <= after):
            continue
        by_day[name, day if after is not None else until].extend(rows)
    return [Partition(name, "main", str(day), rows) for (name, day), rows in by_day.items()]


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)
