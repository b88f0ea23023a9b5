from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.lmg import explained_share, lmg

from .conftest import Oracle


def covariance(case: Oracle) -> np.ndarray:
    columns = [case.inputs["y"], *case.inputs["x"]]
    return np.cov(case.data()[columns].to_numpy(float), rowvar=False)[None]


def test_ri01_swiss(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("ri01")
    stack = covariance(case)
    p = len(case.inputs["x"])
    found = lmg(stack)[0]
    alone = [explained_share(stack, [i])[0] for i in range(1, p + 1)]
    full = explained_share(stack, range(1, p + 1))[0]
    last = [
        full - explained_share(stack, [j for j in range(1, p + 1) if j != i])[0]
        for i in range(1, p + 1)
    ]
    case.check({"R2": found.sum(), "lmg": found.tolist(), "first": alone, "last": last})


def test_ri03_mtcars(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("ri03")
    found = lmg(covariance(case))[0]
    case.check(
        {
            "overall": found.sum(),
            "general": found.tolist(),
            "standardised": (found / found.sum()).tolist(),
        }
    )


def test_it_is_the_average_over_all_orders(rng: np.random.Generator) -> None:
    # brute force from rows: ordinary regressions in each of the 24 orders of entry
    x = rng.normal(size=(120, 4)) @ rng.normal(size=(4, 4))
    y = x @ [1.0, 0.5, 0.0, -1.0] + rng.normal(size=120)
    expected = np.zeros(4)
    for order in permutations(range(4)):
        before = 0.0
        for position, column in enumerate(order):
            after = sm.OLS(y, sm.add_constant(x[:, order[: position + 1]])).fit().rsquared
            expected[column] += (after - before) / 24
            before = after
    found = lmg(np.cov(np.column_stack([y, x]), rowvar=False)[None])[0]
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_a_stack_gives_what_each_matrix_gives_alone(rng: np.random.Generator) -> None:
    stack = np.array([np.cov(rng.normal(size=(4, 50))) for _ in range(5)])
    together = lmg(stack)
    for one, matrix in zip(together, stack, strict=True):
        np.testing.assert_allclose(one, lmg(matrix[None])[0], rtol=1e-12)
    assert together.min() >= -1e-12


def test_unrelated_regressors_share_nothing() -> None:
    matrix = np.array([[4.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    assert lmg(matrix[None])[0] == pytest.approx([0.25, 0.0])
