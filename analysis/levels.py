"""The level of a metric in one cell (wave, arm, segment), with an interval fit for its kind."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import stats

from analysis.adjusted_wald import SCORE_WEIGHTS, adjusted
from analysis.moments import Moments
from analysis.proportions import effective_answers, wilson
from analysis.ratios import Ratio, ratio_of_means
from analysis.results import Estimate, NoEstimate, Result


@dataclass(frozen=True)
class Scale:
    """What an estimator must know of a metric.

    Attributes:
        kind: mean, proportion, score or duration.
        minimum: Lowest possible value; None where unbounded.
        maximum: Highest possible value; None where unbounded.
        can_be_negative: Whether levels below zero are possible; then no relative effect is given.
    """

    kind: str
    minimum: float | None
    maximum: float | None
    can_be_negative: bool

    @property
    def bounds(self) -> tuple[float, float] | None:
        """Both ends, or None where one is open."""
        if self.minimum is None or self.maximum is None:
            return None
        return self.minimum, self.maximum

    def clip(self, lower: float, upper: float) -> tuple[float, float]:
        """An interval without the values that the scale does not hold."""
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        return max(lower, low), min(upper, high)


@dataclass(frozen=True, eq=False)
class Cell:
    """Weighted unit totals of one metric in one cell.

    Attributes:
        moments: Columns ``numerator`` and ``denominator`` over units; None without a unit.
        n_events: Answers or events behind the metric, unweighted.
        kish: Kish's effective size, (sum w)² / sum w² over events.
    """

    moments: Moments | None
    n_events: int
    kish: float


def kish_effective_size(sum_weight: float, sum_weight_squared: float) -> float:
    """(sum w)² / sum w² (Kish 1965, section 11.7); 0 where there is no weight.

    Example:
        >>> kish_effective_size(4.0, 4.0)
        4.0
    """
    return sum_weight**2 / sum_weight_squared if sum_weight_squared > 0 else 0.0


def cell_ratio(cell: Cell | None, *, min_answers: int) -> Ratio | NoEstimate:
    """The ratio of a cell, or why there is none: no answers, too few, one unit, no denominator."""
    if cell is None or cell.moments is None or cell.n_events == 0:
        return NoEstimate("no_answers", 0)
    if cell.n_events < min_answers:
        return NoEstimate("too_few_answers", cell.n_events)
    found = ratio_of_means(cell.moments)
    if isinstance(found, NoEstimate):
        return NoEstimate(found.reason, cell.n_events)
    return found


def level(cell: Cell | None, *, scale: Scale, confidence: float, min_answers: int) -> Result:
    """Ratio of means with Wilson's interval for proportions and a linearised t interval otherwise.

    A bounded score without any variance gets the adjusted Wald interval; an unbounded one has no
    interval that can be defended, hence ``no_variation``.
    """
    ratio = cell_ratio(cell, min_answers=min_answers)
    if isinstance(ratio, NoEstimate) or cell is None:
        return ratio if isinstance(ratio, NoEstimate) else NoEstimate("no_answers", 0)
    flags = ("weighted",) if cell.kish < cell.n_events * (1 - 1e-9) else ()
    if scale.kind == "proportion":
        return _proportion(ratio, cell, confidence=confidence, flags=flags)
    if ratio.variance > 0:
        return _linearised(ratio, cell, scale=scale, confidence=confidence, flags=flags)
    if scale.bounds is None:
        return NoEstimate("no_variation", cell.n_events)
    return _degenerate(ratio, cell, scale=scale, confidence=confidence, flags=flags)


def _proportion(ratio: Ratio, cell: Cell, *, confidence: float, flags: tuple[str, ...]) -> Estimate:
    size = effective_answers(ratio, n_events=cell.n_events, kish=cell.kish, confidence=confidence)
    lower, upper = wilson(min(1.0, max(0.0, ratio.value)), size, confidence=confidence)
    return Estimate(
        value=ratio.value,
        std_error=math.sqrt(ratio.variance),
        lower=lower,
        upper=upper,
        n=cell.n_events,
        n_eff=size,
        df=ratio.n - 1,
        method="wilson_effective_n",
        flags=flags,
    )


def _linearised(
    ratio: Ratio, cell: Cell, *, scale: Scale, confidence: float, flags: tuple[str, ...]
) -> Estimate:
    error = math.sqrt(ratio.variance)
    half = float(stats.t.isf((1 - confidence) / 2, ratio.n - 1)) * error
    lower, upper = scale.clip(ratio.value - half, ratio.value + half)
    return Estimate(
        value=ratio.value,
        std_error=error,
        lower=lower,
        upper=upper,
        n=cell.n_events,
        n_eff=cell.kish,
        df=ratio.n - 1,
        method="linearised_t",
        flags=flags,
    )


def _degenerate(
    ratio: Ratio, cell: Cell, *, scale: Scale, confidence: float, flags: tuple[str, ...]
) -> Estimate:
    assert scale.bounds is not None  # noqa: S101  level() asks before
    size = min(cell.kish, float(ratio.n))
    moved = adjusted(ratio, n_eff=size, bounds=scale.bounds, weights=SCORE_WEIGHTS)
    half = float(stats.norm.isf((1 - confidence) / 2)) * math.sqrt(moved.variance)
    lower, upper = scale.clip(moved.value - half, moved.value + half)
    return Estimate(
        value=ratio.value,
        std_error=math.sqrt(moved.variance),
        lower=min(lower, ratio.value),
        upper=max(upper, ratio.value),
        n=cell.n_events,
        n_eff=size,
        method="adjusted_wald",
        flags=(*flags, "degenerate_sample"),
    )
