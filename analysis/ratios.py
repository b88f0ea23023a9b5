"""A metric as a ratio of means over units, with the variance of its linearisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.moments import Moments, Vector
from analysis.results import NoEstimate

# Below this share of its own terms a linearised variance is rounding error: every unit has the
# same ratio, for example 60 promoters and nobody else.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Ratio:
    """A point estimate and the sampling variance of that estimate.

    Attributes:
        value: mean(numerator) / mean(denominator).
        variance: Variance of ``value`` (not of one unit).
        n: Units.
    """

    value: float
    variance: float
    n: int


def gradient(moments: Moments, numerator: str, denominator: str) -> Vector:
    """Derivatives of the ratio by every mean, shape (k,): 1/D, -R/D, and 0 for other columns."""
    mean_denominator = moments.mean(denominator)
    ratio = moments.mean(numerator) / mean_denominator
    slope = np.zeros(len(moments.names))
    slope[moments.names.index(numerator)] += 1 / mean_denominator
    slope[moments.names.index(denominator)] -= ratio / mean_denominator
    return slope


def ratio_of_means(
    moments: Moments, numerator: str = "numerator", denominator: str = "denominator"
) -> Ratio | NoEstimate:
    """R = mean(N) / mean(D) and Var(R) = (S_NN - 2 R S_ND + R² S_DD) / (n mean(D)²).

    Taylor linearisation over units; with weighted unit totals and customers as units it is the
    ultimate-cluster variance of a weighted mean (Särndal, Swensson and Wretman 1992, section 5.6).
    The mean of a column is the special case of a denominator that is 1 for every unit.

    Returns:
        NoEstimate ``too_few_units`` for fewer than 2 units, ``no_denominator`` where the metric
        applies to no event.
    """
    if moments.n < 2:
        return NoEstimate("too_few_units", moments.n)
    if not moments.mean(denominator) > 0:
        return NoEstimate("no_denominator", moments.n)
    slope = gradient(moments, numerator, denominator)
    terms = np.outer(slope, slope) * moments.covariance
    variance = float(terms.sum())
    if variance <= _ROUNDING * float(np.abs(terms).sum()):
        variance = 0.0
    value = moments.mean(numerator) / moments.mean(denominator)
    return Ratio(value, variance / moments.n, moments.n)
