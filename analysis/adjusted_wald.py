"""Uncertainty of a sample in which everyone gave the same answer."""

from __future__ import annotations

from analysis.ratios import Ratio

# Rocks (2016), The American Statistician 70(4): three pseudo-answers, half of them passive.
SCORE_WEIGHTS = (0.75, 1.5, 0.75)
# Agresti and Caffo (2000): one success and one failure per sample in a difference.
PROPORTION_WEIGHTS = (1.0, 0.0, 1.0)


def adjusted(
    ratio: Ratio, *, n_eff: float, bounds: tuple[float, float], weights: tuple[float, float, float]
) -> Ratio:
    """Mean and variance after adding pseudo-answers at the scale's low end, middle and high end.

    Only meaningful where the sample has no variance: then ``n_eff`` answers equal to
    ``ratio.value`` are the whole sample, and the Wald interval would have zero width.
    """
    low, high = bounds
    points = (ratio.value, low, (low + high) / 2, high)
    counts = (n_eff, *weights)
    total = sum(counts)
    mean = sum(count * point for count, point in zip(counts, points, strict=True)) / total
    spread = (
        sum(count * (point - mean) ** 2 for count, point in zip(counts, points, strict=True))
        / total
    )
    return Ratio(mean, spread / total, ratio.n)
