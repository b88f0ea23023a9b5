from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.moments import Moments, merge

VALUES = st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3)), min_size=1, max_size=20)


def exact(rows: list[tuple[float, float]], i: int, j: int) -> float:
    """Covariance in rational arithmetic."""
    n = len(rows)
    left, right = ([Fraction(row[k]) for row in rows] for k in (i, j))
    mean_left, mean_right = sum(left) / n, sum(right) / n
    total = sum((a - mean_left) * (b - mean_right) for a, b in zip(left, right, strict=True))
    return float(total / max(n - 1, 1))


def of(rows: list[tuple[float, float]]) -> Moments:
    return Moments.from_rows({"x": [row[0] for row in rows], "y": [row[1] for row in rows]})


@settings(deadline=None, max_examples=150)
@given(parts=st.lists(VALUES, min_size=1, max_size=6), offset=st.sampled_from([0.0, 1e6, 1e9]))
def test_merged_parts_equal_the_whole_in_rational_arithmetic(
    parts: list[list[tuple[float, float]]], offset: float
) -> None:
    shifted = [[(x + offset, y - offset) for x, y in part] for part in parts]
    whole = [row for part in shifted for row in part]
    merged = merge([of(part) for part in shifted])
    assert merged.n == len(whole)
    # values of size 1e3 at offset 1e9: what double precision can hold of their products
    allowed = 1e-9 * 1e6 + 1e-5 * (offset / 1e9) * 1e3
    for i, first in enumerate("xy"):
        for j, second in enumerate("xy"):
            assert merged.covariance_of(first, second) == pytest.approx(
                exact(whole, i, j), rel=1e-9, abs=allowed
            )
    mean = float(sum(Fraction(row[0]) for row in whole) / len(whole))
    assert merged.mean("x") == pytest.approx(mean, rel=1e-12, abs=1e-9)


def test_an_offset_of_1e9_does_not_reach_the_variance(rng: np.random.Generator) -> None:
    values = rng.normal(0, 1.7, 10_000)
    parts = [Moments.from_rows({"x": part + 1e9}) for part in np.array_split(values, 7)]
    assert merge(parts).variance("x") == pytest.approx(np.var(values, ddof=1), rel=1e-7)


def test_merging_is_commutative_and_associative(rng: np.random.Generator) -> None:
    a, b, c = (Moments.from_rows({"x": rng.normal(5, 2, n), "y": rng.random(n)}) for n in (3, 1, 9))
    left, right = (a + b) + c, a + (c + b)
    np.testing.assert_allclose(left.covariance, right.covariance, rtol=1e-12)
    np.testing.assert_allclose(left.means, right.means, rtol=1e-12)


def test_columns_that_differ_do_not_merge() -> None:
    with pytest.raises(ValueError, match="columns differ"):
        Moments.from_rows({"x": [1.0]}) + Moments.from_rows({"y": [1.0]})
    with pytest.raises(ValueError, match="nothing to merge"):
        merge([])
    with pytest.raises(ValueError, match="moments of 0 units"):
        Moments(0, ("x",), np.zeros(1), np.zeros((1, 1)))


def test_select_keeps_the_named_columns_in_order() -> None:
    moments = Moments.from_rows({"x": [1.0, 2.0, 4.0], "y": [0.0, 1.0, 5.0], "z": [1.0, 1.0, 2.0]})
    chosen = moments.select("z", "x")
    assert chosen.names == ("z", "x")
    assert chosen.covariance_of("z", "x") == moments.covariance_of("x", "z")
