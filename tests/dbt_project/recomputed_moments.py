"""The published moments once more, unit by unit in Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import numpy as np

from tests.dbt_project import world
from tests.dbt_project.recomputed_events import Event, Record, wave_of
from tests.dbt_project.world import World


def wave_moments(events: Iterable[Event]) -> dict[tuple[str, ...], dict[str, float]]:
    """The rows of ``wave_moments`` by (wave, metric, segment name, segment value)."""
    groups: dict[tuple[str, ...], list[Event]] = defaultdict(list)
    for event in events:
        wave = wave_of(event.at)
        if wave is not None:
            groups[(wave, event.metric, "all", "all")].append(event)
            for segment in world.BENCHMARK_SEGMENTS:
                groups[(wave, event.metric, segment, event.segments[segment])].append(event)
    return {key: _unit_moments(members) for key, members in groups.items()}


def _unit_moments(members: list[Event]) -> dict[str, float]:
    totals: dict[tuple[str, str], np.ndarray] = defaultdict(lambda: np.zeros(2))
    for event in members:
        unit = ("customer", event.customer_id) if event.customer_id else ("event", event.event_id)
        totals[unit] += event.weight * np.array([event.value, event.denominator])
    values = np.array(list(totals.values()))
    spread = np.cov(values.T) if len(values) > 1 else np.full((2, 2), np.nan)
    weights = np.array([event.weight * event.denominator for event in members])
    return {
        "n_units": len(values),
        "n_events": len(members),
        "sum_weight": weights.sum(),
        "sum_weight_squared": (weights**2).sum(),
        "mean_numerator": values[:, 0].mean(),
        "mean_denominator": values[:, 1].mean(),
        "var_numerator": spread[0, 0],
        "var_denominator": spread[1, 1],
        "cov_numerator_denominator": spread[0, 1],
    }


def first_exposures(company: World) -> tuple[dict[str, tuple[str, datetime]], int]:
    """Arm and first exposure of every unit of one arm, and the number of units of several."""
    plan = world.EXPERIMENT
    seen: dict[str, list[Record]] = defaultdict(list)
    for row in company.clean["exposure"]:
        if row["experiment_id"] != plan["experiment_id"]:
            continue
        if plan["starts_on"] <= row["exposed_at"].date() <= plan["ends_on"]:
            seen[row["unit_id"]].append(row)
    several = {unit for unit, rows in seen.items() if len({row["variant"] for row in rows}) > 1}
    kept = {
        unit: (rows[0]["variant"], min(row["exposed_at"] for row in rows))
        for unit, rows in seen.items()
        if unit not in several
    }
    return kept, len(several)


def experiment_moments(
    company: World, events: list[Event], segment: Callable[[str, datetime], str]
) -> dict[tuple[str, str, str], dict[str, float]]:
    """Rows of ``experiment_moments`` by (variant, metric, value that ``segment`` gives a unit)."""
    exposures, _ = first_exposures(company)
    by_unit: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.customer_id in exposures:
            by_unit[(event.metric, event.customer_id)].append(event)
    totals: dict[tuple[str, str, str], list[list[float]]] = defaultdict(list)
    for metric in world.EXPERIMENT_METRICS:
        for unit, (variant, exposed) in exposures.items():
            key = (variant, metric, segment(unit, exposed))
            own = by_unit[(metric, unit)]
            totals[key].append([*windowed(own, exposed), float(len(_after(own, exposed)))])
    return {key: _covariances(np.array(rows)) for key, rows in totals.items()}


def windowed(members: list[Event], exposed: datetime) -> list[float]:
    """Totals num, den, pre_num and pre_den of one unit's events around its exposure."""
    start = exposed - timedelta(days=world.EXPERIMENT["pre_period_days"])
    before = [
        e for e in members if start <= e.at < exposed and (not e.over_at or e.over_at <= exposed)
    ]
    windows = (_after(members, exposed), before)
    return [part(window) for window in windows for part in (_numerator, _denominator)]


def _after(members: list[Event], exposed: datetime) -> list[Event]:
    end = exposed + timedelta(days=world.EXPERIMENT["window_days"])
    return [e for e in members if exposed <= e.at < end and (not e.over_at or e.over_at <= end)]


def _numerator(members: list[Event]) -> float:
    return sum(event.value for event in members)


def _denominator(members: list[Event]) -> float:
    return sum(event.denominator for event in members)


def _covariances(values: np.ndarray) -> dict[str, float]:
    names = ("num", "den", "pre_num", "pre_den")
    spread = np.cov(values.T) if len(values) > 1 else np.full((5, 5), np.nan)
    found = {"n_units": len(values), "n_events": values[:, 4].sum()}
    for i, x in enumerate(names):
        found[f"mean_{x}"] = values[:, i].mean()
        for j in range(i, 4):
            found[f"cov_{x}_{names[j]}"] = spread[i, j]
    return found
