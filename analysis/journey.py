"""The scorecard of the journey: each metric at each stage, department or touchpoint of one wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from analysis.catalog import Metric
from analysis.levels import level
from analysis.results import Estimate, Result
from analysis.warehouse import JourneyRow
from analysis.waves import wave_cell
from programme.benchmarks import Benchmark
from programme.surveys import JourneyStage

_PLACES = {
    "journey_stage": ("journey_stage",),
    "department": ("department",),
    "touchpoint": ("journey_stage", "touchpoint", "department"),
}
_STAGES = (*get_args(JourneyStage), "all", "unknown")


@dataclass(frozen=True)
class JourneyLevel:
    """One metric at one place; ``result`` is its level with its interval, or why there is none."""

    journey_stage: str
    touchpoint: str
    department: str
    metric: str
    result: Result

    def as_dict(self, breakdown: str) -> dict[str, Any]:
        """Plain types: the place as far as the breakdown tells it, the level or the reason."""
        names = _PLACES[breakdown]
        found = self.result
        values: dict[str, Any] = dict.fromkeys(("level", "lower", "upper"))
        if isinstance(found, Estimate):
            values = {"level": found.value, "lower": found.lower, "upper": found.upper}
        return {
            **{name: getattr(self, name) for name in names},
            "metric": self.metric,
            **values,
            "n": found.n,
            "reason": None if isinstance(found, Estimate) else found.reason,
        }


def journey_levels(
    rows: Sequence[JourneyRow],
    metrics: Mapping[str, Metric],
    benchmark: Benchmark,
    *,
    wave: str,
    breakdown: str,
) -> list[JourneyLevel]:
    """The levels of one wave, from awareness to advocacy, then by place and as declared.

    Metrics that the catalogue does not know are left out; the benchmark's edition names them.
    """
    order = {metric: place for place, metric in enumerate(benchmark.metrics)}
    found = [
        JourneyLevel(
            row.journey_stage,
            row.touchpoint,
            row.department,
            row.metric,
            level(
                wave_cell(row),
                scale=metrics[row.metric].scale,
                confidence=benchmark.confidence,
                min_answers=benchmark.min_answers,
            ),
        )
        for row in rows
        if (row.wave, row.breakdown) == (wave, breakdown) and row.metric in metrics
    ]
    return sorted(
        found,
        key=lambda at: (
            _STAGES.index(at.journey_stage),
            at.touchpoint,
            at.department,
            order.get(at.metric, len(order)),
        ),
    )
