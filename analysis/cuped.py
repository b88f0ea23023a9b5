"""Variance reduction by what was known of a unit before its exposure (CUPED)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.moments import Matrix, Moments, Vector
from analysis.ratios import Ratio, gradient, ratio_of_means
from analysis.results import NoEstimate

COVARIATES = ("pre_num", "pre_den")


@dataclass(frozen=True, eq=False)
class Adjustment:
    """Adjusted levels of all arms and how they came about.

    Attributes:
        ratios: Arm to adjusted ratio; differences between arms are the adjusted effects.
        covariates: Names of the covariates that vary.
        theta: Shape (len(covariates),), slopes of the linearised metric on them.
        variance_reduction: 1 - sum of adjusted variances / sum of unadjusted ones, over arms.
    """

    ratios: Mapping[str, Ratio]
    covariates: tuple[str, ...]
    theta: Vector
    variance_reduction: float


def adjust(
    arms: Mapping[str, Moments],
    *,
    numerator: str = "num",
    denominator: str = "den",
    covariates: tuple[str, ...] = COVARIATES,
    theta: Vector | None = None,
) -> Adjustment | NoEstimate:
    """Remove from each arm's ratio what its pre-period totals predict.

    Deng, Xu, Kohavi and Walker (2013), extended to ratios: with Z the arm's linearised metric and X
    the pre-period numerator and denominator, theta solves the normal equations of Z on X pooled
    within arms (the slope of ANCOVA, Freedman 2008), and
    R_adjusted = R - theta'(mean X - mean X over all arms). ``theta`` overrides the slope, one value
    per covariate, for comparison with other conventions.

    Returns:
        NoEstimate ``covariate_without_variance`` where no covariate varies, and any reason of
        ``ratio_of_means``.
    """
    plain: dict[str, Ratio] = {}
    for name, arm in arms.items():
        ratio = ratio_of_means(arm, numerator, denominator)
        if isinstance(ratio, NoEstimate):
            return ratio
        plain[name] = ratio
    used = tuple(name for name in covariates if _varies(arms, name))
    if not used:
        return NoEstimate("covariate_without_variance", sum(arm.n for arm in arms.values()))
    slope = pooled_slope(arms, numerator, denominator, used) if theta is None else theta
    units = sum(arm.n for arm in arms.values())
    centre = sum(arm.n * arm.select(*used).means for arm in arms.values()) / units
    ratios = {}
    for name, arm in arms.items():
        shift = float(slope @ (arm.select(*used).means - centre))
        direction = gradient(arm, numerator, denominator)
        for covariate, weight in zip(used, slope, strict=True):
            direction[arm.names.index(covariate)] -= weight
        variance = max(float(direction @ arm.covariance @ direction), 0.0)
        ratios[name] = Ratio(plain[name].value - shift, variance / arm.n, arm.n)
    before = sum(ratio.variance for ratio in plain.values())
    after = sum(ratio.variance for ratio in ratios.values())
    return Adjustment(ratios, used, slope, 1 - after / before if before > 0 else 0.0)


def pooled_slope(
    arms: Mapping[str, Moments], numerator: str, denominator: str, covariates: tuple[str, ...]
) -> Vector:
    """Slopes of the linearised ratio on the covariates, from scatter pooled within arms.

    Covariates that repeat one another share the slope (minimum-norm solution on the
    standardised scale).
    """
    k = len(covariates)
    scatter: Matrix = np.zeros((k, k))
    cross: Vector = np.zeros(k)
    for arm in arms.values():
        at = [arm.names.index(name) for name in covariates]
        scatter += (arm.n - 1) * arm.covariance[np.ix_(at, at)]
        cross += (arm.n - 1) * (arm.covariance[at] @ gradient(arm, numerator, denominator))
    spread = np.sqrt(np.diag(scatter))
    correlation = scatter / np.outer(spread, spread)
    solved = np.linalg.lstsq(correlation, cross / spread, rcond=1e-10)[0]
    slope: Vector = solved / spread
    return slope


def _varies(arms: Mapping[str, Moments], name: str) -> bool:
    # relative to the mean, because a constant near 1e9 leaves variance of rounding behind
    return any(arm.variance(name) > 1e-24 * arm.mean(name) ** 2 for arm in arms.values()) and any(
        arm.variance(name) > 0 for arm in arms.values()
    )
