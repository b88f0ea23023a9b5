"""Sample ratio mismatch: do the arms hold the shares of units that the plan declares?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

# Fabijan et al. (2019), KDD, and common practice: a mismatch is a defect, not an effect, so that a
# false alarm must be rare while real defects are orders of magnitude below.
THRESHOLD = 0.001
_SMALLEST_EXPECTED = 5.0
_MOST_OUTCOMES = 200_000


@dataclass(frozen=True)
class MismatchTest:
    """A goodness-of-fit test of the arms' counts.

    Attributes:
        p_value: Probability of counts at least as far from the plan.
        statistic: Pearson's chi-square; None for the exact test.
        df: Arms - 1; None for the exact test.
        method: ``pearson_chi_square`` or ``exact_multinomial``.
    """

    p_value: float
    statistic: float | None
    df: int | None
    method: str


def sample_ratio_mismatch(counts: Sequence[int], shares: Sequence[float]) -> MismatchTest:
    """Chi-square where every expected count is at least 5, else the exact multinomial test.

    Args:
        counts: Units per arm.
        shares: Intended shares in the same order; they are normalised to sum 1.

    Raises:
        ValueError: no units at all, or lengths differ.

    Example:
        >>> round(sample_ratio_mismatch([600, 400], [0.5, 0.5]).statistic, 6)
        40.0
    """
    if len(counts) != len(shares) or sum(counts) <= 0:
        raise ValueError(f"counts {list(counts)} and shares {list(shares)} cannot be compared")
    total, whole = sum(counts), sum(shares)
    expected = [total * share / whole for share in shares]
    k = len(counts)
    if min(expected) < _SMALLEST_EXPECTED and math.comb(total + k - 1, k - 1) <= _MOST_OUTCOMES:
        return exact_multinomial(counts, shares)
    statistic = sum((n - e) ** 2 / e for n, e in zip(counts, expected, strict=True))
    p_value = float(stats.chi2.sf(statistic, k - 1))
    return MismatchTest(p_value, float(statistic), k - 1, "pearson_chi_square")


def exact_multinomial(counts: Sequence[int], shares: Sequence[float]) -> MismatchTest:
    """Total probability of all outcomes no likelier than the observed one.

    For two arms it is the exact binomial test.
    """
    total, whole = sum(counts), sum(shares)
    weights = np.array(shares) / whole
    outcomes = np.array(list(_outcomes(total, len(counts))))
    log_p = stats.multinomial.logpmf(outcomes, n=total, p=weights)
    observed = float(stats.multinomial.logpmf(list(counts), n=total, p=weights))
    # outcomes exactly as likely differ in the last digits
    p_value = float(np.exp(log_p[log_p <= observed + 1e-7]).sum())
    return MismatchTest(min(p_value, 1.0), None, None, "exact_multinomial")


def _outcomes(total: int, arms: int) -> Iterator[tuple[int, ...]]:
    if arms == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _outcomes(total - first, arms - 1):
            yield (first, *rest)
