"""Score interval of a proportion, from a simple or from a complex sample."""

from __future__ import annotations

import math

from scipy import stats

from analysis.ratios import Ratio


def wilson(proportion: float, n: float, *, confidence: float) -> tuple[float, float]:
    """Wilson (1927) score interval; ``n`` may be an effective, fractional sample size.

    It lies within [0, 1] and has positive width for 0 and n successes too.

    Example:
        >>> [round(limit, 4) for limit in wilson(81 / 263, 263, confidence=0.95)]
        [0.2553, 0.3662]
    """
    z = float(stats.norm.isf((1 - confidence) / 2))
    shrink = 1 + z * z / n
    centre = (proportion + z * z / (2 * n)) / shrink
    half = z * math.sqrt(proportion * (1 - proportion) / n + z * z / (4 * n * n)) / shrink
    lower = 0.0 if proportion <= 0 else max(0.0, centre - half)
    upper = 1.0 if proportion >= 1 else min(1.0, centre + half)
    return lower, upper


def effective_answers(ratio: Ratio, *, n_events: int, kish: float, confidence: float) -> float:
    """Sample size of a simple random sample as informative about a proportion as this one.

    n / deff with deff = Var / (p (1 - p) / (n - 1)), never above Kish's effective size, and
    corrected for the degrees of freedom of few units as Korn and Graubard (1998) do:
    (t_{n-1} / t_{units-1})². For equal weights and one answer per unit it is n. Where everyone
    answered alike the sample shows no design effect, so that only the weights and the number of
    units count.
    """
    p = ratio.value
    if ratio.variance <= 0 or not 0 < p < 1:
        size = min(kish, float(ratio.n))
    else:
        deff = ratio.variance * (n_events - 1) / (p * (1 - p))
        size = min(kish, n_events / deff)
    tail = (1 - confidence) / 2
    few_units = float(stats.t.isf(tail, n_events - 1) / stats.t.isf(tail, ratio.n - 1))
    return float(size * min(1.0, few_units**2))
