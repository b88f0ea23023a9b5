"""The long rows of an experiment: levels, effects, interactions, segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from analysis.catalog import Metric
from analysis.effects import MIN_EVENTS, Arm, Effect, effect, effect_rows
from analysis.heterogeneity import interaction
from analysis.levels import level
from analysis.moments import Moments
from analysis.results import NoEstimate, ResultRow, result_row
from analysis.verdict import success_tests
from analysis.warehouse import ArmRow
from programme.experiments import Experiment

_COLUMNS = ("num", "den", "pre_num", "pre_den")
Segment = tuple[str, str]
Arms = Mapping[str, Arm]
Cells = Mapping[tuple[str, str, str], Arms]


def arms_by_metric(rows: Sequence[ArmRow]) -> dict[tuple[str, str, str], dict[str, Arm]]:
    """Arms keyed by (metric, segment name, segment value), then by variant."""
    found: dict[tuple[str, str, str], dict[str, Arm]] = {}
    for row in rows:
        key = (row.metric, row.segment_name, row.segment_value)
        found.setdefault(key, {})[row.variant] = Arm(_moments(row), row.n_units, row.n_events)
    return found


def all_effects(
    plan: Experiment,
    metrics: Mapping[str, Metric],
    cells: Cells,
    segment: Segment = ("all", "all"),
) -> list[Effect]:
    """Every treatment on every registered or later metric, in the plan's order."""
    found = []
    for name in dict.fromkeys((*plan.metrics, *metrics)):
        for variant in _treatments(plan):
            if name in metrics:
                arms = cells.get((name, *segment), {})
                found.append(effect(arms, variant, metric=metrics[name], plan=plan))
            else:
                missing = NoEstimate("metric_not_defined")
                found.append(Effect(name, variant, missing, None, missing, None))
    return found


def result_rows(
    plan: Experiment,
    metrics: Mapping[str, Metric],
    cells: Cells,
    effects: Sequence[Effect],
    segments: Sequence[str],
) -> Iterator[ResultRow]:
    """Everything that may be read once the checks passed; unregistered parts are exploratory."""
    success = {item.metric for item in plan.success}
    added = {name: ("exploratory",) for name in metrics if name not in plan.metrics}
    for name, metric in metrics.items():
        yield from _levels(plan, metric, cells.get((name, "all", "all"), {}))
    for found in effects:
        tests = success_tests(plan) if found.metric in success else 1
        yield from effect_rows(found, plan=plan, tests=tests, flags=added.get(found.metric, ()))
    for name in segments:
        yield from _segment_rows(plan, metrics, cells, name)


def withheld_rows(
    plan: Experiment, metrics: Mapping[str, Metric], counts: Mapping[str, int], *, reason: str
) -> Iterator[ResultRow]:
    """What is left when a check failed: how many units each arm has, and why nothing else."""
    window = f"{plan.window_days}d"
    for name in metrics:
        for variant in plan.variants:
            missing = NoEstimate(reason, counts.get(variant, 0))
            yield result_row(
                missing, metric=name, statistic="level", window=window, comparison=variant
            )
        for variant in _treatments(plan):
            n = counts.get(variant, 0) + counts.get(plan.control, 0)
            yield result_row(
                NoEstimate(reason, n),
                metric=name,
                statistic="difference",
                window=window,
                comparison=f"{variant}-{plan.control}",
            )


def _levels(plan: Experiment, metric: Metric, arms: Arms) -> Iterator[ResultRow]:
    for variant in plan.variants:
        arm = arms.get(variant)
        yield result_row(
            level(
                arm.cell if arm else None,
                scale=metric.scale,
                confidence=1 - plan.alpha,
                min_answers=MIN_EVENTS,
            ),
            metric=metric.metric,
            statistic="level",
            window=f"{plan.window_days}d",
            comparison=variant,
        )


def _segment_rows(
    plan: Experiment,
    metrics: Mapping[str, Metric],
    cells: Cells,
    segment: str,
) -> Iterator[ResultRow]:
    """The interaction first; the segments' own effects are no evidence that they differ."""
    flags = () if segment in plan.segments else ("exploratory",)
    for name in (name for name in metrics if name in plan.metrics):
        values = sorted({key[2] for key in cells if key[0] == name and key[1] == segment})
        for variant in _treatments(plan):
            effects = [
                effect(cells[(name, segment, value)], variant, metric=metrics[name], plan=plan)
                for value in values
            ]
            yield result_row(
                interaction([found.headline for found in effects]),
                metric=name,
                statistic="interaction",
                window=f"{plan.window_days}d",
                comparison=f"{variant}-{plan.control}",
                segment=(segment, "all"),
                flags=flags,
            )
            for value, found in zip(values, effects, strict=True):
                yield from effect_rows(
                    found, plan=plan, tests=1, segment=(segment, value), flags=flags
                )


def _treatments(plan: Experiment) -> list[str]:
    return [name for name in plan.variants if name != plan.control]


def _moments(row: ArmRow) -> Moments | None:
    if row.n_units < 1:
        return None
    means = np.array([getattr(row, f"mean_{name}") for name in _COLUMNS])
    covariance = np.zeros((len(_COLUMNS), len(_COLUMNS)))
    for i, first in enumerate(_COLUMNS):
        for j, second in enumerate(_COLUMNS[i:], start=i):
            covariance[i, j] = covariance[j, i] = getattr(row, f"cov_{first}_{second}") or 0.0
    return Moments(row.n_units, _COLUMNS, means, covariance)
