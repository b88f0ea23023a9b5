"""Share of explained variance that each regressor contributes, averaged over all orders."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations

import numpy as np

from analysis.moments import Matrix, Vector


def explained_share(covariances: Matrix, regressors: Iterable[int]) -> Vector:
    """R² of column 0 on the given columns, for a stack of covariance matrices.

    Args:
        covariances: Shape (b, k, k), symmetric; column 0 is the outcome.
        regressors: Column numbers, without 0.

    Returns:
        Shape (b,).
    """
    chosen = list(regressors)
    if not chosen:
        return np.zeros(len(covariances))
    inner = covariances[:, chosen][:, :, chosen]
    cross = covariances[:, chosen, 0]
    slopes = np.linalg.solve(inner, cross[:, :, None])[:, :, 0]
    share: Vector = (slopes * cross).sum(axis=1) / covariances[:, 0, 0]
    return share


def lmg(covariances: Matrix) -> Matrix:
    """LMG: the Shapley value of R² (Lindeman, Merenda and Gold 1980; Grömping 2006).

    For each regressor the increase in R² when it joins, averaged over all orders of entry. The
    values are not negative and sum to R² exactly. Cost grows with 2^(k - 1).

    Args:
        covariances: Shape (b, k, k); column 0 is the outcome; non-singular.

    Returns:
        Shape (b, k - 1).
    """
    draws, k = covariances.shape[0], covariances.shape[1]
    p = k - 1
    spread = np.sqrt(np.diagonal(covariances, axis1=1, axis2=2))
    correlations = covariances / (spread[:, :, None] * spread[:, None, :])
    columns = range(1, k)
    shares = {
        chosen: explained_share(correlations, chosen)
        for size in range(p + 1)
        for chosen in combinations(columns, size)
    }
    importance = np.zeros((draws, p))
    for chosen, share in shares.items():
        size = len(chosen)
        for column in columns:
            if column in chosen:
                weight = math.factorial(size - 1) * math.factorial(p - size) / math.factorial(p)
                before = tuple(other for other in chosen if other != column)
                importance[:, column - 1] += weight * (share - shares[before])
    return importance
