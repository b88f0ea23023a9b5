"""Centred moments of several columns over units, and their exact merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import numpy.typing as npt

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moments:
    """Count, means and sample covariance matrix of named columns.

    Attributes:
        n: Units, at least 1.
        names: Column names, in the order of the arrays.
        means: Shape (k,).
        covariance: Shape (k, k), sample covariances with divisor n - 1; zeros where n is 1.

    Example:
        >>> a = Moments.from_rows({"x": [1.0, 2.0]})
        >>> b = Moments.from_rows({"x": [3.0, 6.0]})
        >>> (a + b).mean("x"), round((a + b).variance("x"), 6)
        (3.0, 4.666667)
    """

    n: int
    names: tuple[str, ...]
    means: Vector
    covariance: Matrix

    def __post_init__(self) -> None:
        k = len(self.names)
        if self.n < 1:
            raise ValueError(f"moments of {self.n} units")
        if self.means.shape != (k,) or self.covariance.shape != (k, k):
            raise ValueError(f"{k} names, means {self.means.shape}, {self.covariance.shape}")

    @classmethod
    def from_rows(cls, columns: Mapping[str, Sequence[float] | Vector]) -> Moments:
        """Two-pass moments of unit-level columns of equal length."""
        values = np.array([np.asarray(column, dtype=np.float64) for column in columns.values()])
        n = values.shape[1]
        means = values.mean(axis=1)
        # the mean of a column near 1e9 is itself rounded: centre once more on what is left
        means = means + (values - means[:, None]).mean(axis=1)
        centred = values - means[:, None]
        return cls(n, tuple(columns), means, centred @ centred.T / max(n - 1, 1))

    def __add__(self, other: Moments) -> Moments:
        """Moments of the two disjoint sets of units together (Chan, Golub and LeVeque 1983)."""
        if self.names != other.names:
            raise ValueError(f"columns differ: {self.names} and {other.names}")
        n = self.n + other.n
        gap = other.means - self.means
        scatter = (
            (self.n - 1) * self.covariance
            + (other.n - 1) * other.covariance
            + np.outer(gap, gap) * (self.n * other.n / n)
        )
        return Moments(n, self.names, self.means + gap * (other.n / n), scatter / (n - 1))

    def mean(self, name: str) -> float:
        """Mean of one column."""
        return float(self.means[self.names.index(name)])

    def variance(self, name: str) -> float:
        """Sample variance of one column."""
        return self.covariance_of(name, name)

    def covariance_of(self, first: str, second: str) -> float:
        """Sample covariance of two columns."""
        return float(self.covariance[self.names.index(first), self.names.index(second)])

    def select(self, *names: str) -> Moments:
        """The same units with only the named columns, in that order."""
        at = [self.names.index(name) for name in names]
        return Moments(self.n, names, self.means[at], self.covariance[np.ix_(at, at)])


def merge(parts: Sequence[Moments]) -> Moments:
    """Moments of all parts together; ValueError where there is none."""
    if not parts:
        raise ValueError("nothing to merge")
    return reduce(Moments.__add__, parts)
