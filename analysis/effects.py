"""The effect of one treatment on one metric: adjusted, unadjusted, relative, against its margin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from scipy import stats

from analysis.catalog import Metric
from analysis.cuped import Adjustment, adjust
from analysis.differences import difference, guarded_difference, relative_effect
from analysis.levels import Cell, cell_ratio
from analysis.margins import non_inferiority
from analysis.moments import Moments
from analysis.multiplicity import bonferroni_confidence
from analysis.ratios import Ratio
from analysis.results import Estimate, NoEstimate, Result, ResultRow, result_row
from programme.experiments import Experiment

# Linearisation needs a denominator that is far from zero in every sample.
MIN_EVENTS = 30


@dataclass(frozen=True, eq=False)
class Arm:
    """One arm's moments (num, den, pre_num, pre_den) over all exposed units, and its events."""

    moments: Moments | None
    n_units: int
    n_events: int

    @property
    def cell(self) -> Cell:
        """The outcome alone, as a cell of answers that all weigh the same."""
        if self.moments is None:
            return Cell(None, self.n_events, float(self.n_events))
        chosen = self.moments.select("num", "den")
        renamed = Moments(chosen.n, ("numerator", "denominator"), chosen.means, chosen.covariance)
        return Cell(renamed, self.n_events, float(self.n_events))


@dataclass(frozen=True)
class Effect:
    """One treatment against control, on one metric.

    Attributes:
        metric: Its name.
        variant: The treatment arm.
        headline: The difference at the plan's level without correction; adjusted where possible.
        unadjusted: The difference without covariates, where ``headline`` is adjusted.
        relative: Treatment / control - 1.
        variance_reduction: 1 - variance of the adjusted difference / of the unadjusted one.
    """

    metric: str
    variant: str
    headline: Result
    unadjusted: Result | None
    relative: Result
    variance_reduction: float | None


def effect(arms: Mapping[str, Arm], variant: str, *, metric: Metric, plan: Experiment) -> Effect:
    """Estimate ``variant - control`` with CUPED where the plan wants it and the covariates vary."""
    confidence = 1 - plan.alpha
    ratios: dict[str, Ratio] = {}
    for name in (variant, plan.control):
        arm = arms.get(name)
        found = cell_ratio(arm.cell if arm else None, min_answers=MIN_EVENTS)
        if isinstance(found, NoEstimate):
            return Effect(metric.metric, variant, found, None, found, None)
        ratios[name] = found
    scale = metric.scale
    plain = guarded_difference(
        ratios[variant], ratios[plan.control], scale=scale, confidence=confidence
    )
    adjustment = _adjustment(arms, plan) if _varies(ratios) else None
    sides, headline, unadjusted, reduction = ratios, _flagged(plain, "unadjusted"), None, None
    if isinstance(adjustment, NoEstimate):
        headline = _flagged(plain, "unadjusted", adjustment.reason)
    elif adjustment is not None and isinstance(plain, Estimate) and plain.std_error:
        sides = dict(adjustment.ratios)
        found_adjusted = difference(sides[variant], sides[plan.control], confidence=confidence)
        if isinstance(found_adjusted, Estimate) and found_adjusted.std_error:
            found_adjusted = replace(found_adjusted, method="cuped_welch_delta")
            reduction = 1 - (found_adjusted.std_error or 0.0) ** 2 / plain.std_error**2
            headline, unadjusted = _flagged(found_adjusted, "cuped"), plain
    relative = relative_effect(
        sides[variant],
        sides[plan.control],
        can_be_negative=scale.can_be_negative,
        confidence=confidence,
    )
    return Effect(metric.metric, variant, headline, unadjusted, relative, reduction)


def corrected(result: Result, *, alpha: float, tests: int) -> Result:
    """A difference with Bonferroni's p-value and the interval that belongs to it."""
    if isinstance(result, NoEstimate) or tests <= 1 or not result.std_error:
        return result
    confidence = bonferroni_confidence(1 - alpha, tests)
    half = _half_width(result, confidence)
    p_value = None if result.p_value is None else min(1.0, result.p_value * tests)
    centre = result.value
    return replace(result, lower=centre - half, upper=centre + half, p_value=p_value).flagged(
        "bonferroni"
    )


def effect_rows(
    found: Effect,
    *,
    plan: Experiment,
    tests: int,
    segment: tuple[str, str] = ("all", "all"),
    flags: tuple[str, ...] = (),
) -> Iterator[ResultRow]:
    """The long rows of one effect; ``tests`` is how many success tests share the error."""
    comparison = f"{found.variant}-{plan.control}"
    statistics: dict[str, Result | None] = {
        "difference": corrected(found.headline, alpha=plan.alpha, tests=tests),
        "difference_unadjusted": found.unadjusted,
        "relative": found.relative,
    }
    if segment == ("all", "all"):
        statistics["non_inferiority"] = guardrail_test(found, plan)
    if found.variance_reduction is not None and isinstance(found.headline, Estimate):
        statistics["variance_reduction"] = Estimate(
            found.variance_reduction, None, None, None, found.headline.n, "cuped_welch_delta"
        )
    for statistic, result in statistics.items():
        not_allowed = isinstance(result, NoEstimate) and result.reason == "can_be_negative"
        if result is None or not_allowed:
            continue
        yield result_row(
            result,
            metric=found.metric,
            statistic=statistic,
            window=f"{plan.window_days}d",
            comparison=comparison,
            segment=segment,
            flags=flags,
        )


def guardrail_test(found: Effect, plan: Experiment) -> Result | None:
    """Non-inferiority at the plan's alpha, one-sided; None where the metric is no guardrail."""
    for guardrail in plan.guardrails:
        if guardrail.metric == found.metric:
            return non_inferiority(
                found.headline, harm=guardrail.harm, margin=guardrail.margin, alpha=plan.alpha
            )
    return None


def _adjustment(arms: Mapping[str, Arm], plan: Experiment) -> Adjustment | NoEstimate | None:
    if not plan.use_cuped or plan.pre_period_days == 0:
        return None
    usable = {
        name: arm.moments
        for name, arm in arms.items()
        if arm.moments is not None and arm.moments.n > 1 and arm.moments.mean("den") > 0
    }
    return adjust(usable)


def _varies(ratios: Mapping[str, Ratio]) -> bool:
    return all(ratio.variance > 0 for ratio in ratios.values())


def _flagged(result: Result, *flags: str) -> Result:
    return result.flagged(*flags) if isinstance(result, Estimate) else result


def _half_width(result: Estimate, confidence: float) -> float:
    tail = (1 - confidence) / 2
    quantile = stats.norm.isf(tail) if result.df is None else stats.t.isf(tail, result.df)
    return float(quantile) * (result.std_error or 0.0)
