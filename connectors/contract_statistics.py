"""How far a batch lies from earlier ones, and whether that is more than they differ by chance.

Counts come in as vectors over the same cells: codes, points of a scale, classes of a size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.float64]

_RARE = 0.01
_LEAST_ANSWERS = 20
_LEAST_FOR_A_FLIP = 50
_SURE = 1e-6
_ALIKE = 0.1


@dataclass(frozen=True)
class Shift:
    """A distribution against earlier ones.

    Attributes:
        psi: Population stability index; 0 for equal distributions.
        p_value: Chance of an index as large in a batch like the earlier ones.
    """

    psi: float
    p_value: float


@dataclass(frozen=True)
class MeanShift:
    """A mean against earlier ones; ``sds`` is the difference in standard deviations."""

    now: float
    before: float
    sds: float
    p_value: float


@dataclass(frozen=True)
class Moments:
    """Number, mean and centred sum of squares of a batch; they merge without loss."""

    n: float
    mean: float
    m2: float

    def __add__(self, other: Moments) -> Moments:
        """Merge two batches (Chan, Golub and LeVeque 1979, "Updating formulae", equation 1.3)."""
        n = self.n + other.n
        if not n:
            return self
        delta = other.mean - self.mean
        m2 = self.m2 + other.m2 + delta**2 * self.n * other.n / n
        return Moments(n, self.mean + delta * other.n / n, m2)


def psi(before: Counts, now: Counts) -> float:
    """Population stability index of two vectors of counts.

    ``sum((a - e) * ln(a / e))`` over cells, with shares ``e`` before and ``a`` now; half a count is
    added to every cell, so that an empty one does not make the sum infinite. It is the symmetric
    Kullback-Leibler divergence J (Jeffreys 1946); the name and the reading of 0.1 and 0.2 as small
    and large come from credit scoring (Siddiqi 2006, "Credit Risk Scorecards", chapter 9).

    Example:
        >>> import numpy as np
        >>> psi(np.array([50.0, 50.0]), np.array([500.0, 500.0]))
        0.0
    """
    expected = (before + 0.5) / (before.sum() + 0.5 * len(before))
    actual = (now + 0.5) / (now.sum() + 0.5 * len(now))
    return float(((actual - expected) * np.log(actual / expected)).sum())


def shift(now: Counts, earlier: Sequence[Counts]) -> Shift | None:
    """How far the batch lies from the earlier ones together; None where there is too little.

    Without a change ``psi / (1/n + 1/N)`` is distributed as chi-squared with one degree of freedom
    less than cells (Yurdakul 2018, "Statistical properties of population stability index").
    Batches differ by more than chance: by weekday, by campaign. So the statistic is divided by the
    mean of the earlier batches' own (each against the others) over its degrees of freedom, where
    that is above 1, and read from an F distribution (quasi-likelihood, McCullagh and Nelder 1989,
    "Generalized Linear Models", section 4.5). Cells with less than 1 % before are taken together.
    """
    usable = [counts for counts in earlier if counts.sum() >= _LEAST_ANSWERS]
    if len(usable) < 2 or now.sum() < _LEAST_ANSWERS:
        return None
    usable, now = _without_rare(usable, now)
    pooled = np.sum(usable, axis=0)
    freedom = len(now) - 1
    if not freedom:
        return None
    own = [_statistic(pooled - counts, counts) for counts in usable]
    spread = max(1.0, float(np.mean(own)) / freedom)
    ratio = _statistic(pooled, now) / freedom / spread
    return Shift(psi(pooled, now), _f_tail(freedom, freedom * len(usable), ratio))


def mean_shift(now: Moments, earlier: Sequence[Moments]) -> MeanShift | None:
    """How far the batch's mean lies from the earlier ones'; None where there is too little.

    The difference in standard errors, which grow where earlier means differ by more than chance
    (random effects with a common factor, as in `shift`), read from Student's t with one degree of
    freedom less than earlier batches.
    """
    usable = [part for part in earlier if part.n >= _LEAST_ANSWERS]
    if len(usable) < 2 or now.n < _LEAST_ANSWERS:
        return None
    pooled = sum(usable, Moments(0.0, 0.0, 0.0))
    variance = pooled.m2 / max(1.0, pooled.n - 1)
    if variance <= 0:
        return None
    own = [(part.mean - pooled.mean) ** 2 * part.n / variance for part in usable]
    spread = max(1.0, float(sum(own)) / (len(usable) - 1))
    difference = now.mean - pooled.mean
    error = (variance * spread * (1 / now.n + 1 / pooled.n)) ** 0.5
    p_value = _t_tails(len(usable) - 1, difference / error)
    return MeanShift(now.mean, pooled.mean, difference / variance**0.5, p_value)


def is_mirrored(now: Counts, earlier: Sequence[Counts]) -> bool:
    """Whether a batch of scores fits the mirror image of the earlier ones clearly better.

    Cells are the points of the scale in order. Three things together:

    - the likelihood of the batch under the mirrored distribution is at least a million times that
      under the earlier one. By Markov's inequality a batch drawn from the earlier distribution
      passes this less than once in a million (Royall 1997, "Statistical Evidence", section 1.4);
    - its stability index against the mirror image, less what chance gives, is at most 0.1 above
      what the earlier batches have among themselves;
    - and less than a third of that against the earlier distribution. A day on which everything
      went wrong is no mirror image.
    """
    before = np.sum(earlier, axis=0)
    n, total = float(now.sum()), float(before.sum())
    if min(n, total) < _LEAST_FOR_A_FLIP:
        return False
    direct = np.log((before + 0.5) / (total + 0.5 * len(before)))
    if float((now * (direct[::-1] - direct)).sum()) < -np.log(_SURE):
        return False
    left = max(0.0, _beyond_chance(before[::-1], now))
    own = [_beyond_chance(before - part, part) for part in earlier if part.sum() < total]
    usual = max(0.0, float(np.mean(own))) if own else 0.0
    return left < _ALIKE + usual and 3 * left < psi(before, now)


def _beyond_chance(before: Counts, now: Counts) -> float:
    by_chance = (len(now) - 1) * (1 / max(1.0, now.sum()) + 1 / max(1.0, before.sum()))
    return psi(before, now) - float(by_chance)


def quantile_of_cells(counts: Counts, share: float) -> int:
    """The first cell at which the cumulative share reaches ``share``."""
    return int(np.searchsorted(np.cumsum(counts), share * counts.sum()))


def classes_of_equal_share(counts: Counts, classes: int) -> npt.NDArray[np.int64]:
    """For each of the ordered cells the class it falls in, the classes about equally full.

    Of the first and the last class's cells none is beyond what was seen: new extremes belong to
    them.
    """
    before = np.concatenate([[0.0], np.cumsum(counts)[:-1]]) + counts / 2
    share = before / max(1.0, float(counts.sum()))
    return np.minimum((share * classes).astype(np.int64), classes - 1)


def _statistic(before: Counts, now: Counts) -> float:
    n, total = (max(1.0, float(part.sum())) for part in (now, before))
    return psi(before, now) / (1 / n + 1 / total)


def _without_rare(earlier: list[Counts], now: Counts) -> tuple[list[Counts], Counts]:
    pooled = np.sum(earlier, axis=0)
    common = pooled >= _RARE * pooled.sum()
    if common.all():
        return earlier, now
    parts = [np.append(counts[common], counts[~common].sum()) for counts in (*earlier, now)]
    return parts[:-1], parts[-1]


def _f_tail(numerator: float, denominator: float, value: float) -> float:
    # scipy.stats takes half a second to import, its functions a twentieth
    from scipy.special import fdtrc

    return float(fdtrc(numerator, denominator, max(value, 0.0)))


def _t_tails(freedom: float, value: float) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(freedom, -abs(value)))


def tail_of_binomial(count: int, trials: int, share: float) -> float:
    """Chance of at least ``count`` in ``trials`` with probability ``share`` each."""
    from scipy.special import bdtrc

    return float(bdtrc(count - 1, trials, min(share, 1.0))) if count > 0 else 1.0
