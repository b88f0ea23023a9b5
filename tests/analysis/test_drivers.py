from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from analysis.drivers import DriverFit, bucket_moments, rank_drivers, ranked
from analysis.lmg import lmg
from analysis.results import NoEstimate
from analysis.warehouse import DriverRow


def driver_rows(
    names: Sequence[str], values: np.ndarray, weights: np.ndarray, buckets: np.ndarray
) -> list[DriverRow]:
    """Long rows as dbt publishes them, made from respondents; pairs in alphabetical order."""
    found = []
    for bucket in np.unique(buckets):
        inside = buckets == bucket
        w, v = weights[inside], values[inside]
        means = w @ v / w.sum()
        for x in sorted(names):
            for y in sorted(names):
                if x > y:
                    continue
                i, j = names.index(x), names.index(y)
                cross = float(np.sum(w * (v[:, i] - means[i]) * (v[:, j] - means[j])))
                found.append(
                    DriverRow(
                        "half_yearly", "2026H1", names[0], x, y, int(bucket), int(inside.sum()),
                        float(w.sum()), float(means[i]), float(means[j]), cross,
                    )
                )  # fmt: skip
    return found


def respondents(
    rng: np.random.Generator, n: int = 1500
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    common = rng.normal(size=n)
    items = np.column_stack([common + rng.normal(size=n) for _ in range(3)])
    outcome = items @ [1.0, 0.5, 0.0] + rng.normal(size=n) * 2
    return np.column_stack([outcome, items]), rng.uniform(0.5, 2, n), rng.integers(0, 50, n)


NAMES = ("recommend", "speed", "price", "app")


def fit_of(rows: list[DriverRow], items: Sequence[str] = NAMES[1:]) -> DriverFit:
    found = rank_drivers(
        bucket_moments(rows, "recommend", items), confidence=0.95, seed=1, min_answers=30
    )
    assert isinstance(found, DriverFit)
    return found


@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_buckets_merge_into_the_weighted_moments_of_all_rows(
    rng: np.random.Generator, offset: float
) -> None:
    values, weights, buckets = respondents(rng)
    rows = driver_rows(NAMES, values + offset, weights, buckets)
    moments = bucket_moments(rows, "recommend", NAMES[1:])
    means, covariances = moments.merged(np.ones((1, 50)))
    np.testing.assert_allclose(means[0], weights @ values / weights.sum() + offset, rtol=1e-9)
    expected = np.cov(values, rowvar=False, aweights=weights, ddof=0)
    np.testing.assert_allclose(covariances[0], expected, rtol=1e-7)


def test_resampled_buckets_equal_the_rows_resampled(rng: np.random.Generator) -> None:
    values, weights, buckets = respondents(rng, 400)
    moments = bucket_moments(driver_rows(NAMES, values, weights, buckets), NAMES[0], NAMES[1:])
    labels = np.unique(buckets)
    repeats = rng.multinomial(len(labels), np.full(len(labels), 1 / len(labels)))
    times = repeats[np.searchsorted(labels, buckets)]
    _, covariances = moments.merged(repeats[None].astype(float))
    expected = np.cov(np.repeat(values, times, axis=0), rowvar=False,
                      aweights=np.repeat(weights, times), ddof=0)  # fmt: skip
    np.testing.assert_allclose(covariances[0], expected, rtol=1e-9)


def test_importance_is_the_weighted_share_of_what_is_explained(rng: np.random.Generator) -> None:
    values, weights, buckets = respondents(rng)
    found = fit_of(driver_rows(NAMES, values, weights, buckets))
    expected = lmg(np.cov(values, rowvar=False, aweights=weights)[None])[0]
    got = {driver.item: driver.importance for driver in found.drivers}
    shares = expected / expected.sum()
    assert [got[name] for name in NAMES[1:]] == pytest.approx(shares.tolist(), rel=1e-9)
    assert found.r_squared == pytest.approx(expected.sum())
    assert [driver.rank for driver in found.drivers] == [1, 2, 3]
    assert found.drivers[0].item == "speed"
    for driver in found.drivers:
        assert driver.lower <= driver.importance <= driver.upper  # type: ignore[operator]
        assert 1 <= driver.rank_lower <= driver.rank <= driver.rank_upper <= 3  # type: ignore[operator]


def test_the_same_seed_gives_the_same_intervals(rng: np.random.Generator) -> None:
    rows = driver_rows(NAMES, *respondents(rng))
    assert fit_of(rows) == fit_of(list(reversed(rows)))


def test_a_constant_item_is_set_aside(rng: np.random.Generator) -> None:
    values, weights, buckets = respondents(rng)
    values[:, 3] = 4.0
    found = fit_of(driver_rows(NAMES, values, weights, buckets))
    app = found.drivers[-1]
    assert (app.item, app.importance, app.reason) == ("app", None, "constant_item")
    assert app.mean == pytest.approx(4.0)
    assert [driver.rank for driver in found.drivers[:2]] == [1, 2]


def test_obstacles_have_names(rng: np.random.Generator) -> None:
    values, weights, buckets = respondents(rng)

    def reason(values: np.ndarray, buckets: np.ndarray = buckets, n: int = 1500) -> object:
        rows = driver_rows(NAMES, values[:n], weights[:n], buckets[:n])
        moments = bucket_moments(rows, "recommend", NAMES[1:])
        return rank_drivers(moments, confidence=0.95, seed=1, min_answers=50)

    copy = values.copy()
    copy[:, 2] = 3 * copy[:, 1] - copy[:, 3]
    assert reason(copy) == NoEstimate("collinear_items", 1500)
    flat = values.copy()
    flat[:, 0] = 9
    assert reason(flat) == NoEstimate("constant_outcome", 1500)
    assert reason(values, n=49) == NoEstimate("too_few_answers", 49)
    assert reason(values, buckets % 19) == NoEstimate("too_few_buckets", 1500)
    nothing = bucket_moments([], "recommend", NAMES[1:])
    assert rank_drivers(nothing, confidence=0.95, seed=1, min_answers=2) == NoEstimate(
        "no_answers", 0
    )


def test_a_pair_that_is_missing_is_named(rng: np.random.Generator) -> None:
    rows = driver_rows(NAMES, *respondents(rng))
    with pytest.raises(ValueError, match="lack pairs"):
        bucket_moments([row for row in rows if row.item_x != row.item_y], "recommend", NAMES[1:])


def test_ranks_count_from_the_largest() -> None:
    assert ranked(np.array([[0.1, 0.3, 0.2]])).tolist() == [[3.0, 1.0, 2.0]]


@pytest.mark.simulation
def test_bootstrap_intervals_cover_the_population_share() -> None:
    # percentile intervals of a bounded share are approximate: 95 % nominal, at least 90 % required
    covered, trials = 0, 80
    rng = np.random.default_rng(3)
    n = 1000
    population = np.array([[7.25, 2.0, 1.25], [2.0, 1.25, 0.25], [1.25, 0.25, 1.0]])
    components = lmg(population[None])[0]
    truth = float(components[0] / components.sum())
    for _ in range(trials):
        values = rng.multivariate_normal(np.zeros(3), population, n)
        rows = driver_rows(NAMES[:3], values, np.ones(n), rng.integers(0, 50, n))
        moments = bucket_moments(rows, "recommend", NAMES[1:3])
        found = rank_drivers(moments, confidence=0.95, seed=2, min_answers=30)
        assert isinstance(found, DriverFit)
        driver = next(one for one in found.drivers if one.item == "speed")
        covered += driver.lower <= truth <= driver.upper  # type: ignore[operator]
    assert covered / trials >= 0.9
