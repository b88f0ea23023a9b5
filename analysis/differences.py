"""Differences and relative effects between two independent ratios."""

from __future__ import annotations

import math

from scipy import stats

from analysis.adjusted_wald import PROPORTION_WEIGHTS, SCORE_WEIGHTS, adjusted
from analysis.levels import Scale
from analysis.ratios import Ratio
from analysis.results import Estimate, NoEstimate, Result


def satterthwaite(first: float, n_first: int, second: float, n_second: int) -> float:
    """Degrees of freedom of a sum of two variances of estimates (Welch 1947)."""
    return float((first + second) ** 2 / (first**2 / (n_first - 1) + second**2 / (n_second - 1)))


def difference(later: Ratio, earlier: Ratio, *, confidence: float, null: float = 0.0) -> Result:
    """``later - earlier`` with Welch's t; the p-value is two-sided against ``null``.

    Returns:
        NoEstimate ``no_variation`` where neither side varies.

    Example:
        >>> found = difference(Ratio(5.0, 0.1, 20), Ratio(4.0, 0.1, 20), confidence=0.95)
        >>> found.value, round(found.p_value, 4), found.df
        (1.0, 0.0313, 38.0)
    """
    variance = later.variance + earlier.variance
    n = later.n + earlier.n
    if not variance > 0:
        return NoEstimate("no_variation", n)
    value, error = later.value - earlier.value, math.sqrt(variance)
    df = satterthwaite(later.variance, later.n, earlier.variance, earlier.n)
    half = float(stats.t.isf((1 - confidence) / 2, df)) * error
    p_value = 2 * float(stats.t.sf(abs(value - null) / error, df))
    return Estimate(
        value=value,
        std_error=error,
        lower=value - half,
        upper=value + half,
        n=n,
        df=df,
        method="welch_delta",
        p_value=p_value,
    )


def guarded_difference(
    later: Ratio,
    earlier: Ratio,
    *,
    scale: Scale,
    confidence: float,
    sizes: tuple[float, float] | None = None,
) -> Result:
    """``difference``, with pseudo-answers on a side in which everyone answered alike.

    ``sizes`` are the effective sizes of the two sides; units where not given. The value stays the
    observed difference; interval, standard error and p-value come from the adjusted sides
    (Agresti and Caffo 2000 for proportions).
    """
    if later.variance > 0 and earlier.variance > 0:
        return difference(later, earlier, confidence=confidence)
    if scale.bounds is None:
        return NoEstimate("no_variation", later.n + earlier.n)
    weights = PROPORTION_WEIGHTS if scale.kind == "proportion" else SCORE_WEIGHTS
    n_later, n_earlier = sizes or (float(later.n), float(earlier.n))
    moved = [
        side if side.variance > 0 else adjusted(side, n_eff=n, bounds=scale.bounds, weights=weights)
        for side, n in ((later, n_later), (earlier, n_earlier))
    ]
    found = difference(moved[0], moved[1], confidence=confidence)
    if isinstance(found, NoEstimate) or found.lower is None or found.upper is None:
        return found
    value = later.value - earlier.value
    return Estimate(
        value=value,
        std_error=found.std_error,
        lower=min(found.lower, value),
        upper=max(found.upper, value),
        n=found.n,
        df=found.df,
        method="welch_adjusted_wald",
        p_value=found.p_value,
        flags=("degenerate_sample",),
    )


def relative_effect(
    treatment: Ratio, control: Ratio, *, can_be_negative: bool, confidence: float
) -> Result:
    """``treatment / control - 1`` with an interval on the log scale.

    Var(log R) = Var(R) / R² on each side, Satterthwaite degrees of freedom from these terms
    (Bonett and Price 2020); the interval is asymmetric around the estimate. It carries no p-value:
    the test is that of the difference.

    Returns:
        NoEstimate ``can_be_negative`` for a metric such as NPS, ``level_not_positive`` where a
        level is zero or below, ``no_variation`` where neither side varies.
    """
    n = treatment.n + control.n
    if can_be_negative:
        return NoEstimate("can_be_negative", n)
    if treatment.value <= 0 or control.value <= 0:
        return NoEstimate("level_not_positive", n)
    logs = [
        Ratio(math.log(side.value), side.variance / side.value**2, side.n)
        for side in (treatment, control)
    ]
    found = difference(logs[0], logs[1], confidence=confidence)
    if isinstance(found, NoEstimate) or found.lower is None or found.upper is None:
        return found
    ratio = math.exp(found.value)
    return Estimate(
        value=math.expm1(found.value),
        std_error=ratio * (found.std_error or 0.0),
        lower=math.expm1(found.lower),
        upper=math.expm1(found.upper),
        n=n,
        df=found.df,
        method="log_delta",
    )
