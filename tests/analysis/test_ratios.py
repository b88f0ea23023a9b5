from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from analysis.differences import difference, relative_effect
from analysis.moments import Moments
from analysis.ratios import Ratio, ratio_of_means
from analysis.results import Estimate, NoEstimate

from .conftest import Oracle


def ratio(numerator: object, denominator: object) -> Ratio:
    columns = {
        "numerator": np.asarray(numerator, float),
        "denominator": np.asarray(denominator, float),
    }
    found = ratio_of_means(Moments.from_rows(columns))
    assert isinstance(found, Ratio)
    return found


def test_a_mean_is_the_ratio_with_denominator_one(rng: np.random.Generator) -> None:
    values = rng.gamma(2, 3, 400)
    found = ratio(values, np.ones(400))
    assert found.value == pytest.approx(values.mean(), rel=1e-13)
    assert found.variance == pytest.approx(values.var(ddof=1) / 400, rel=1e-12)


def test_the_variance_is_that_of_the_linearised_rows(rng: np.random.Generator) -> None:
    sessions = rng.poisson(2.0, 3000) + 0.0
    orders = rng.binomial(sessions.astype(int), 0.3) + 0.0
    found = ratio(orders, sessions)
    # brute force: residuals of every unit, no moments involved
    residuals = (orders - found.value * sessions) / sessions.mean()
    assert found.variance == pytest.approx(residuals.var(ddof=1) / 3000, rel=1e-11)


def test_units_without_events_count_as_units() -> None:
    with_idle, without = ratio([1, 2, 0, 0], [2, 2, 0, 0]), ratio([1, 2], [2, 2])
    assert with_idle.value == without.value == 0.75
    assert with_idle.n == 4


@pytest.mark.parametrize("promoters", [2, 60, 7919])
def test_equal_ratios_in_every_unit_have_exactly_no_variance(promoters: int) -> None:
    weights = np.linspace(0.3, 4.7, promoters)
    assert ratio(weights * 100, weights).variance == 0.0


def test_what_cannot_be_estimated_says_why() -> None:
    one = Moments.from_rows({"numerator": [1.0], "denominator": [1.0]})
    assert ratio_of_means(one) == NoEstimate("too_few_units", 1)
    empty = Moments.from_rows({"numerator": [0.0, 0.0], "denominator": [0.0, 0.0]})
    assert ratio_of_means(empty) == NoEstimate("no_denominator", 2)


def test_ra01_ratio_metric_of_two_arms(oracle: Callable[[str], Oracle]) -> None:
    # origin: tea-tasting's user guide, table of ratio metrics; same delta method and Welch df
    case = oracle("ra01")
    arms = {
        variant: ratio(rows["orders"], rows["sessions"])
        for variant, rows in case.data().groupby("variant")
    }
    found = difference(arms[1], arms[0], confidence=0.95)
    relative = relative_effect(arms[1], arms[0], can_be_negative=False, confidence=0.95)
    assert isinstance(found, Estimate)
    assert isinstance(relative, Estimate)
    assert found.std_error
    case.check(
        {
            "control": arms[0].value,
            "treatment": arms[1].value,
            "effect_size": found.value,
            "effect_size_ci_lower": found.lower,
            "effect_size_ci_upper": found.upper,
            "rel_effect_size": relative.value,
            "rel_effect_size_ci_lower": relative.lower,
            "rel_effect_size_ci_upper": relative.upper,
            "pvalue": found.p_value,
            "statistic": found.value / found.std_error,
        }
    )


def test_cl03_cluster_sample_mean(oracle: Callable[[str], Oracle]) -> None:
    # Units are the clusters. The published SE has a finite population correction, which a company's
    # customers (an open population) do not get here: remove it before comparing.
    case = oracle("cl03")
    rows = case.data()
    rows["weighted"] = rows["pw"] * rows["api00"]
    totals = rows.groupby("dnum")[["weighted", "pw"]].sum()
    found = ratio(totals["weighted"], totals["pw"])
    correction = 1 - len(totals) / 757
    case.check({"mean": found.value, "se": math.sqrt(found.variance * correction)})
