"""The numbers behind the comparisons, against other ways to the same number."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from scipy import stats

import connectors.contract_statistics
import connectors.contract_texts
from connectors.contract_statistics import (
    Moments,
    classes_of_equal_share,
    is_mirrored,
    mean_shift,
    psi,
    quantile_of_cells,
    shift,
    tail_of_binomial,
)

NPS = np.array([3, 2, 2, 2, 3, 6, 8, 14, 22, 18, 20.0])


@pytest.mark.parametrize("module", [connectors.contract_statistics, connectors.contract_texts])
def test_examples_run(module: object) -> None:
    found = doctest.testmod(module)  # type: ignore[arg-type]
    assert found.attempted
    assert not found.failed


def test_psi_by_hand() -> None:
    # 100 and 300 of 400, then 300 and 100, half a count added to each cell:
    # shares 100.5/401 and 300.5/401, so psi = 2 * 200/401 * ln(300.5/100.5)
    found = psi(np.array([100.0, 300.0]), np.array([300.0, 100.0]))
    assert found == pytest.approx(2 * 200 / 401 * np.log(300.5 / 100.5), rel=1e-12)


def test_psi_is_the_sum_of_both_divergences_of_kullback_and_leibler() -> None:
    rng = np.random.default_rng(1)
    before, now = rng.integers(1, 100, (2, 8)).astype(float)
    shares = [(part + 0.5) / (part + 0.5).sum() for part in (before, now)]
    both = stats.entropy(*shares) + stats.entropy(*reversed(shares))
    assert psi(before, now) == pytest.approx(both, rel=1e-12)
    assert psi(before, now) == pytest.approx(psi(now, before), rel=1e-12)


def test_an_empty_cell_makes_psi_large_and_finite() -> None:
    assert 1 < psi(np.array([0.0, 1000.0]), np.array([1000.0, 1000.0])) < 10


@pytest.mark.simulation
@pytest.mark.parametrize("concentration", [None, 100.0])
def test_p_values_are_not_too_small(concentration: float | None) -> None:
    """Of batches like the earlier ones at most about one in twenty lies below 0.05."""
    rng = np.random.default_rng(3)
    shares = NPS / NPS.sum()

    def drawn(rows: int) -> np.ndarray:
        mean = shares if concentration is None else rng.dirichlet(shares * concentration)
        return rng.multinomial(rows, mean).astype(float)

    found = []
    for _ in range(1500):
        earlier = [drawn(int(rows)) for rows in rng.integers(200, 400, 12)]
        moved = shift(drawn(300), earlier)
        assert moved is not None
        found.append(moved.p_value)
    assert 0.005 < np.mean(np.array(found) < 0.05) < 0.065
    assert np.mean(np.array(found) < 0.001) <= 0.004


@pytest.mark.simulation
def test_p_values_of_means_are_not_too_small() -> None:
    rng = np.random.default_rng(5)
    found = []
    for _ in range(2000):
        days = [rng.normal(day, 1, 100) for day in rng.normal(0, 0.3, 11)]
        now, *earlier = (
            Moments(100, float(x.mean()), float(((x - x.mean()) ** 2).sum())) for x in days
        )
        moved = mean_shift(now, earlier)
        assert moved is not None
        found.append(moved.p_value)
    assert 0.03 < np.mean(np.array(found) < 0.05) < 0.07


def test_days_that_differ_widely_excuse_a_wide_difference() -> None:
    alike = [np.array([500.0, 500.0]) for _ in range(8)]
    unlike = [np.array([500.0 + 200 * (-1) ** n, 500.0 - 200 * (-1) ** n]) for n in range(8)]
    now = np.array([650.0, 350.0])
    first, second = shift(now, alike), shift(now, unlike)
    assert first is not None
    assert second is not None
    assert first.psi == pytest.approx(second.psi)
    assert first.p_value < 1e-4 < 0.1 < second.p_value


@pytest.mark.parametrize(
    ("now", "earlier"),
    [
        (np.array([5.0, 5.0]), [np.array([50.0, 50.0])] * 5),
        (np.array([50.0, 50.0]), [np.array([50.0, 50.0])]),
        (np.array([50.0, 50.0]), [np.array([5.0, 5.0])] * 5),
        (np.array([50.0]), [np.array([50.0])] * 5),
    ],
)
def test_too_little_gives_no_shift(now: np.ndarray, earlier: list[np.ndarray]) -> None:
    assert shift(now, earlier) is None


def test_rare_cells_are_taken_together() -> None:
    earlier = [np.array([500.0, 490.0, 5.0, 5.0])] * 4
    moved, merged = (
        shift(np.array(now), [np.array(part) for part in before])
        for now, before in (
            ([480.0, 500.0, 0.0, 20.0], earlier),
            ([480.0, 500.0, 20.0], [[500.0, 490.0, 10.0]] * 4),
        )
    )
    assert moved == merged


def test_a_mirrored_scale_is_seen_and_a_shifted_one_is_not() -> None:
    rng = np.random.default_rng(2)
    shares = NPS / NPS.sum()
    earlier = [rng.multinomial(200, shares).astype(float) for _ in range(6)]
    assert is_mirrored(rng.multinomial(200, shares[::-1]).astype(float), earlier)
    assert not is_mirrored(rng.multinomial(200, shares).astype(float), earlier)
    assert not is_mirrored(rng.multinomial(200, np.roll(shares, 1)).astype(float), earlier)
    assert not is_mirrored(rng.multinomial(20, shares[::-1]).astype(float), earlier)


def test_moments_merge_as_numpy_computes_them_far_from_zero() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(1e9, 1, 1000)
    parts = [values[:10], values[10:11], values[11:]]
    merged = sum(
        (Moments(len(x), float(x.mean()), float(((x - x.mean()) ** 2).sum())) for x in parts),
        Moments(0.0, 0.0, 0.0),
    )
    assert merged.n == 1000
    assert merged.mean == pytest.approx(values.mean(), rel=1e-15)
    assert merged.m2 / 999 == pytest.approx(values.var(ddof=1), rel=1e-6)


def test_mean_shift_by_hand() -> None:
    # standard deviation 2 everywhere, means 10 and 10 before, 12 now
    m2 = 4.0 * 99
    moved = mean_shift(Moments(100, 12.0, m2), [Moments(100, 10.0, m2)] * 2)
    assert moved is not None
    pooled = 2 * m2 / 199
    assert moved.sds == pytest.approx(2 / pooled**0.5)
    statistic = 2 / (pooled * (1 / 100 + 1 / 200)) ** 0.5
    assert moved.p_value == pytest.approx(2 * stats.t.sf(statistic, 1))


def test_the_tail_of_the_binomial_is_scipys() -> None:
    for count in (0, 1, 5, 40):
        assert tail_of_binomial(count, 40, 0.1) == pytest.approx(stats.binom.sf(count - 1, 40, 0.1))


def test_classes_are_about_equally_full_and_in_order() -> None:
    rng = np.random.default_rng(1)
    counts = np.bincount(rng.geometric(0.02, 5000)).astype(float)
    classes = classes_of_equal_share(counts, 10)
    assert (np.diff(classes) >= 0).all()
    sizes = np.bincount(classes, counts, 10)
    assert sizes.min() > 350
    assert sizes.max() < 650


def test_the_median_cell() -> None:
    assert quantile_of_cells(np.array([1.0, 1.0, 8.0, 1.0]), 0.5) == 2
    assert quantile_of_cells(np.array([9.0, 1.0]), 0.5) == 0
