"""A batch's profile against those of earlier load dates: rows, freshness and columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np

from connectors.contract_findings import Comparison
from connectors.contract_shifts import WITH_HISTORY, Columns, emptied, flipped, garbled
from programme.contracts import Contract, Distribution, Freshness, Trail, Volume

Profile = Mapping[str, Any]
_LEAST_WEEKDAYS = 4
_LEAST_SPREAD = 0.02
_TRIMMED = 20


@dataclass(frozen=True)
class Past:
    """Profiles that count: those of the trail, oldest first, with their load dates.

    The first load of a source brings its whole history and is unlike every later one. It does not
    count as soon as there are enough without it.
    """

    dates: tuple[date, ...]
    profiles: tuple[Profile, ...]

    @classmethod
    def of(cls, history: Sequence[Profile], trail: Trail, load_date: date) -> Past:
        """Choose among all earlier profiles, oldest first."""
        dated = [(date.fromisoformat(part["load_date"]), part) for part in history]
        dated = [(day, part) for day, part in dated if "groups" in part and day < load_date]
        if trail.since is None and len(dated) > trail.at_least:
            dated = dated[1:]
        dated = [(day, part) for day, part in dated if trail.since is None or day >= trail.since]
        dated = dated[-trail.load_dates :]
        return cls(tuple(day for day, _ in dated), tuple(part for _, part in dated))

    def groups(self) -> list[str]:
        """Every question, or "", in order."""
        return sorted({name for part in self.profiles for name in part["groups"]})

    def of_group(self, name: str) -> list[Profile]:
        """The group on each load date that had it."""
        return [part["groups"][name] for part in self.profiles if name in part["groups"]]

    def rows(self, name: str) -> list[tuple[date, int]]:
        """Rows of the group per load date since it first came, 0 where it did not come."""
        dated = [
            (day, part["groups"].get(name, {}).get("rows"))
            for day, part in zip(self.dates, self.profiles, strict=True)
        ]
        first = next((place for place, (_, rows) in enumerate(dated) if rows), len(dated))
        return [(day, int(rows or 0)) for day, rows in dated[first:]]


def comparisons(
    profile: Profile, past: Past, contract: Contract, load_date: date
) -> Iterator[Comparison]:
    """Everything that can be said of the batch."""
    yield from _freshness(profile, past, contract.freshness, load_date)
    for name in sorted({*profile["groups"], *past.groups()}):
        group = profile["groups"].get(name, {"rows": 0, "columns": {}})
        for part in _of_group(group, past, name, contract, load_date):
            yield replace(part, group=name)


def load_dates_compared(profile: Profile, past: Past) -> int:
    """Earlier load dates that count, of the question that has fewest."""
    return min([len(past.of_group(name)) for name in profile["groups"]] or [len(past.dates)])


def _of_group(
    group: Profile, past: Past, name: str, contract: Contract, load_date: date
) -> Iterator[Comparison]:
    earlier = past.of_group(name)
    enough = len(earlier) >= contract.history.at_least
    if contract.volume and len(past.rows(name)) >= contract.history.at_least:
        yield _volume(group["rows"], past.rows(name), contract.volume, load_date)
    limits = contract.distribution or Distribution()
    for column, counts in group["columns"].items():
        if limits and _stem(column) in limits.without:
            continue
        known = [part["columns"][column] for part in earlier if column in part["columns"]]
        columns = Columns(column, counts, known)
        if contract.distribution:
            yield from garbled(columns, limits)
        if contract.flipped_scale:
            yield from flipped(columns)
        if enough and contract.emptied:
            yield from emptied(columns)
        if enough and contract.distribution and not column.endswith(".garbled"):
            for compare in WITH_HISTORY:
                yield from compare(columns, limits)


def _freshness(
    profile: Profile, past: Past, limits: Freshness | None, load_date: date
) -> Iterator[Comparison]:
    parts = [group for part in (*past.profiles, profile) for group in part["groups"].values()]
    instants = [datetime.fromisoformat(part["newest"]) for part in parts if part["newest"]]
    if limits is None or not instants:
        return
    age = datetime.combine(load_date, time.min, UTC) - max(instants)
    hours = max(0.0, age.total_seconds() / 3600)
    rows = sum(group["rows"] for group in profile["groups"].values())
    facts = {"hours": hours, "limit": limits.hours}
    yield Comparison("freshness", "", rows, hours > limits.hours, None, facts)


def _volume(
    rows: int, earlier: Sequence[tuple[date, int]], limits: Volume, load_date: date
) -> Comparison:
    """Rows against the median of the same weekday, or of all load dates while those are few.

    The band is as wide as the widest of three: the declared least change; a number of robust
    standard deviations of the logarithm (1.4826 times the median absolute deviation, Hampel 1974,
    with the noise of a count as its least); and what was seen, less a twentieth at either end.
    After days without a load the surplus may be theirs.
    """
    weekdays = np.array([day.weekday() for day, _ in earlier])
    counts = np.array([count for _, count in earlier], np.float64)
    logs = np.log1p(counts)
    alike = weekdays == load_date.weekday()
    by_weekday = alike.sum() >= _LEAST_WEEKDAYS
    alike = alike if by_weekday else np.ones(len(counts), bool)
    centre = float(np.median(logs[alike]))
    centres = [np.median(logs[weekdays == day]) if by_weekday else centre for day in weekdays]
    spread = 1.4826 * float(np.median(np.abs(logs - np.array(centres))))
    spread = max(spread, float(np.exp(-centre / 2)), _LEAST_SPREAD) * limits.spreads
    median = float(np.expm1(centre))
    trimmed = int(alike.sum()) // _TRIMMED
    seen = np.sort(counts[alike])[trimmed : int(alike.sum()) - trimmed]
    left = 1 - limits.least_change
    # a low weekday may not have come yet
    seldom = left**0.5 if by_weekday else left
    low = min(float(np.expm1(centre - spread)), median * left, seen[0] * seldom)
    high = max(float(np.expm1(centre + spread)), median / left, seen[-1] / seldom)
    dates = int(alike.sum())
    facts = {"rows": rows, "low": max(0.0, low), "high": high, "median": median, "dates": dates}
    is_large = rows < low or rows / _days_waited(earlier, load_date) > high
    return Comparison("volume", "", rows, bool(is_large), None, facts)


def _days_waited(earlier: Sequence[tuple[date, int]], load_date: date) -> float:
    """Days since the last load, in usual intervals; at least 1."""
    days = [day.toordinal() for day, _ in earlier] + [load_date.toordinal()]
    gaps = np.diff(days)
    usual = float(np.median(gaps[:-1])) if len(gaps) > 1 else 1.0
    return max(1.0, float(gaps[-1]) / max(1.0, usual))


def _stem(column: str) -> str:
    return column.split(".", maxsplit=1)[0]
