"""Which ratings go with the outcome, how strongly, and how sure the order of them is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.lmg import lmg
from analysis.moments import Matrix, Vector
from analysis.results import NoEstimate
from analysis.warehouse import DriverRow

_DRAWS = 1000
_MOST_ITEMS = 12
_FEWEST_BUCKETS = 20
_ANSWERS_PER_ITEM = 10
# 1 - R² of an item on the others below which its slope is decided by rounding
_COLLINEAR = 1e-9


@dataclass(frozen=True, eq=False)
class BucketMoments:
    """Weighted moments of outcome and items in disjoint buckets of customers.

    Attributes:
        names: Outcome first, then the items; k of them.
        n: Shape (b,), complete answers per bucket.
        weights: Shape (b,), sum of weights.
        means: Shape (b, k).
        scatters: Shape (b, k, k), weighted centred cross-moments.
    """

    names: tuple[str, ...]
    n: Vector
    weights: Vector
    means: Matrix
    scatters: Matrix

    def merged(self, repeats: Matrix) -> tuple[Matrix, Matrix]:
        """Means (d, k) and covariances (d, k, k) with each bucket counted ``repeats`` (d, b) times.

        Scatter adds up within buckets plus between them, around means taken relative to the mean of
        all buckets, so that no large squares are subtracted.
        """
        centre = self.weights @ self.means / self.weights.sum()
        off = self.means - centre
        mass = repeats @ self.weights
        shift = repeats @ (self.weights[:, None] * off) / mass[:, None]
        squares = self.scatters + self.weights[:, None, None] * off[:, :, None] * off[:, None, :]
        scatter = np.einsum("db,bij->dij", repeats, squares) / mass[:, None, None]
        covariances: Matrix = scatter - shift[:, :, None] * shift[:, None, :]
        return centre + shift, covariances


@dataclass(frozen=True)
class Driver:
    """One item.

    Attributes:
        item: Question id.
        importance: Its LMG share of R², 0-1, summing to 1 over items; None with a ``reason``.
        lower, upper: Percentile interval over resampled buckets.
        rank: 1 is the most important; the interval of ranks comes from the same draws.
        mean: Weighted mean of the item, oriented so that high is good.
        n: Complete answers.
        reason: Why there is no importance.
    """

    item: str
    importance: float | None
    lower: float | None
    upper: float | None
    rank: int | None
    rank_lower: int | None
    rank_upper: int | None
    mean: float | None
    n: int
    reason: str | None


@dataclass(frozen=True)
class DriverFit:
    """All items by rank, and how much they explain together."""

    drivers: tuple[Driver, ...]
    r_squared: float
    r_squared_lower: float
    r_squared_upper: float
    n: int


def bucket_moments(rows: Iterable[DriverRow], outcome: str, items: Sequence[str]) -> BucketMoments:
    """Arrange the long rows of one wave; pairs may come in either order.

    Raises:
        ValueError: a bucket lacks a pair of the declared columns.
    """
    names = (outcome, *items)
    at = {name: position for position, name in enumerate(names)}
    chosen = [row for row in rows if row.item_x in at and row.item_y in at and row.n > 0]
    buckets = sorted({row.bucket for row in chosen})
    k = len(names)
    n, weights = np.zeros(len(buckets)), np.zeros(len(buckets))
    means, scatters = np.zeros((len(buckets), k)), np.full((len(buckets), k, k), np.nan)
    for row in chosen:
        b, x, y = buckets.index(row.bucket), at[row.item_x], at[row.item_y]
        n[b], weights[b] = row.n, row.sum_weight
        means[b, x], means[b, y] = row.mean_x, row.mean_y
        scatters[b, x, y] = scatters[b, y, x] = row.cross_moment
    if np.isnan(scatters).any():
        raise ValueError(f"driver moments of {outcome} lack pairs of {list(items)}")
    return BucketMoments(names, n, weights, means, scatters)


def rank_drivers(
    moments: BucketMoments, *, confidence: float, seed: int, min_answers: int
) -> DriverFit | NoEstimate:
    """Shares of R² (LMG) with bootstrap intervals, and intervals of the items' ranks.

    Buckets are disjoint random groups of customers, so that resampling them is a cluster
    bootstrap. Constant items get the reason ``constant_item`` and are left out of the fit.

    Returns:
        NoEstimate ``no_answers``, ``too_few_answers``, ``too_few_buckets``,
        ``constant_outcome``, ``constant_items``, ``too_many_items``, ``collinear_items`` or
        ``unstable_resampling``.
    """
    if not len(moments.n):
        return NoEstimate("no_answers", 0)
    means, covariances = moments.merged(np.ones((1, len(moments.n))))
    n, items = int(moments.n.sum()), moments.names[1:]
    varies = np.diagonal(covariances[0]) > 1e-12 * (1 + means[0] ** 2)
    kept = [position for position in range(len(moments.names)) if varies[position]]
    obstacle = _obstacle(moments, covariances[0], kept, min_answers=min_answers)
    if obstacle:
        return NoEstimate(obstacle, n)
    point = lmg(covariances[:, kept][:, :, kept])
    draws = _resampled(moments, kept, seed=seed)
    if len(draws) < _DRAWS / 2:
        return NoEstimate("unstable_resampling", n)
    averages = dict(zip(moments.names, means[0], strict=True))
    names = [moments.names[position] for position in kept[1:]]
    found = _with_ranks(
        names, _shares(point)[0], _shares(draws), confidence=confidence, means=averages, n=n
    )
    constant = [
        Driver(item, None, None, None, None, None, None, float(averages[item]), n, "constant_item")
        for item in items
        if item not in names
    ]
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws.sum(axis=1), [tail, 1 - tail])
    total = float(point.sum())
    return DriverFit((*found, *constant), total, min(float(low), total), max(float(high), total), n)


def _obstacle(
    moments: BucketMoments, covariance: Matrix, kept: list[int], *, min_answers: int
) -> str | None:
    items = len(moments.names) - 1
    if moments.n.sum() < max(min_answers, _ANSWERS_PER_ITEM * items):
        return "too_few_answers"
    if len(moments.n) < _FEWEST_BUCKETS:
        return "too_few_buckets"
    if 0 not in kept:
        return "constant_outcome"
    if len(kept) < 2:
        return "constant_items"
    if len(kept) - 1 > _MOST_ITEMS:
        return "too_many_items"
    if tolerance(covariance[np.ix_(kept[1:], kept[1:])]).min() < _COLLINEAR:
        return "collinear_items"
    return None


def tolerance(covariance: Matrix) -> Vector:
    """1 - R² of each column on all the others, shape (k,); 0 where it is a combination of them."""
    spread = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(spread, spread)
    values, vectors = np.linalg.eigh(correlation)
    # pseudo-inverse with a floor: an exact combination then shows as a huge diagonal, not an error
    inverse = (vectors**2) @ (1 / np.maximum(values, 1e-15))
    result: Vector = 1 / inverse
    return result


def _resampled(moments: BucketMoments, kept: list[int], *, seed: int) -> Matrix:
    buckets = len(moments.n)
    generator = np.random.default_rng(seed)
    repeats = generator.multinomial(buckets, [1 / buckets] * buckets, size=_DRAWS).astype(float)
    _, covariances = moments.merged(repeats)
    chosen = covariances[:, kept][:, :, kept]
    # a draw in which an item does not vary, or repeats another, has no decomposition
    usable = [
        bool((np.diagonal(draw) > 0).all() and tolerance(draw[1:, 1:]).min() > _COLLINEAR)
        for draw in chosen
    ]
    return lmg(chosen[usable])


def _with_ranks(
    names: Sequence[str],
    point: Vector,
    draws: Matrix,
    *,
    confidence: float,
    means: Mapping[str, float],
    n: int,
) -> tuple[Driver, ...]:
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(draws, [tail, 1 - tail], axis=0)
    ranks = ranked(draws)
    best, worst = np.quantile(ranks, [tail, 1 - tail], axis=0)
    own = ranked(point[None, :])[0]
    found = [
        Driver(
            item=name,
            importance=float(point[i]),
            lower=min(float(lower[i]), float(point[i])),
            upper=max(float(upper[i]), float(point[i])),
            rank=int(own[i]),
            rank_lower=min(math.floor(best[i]), int(own[i])),
            rank_upper=max(math.ceil(worst[i]), int(own[i])),
            mean=float(means[name]),
            n=n,
            reason=None,
        )
        for i, name in enumerate(names)
    ]
    return tuple(sorted(found, key=lambda driver: (driver.rank or 0, driver.item)))


def _shares(importance: Matrix) -> Matrix:
    """Rows that sum to 1; where nothing is explained at all every share is 0."""
    shares: Matrix = importance / np.maximum(importance.sum(axis=1, keepdims=True), 1e-12)
    return shares


def ranked(importance: Matrix) -> Matrix:
    """Ranks within each row, 1 for the largest; ties in column order."""
    order = np.argsort(-importance, axis=1, kind="stable")
    return np.argsort(order, axis=1, kind="stable").astype(np.float64) + 1
