"""Correction of p-values and of interval levels for several tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def bonferroni(p_values: Sequence[float]) -> tuple[float, ...]:
    """Each p times the number of tests, at most 1. Its intervals have level 1 - alpha / tests."""
    return tuple(min(1.0, p * len(p_values)) for p in p_values)


def bonferroni_confidence(confidence: float, tests: int) -> float:
    """The level of each interval so that all of them cover at once with ``confidence``."""
    return 1 - (1 - confidence) / max(tests, 1)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm (1979) step-down adjusted p-values, in the given order.

    Example:
        >>> [round(p, 4) for p in holm([0.01, 0.04, 0.03])]
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    return _in_given_order(steps, order)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Benjamini and Hochberg (1995) adjusted p-values (false discovery rate), in given order."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    ratios = p[order] * len(p) / np.arange(1, len(p) + 1)
    steps = np.minimum.accumulate(ratios[::-1])[::-1]
    return _in_given_order(steps, order)


def _in_given_order(steps: np.ndarray, order: np.ndarray) -> tuple[float, ...]:
    adjusted = np.empty(len(steps))
    adjusted[order] = np.minimum(steps, 1.0)
    return tuple(float(value) for value in adjusted)
