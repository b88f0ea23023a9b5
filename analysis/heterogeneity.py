"""Does an effect differ between segments? One test, asked before any segment is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence

from scipy import stats

from analysis.results import Estimate, NoEstimate, Result


def interaction(effects: Sequence[Result]) -> Result:
    """Cochran's Q of the segments' effects: sum w (d - d_pooled)², w = 1 / SE², chi-square(k - 1).

    Segments without an estimate do not count. For two segments it is the z test of Altman and
    Bland (2003) squared. The estimate's ``value`` is Q; it has no interval.

    Returns:
        NoEstimate ``fewer_than_two_segments``.
    """
    known = [
        (effect.value, effect.std_error)
        for effect in effects
        if isinstance(effect, Estimate) and effect.std_error
    ]
    n = sum(effect.n or 0 for effect in effects)
    if len(known) < 2:
        return NoEstimate("fewer_than_two_segments", n)
    pooled, _ = pooled_effect(known)
    q = math.fsum(((value - pooled) / error) ** 2 for value, error in known)
    df = len(known) - 1
    p_value = float(stats.chi2.sf(q, df))
    return Estimate(q, None, None, None, n, "cochran_q", p_value=p_value, df=float(df))


def pooled_effect(effects: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Inverse-variance mean of (value, standard error) pairs and its standard error."""
    weights = [1 / error**2 for _, error in effects]
    total = math.fsum(weights)
    mean = math.fsum(w * value for w, (value, _) in zip(weights, effects, strict=True)) / total
    return mean, math.sqrt(1 / total)
