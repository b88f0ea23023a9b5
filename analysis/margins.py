"""Non-inferiority: does the data rule out harm beyond a declared margin?"""

from __future__ import annotations

import math
from typing import Literal

from scipy import stats

from analysis.results import Estimate, NoEstimate, Result

Harm = Literal["increase", "decrease"]


def non_inferiority(effect: Result, *, harm: Harm, margin: float, alpha: float) -> Result:
    """One-sided test at ``alpha`` of H0: the harm is at least ``margin``.

    ``effect`` is the difference treatment - control with its standard error and degrees of
    freedom. The returned estimate has the one-sided confidence limit on the side of harm only
    (``upper`` where an increase harms, ``lower`` where a decrease does); the guardrail holds iff
    that limit lies within the margin, equivalently iff ``p_value`` < alpha.

    Example:
        >>> effect = Estimate(0.0, 1.0, -2.0, 2.0, 100, "welch_delta", df=98.0)
        >>> round(non_inferiority(effect, harm="increase", margin=2.0, alpha=0.05).upper, 3)
        1.661
    """
    if isinstance(effect, NoEstimate) or not effect.std_error:
        return effect if isinstance(effect, NoEstimate) else NoEstimate("no_variation", effect.n)
    sign = 1.0 if harm == "increase" else -1.0
    df = math.inf if effect.df is None else effect.df
    reach = float(stats.t.isf(alpha, df)) * effect.std_error
    limit = effect.value + sign * reach
    statistic = (margin - sign * effect.value) / effect.std_error
    return Estimate(
        value=effect.value,
        std_error=effect.std_error,
        lower=limit if harm == "decrease" else None,
        upper=limit if harm == "increase" else None,
        n=effect.n,
        df=effect.df,
        method="non_inferiority_one_sided",
        p_value=float(stats.t.sf(statistic, df)),
        flags=effect.flags,
    )
