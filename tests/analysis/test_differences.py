from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import tea_tasting

from analysis.differences import difference, guarded_difference, relative_effect
from analysis.levels import Scale
from analysis.ratios import Ratio
from analysis.results import Estimate, NoEstimate

from .conftest import Oracle

NPS = Scale("score", -100, 100, True)
RATE = Scale("proportion", 0, 1, False)
MINUTES = Scale("duration", 0, None, False)


def mean(values: object) -> Ratio:
    rows = np.asarray(values, float)
    return Ratio(float(rows.mean()), float(rows.var(ddof=1)) / len(rows), len(rows))


def summary(*, mean: float, sd: float, n: int) -> Ratio:
    return Ratio(mean, sd**2 / n, n)


def of_sums(inputs: dict[str, float]) -> Ratio:
    n, total, squares = int(inputs["n"]), inputs["sum"], inputs["sum_squares"]
    variance = (squares - total**2 / n) / (n - 1)
    return Ratio(total / n, variance / n, n)


def estimate(result: object) -> Estimate:
    assert isinstance(result, Estimate)
    return result


def test_tt01_sleep(oracle: Callable[[str], Oracle]) -> None:
    # origin: R's t.test on Student's sleep data
    case = oracle("tt01")
    rows = case.data()
    sides = [mean(rows.loc[rows["group"] == group, "extra"]) for group in (1, 2)]
    found = estimate(difference(sides[0], sides[1], confidence=0.95))
    assert found.std_error
    case.check(
        {
            "t": found.value / found.std_error,
            "df": found.df,
            "p": found.p_value,
            "ci": [found.lower, found.upper],
            "se": found.std_error,
        }
    )


def test_tt02_summary_statistics(oracle: Callable[[str], Oracle]) -> None:
    # The case also lists the pooled test; arms and waves have variances of their own here.
    case = oracle("tt02")
    i = case.inputs
    sides = [summary(mean=i[f"m{k}"], sd=i[f"sd{k}"], n=i[f"n{k}"]) for k in (1, 2)]
    found = estimate(difference(sides[0], sides[1], confidence=0.95))
    assert found.std_error
    case.check(
        {
            "welch": {
                "diff": found.value,
                "se": found.std_error,
                "t": found.value / found.std_error,
                "df": found.df,
                "ci": [found.lower, found.upper],
            }
        }
    )


def test_tt03_sufficient_statistics(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("tt03")
    arms = {name: of_sums(case.inputs[name]) for name in ("control", "treatment")}
    found = estimate(difference(arms["treatment"], arms["control"], confidence=0.95))
    case.check(
        {
            "estimate": found.value,
            "se": found.std_error,
            "ci": [found.lower, found.upper],
            "p": found.p_value,
        }
    )


@pytest.mark.parametrize("metric", ["retention_1", "retention_7"])
def test_pp05_cookie_cats_retention(oracle: Callable[[str], Oracle], metric: str) -> None:
    # The source used a pooled z test; with 45,000 players an arm Welch's t gives the same digits.
    case = oracle("pp05")
    rows = case.data()
    arms = {name: mean(group[metric]) for name, group in rows.groupby("test_version")}
    found = estimate(difference(arms["gate_40"], arms["gate_30"], confidence=0.95))
    values = {name: arm.value for name, arm in arms.items()}
    case.check({metric: {**values, "p": found.p_value}})


@pytest.mark.parametrize("metric", ["sessions", "orders", "revenue"])
def test_rl04_means_and_relative_effects(oracle: Callable[[str], Oracle], metric: str) -> None:
    case = oracle("rl04")
    arms = {name: mean(group[metric]) for name, group in case.data().groupby("variant")}
    found = estimate(difference(arms[1], arms[0], confidence=0.95))
    relative = estimate(relative_effect(arms[1], arms[0], can_be_negative=False, confidence=0.95))
    assert found.std_error
    case.check(
        {
            metric: {
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
        }
    )


def test_rl01_relative_effect_and_its_standard_error(oracle: Callable[[str], Oracle]) -> None:
    # GrowthBook's interval is symmetric around the ratio; ours lies on the log scale, because a
    # ratio of positive levels has no values below -1. Estimate and delta standard error agree.
    case = oracle("rl01")
    arms = {name: of_sums(case.inputs[name]) for name in ("control", "treatment")}
    found = estimate(
        relative_effect(arms["treatment"], arms["control"], can_be_negative=False, confidence=0.95)
    )
    case.check({"estimate": found.value, "se": found.std_error})
    assert found.p_value is None


def test_rl08_ratio_of_means(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("rl08")
    first, second = mean(case.inputs["y1"]), mean(case.inputs["y2"])
    found = estimate(relative_effect(first, second, can_be_negative=False, confidence=0.95))
    assert found.lower is not None
    assert found.upper is not None
    case.check({"ratio": 1 + found.value, "ci": [1 + found.lower, 1 + found.upper], "df": found.df})


def test_rl03_negative_baselines_have_no_relative_effect(oracle: Callable[[str], Oracle]) -> None:
    # The case scales by |baseline|. Here a level that is not positive has no relative effect at
    # all: "-10 to -5 is +50 %" is not a sentence a reader can use.
    for control, treatment in oracle("rl03").inputs["pairs_control_to_treatment"]:
        sides = Ratio(treatment, 0.004, 1000), Ratio(control, 0.004, 1000)
        assert relative_effect(*sides, can_be_negative=True, confidence=0.95) == NoEstimate(
            "can_be_negative", 2000
        )
        found = relative_effect(*sides, can_be_negative=False, confidence=0.95)
        assert isinstance(found, Estimate) == (control > 0 and treatment > 0)


def test_live_agreement_with_tea_tasting(rng: np.random.Generator) -> None:
    frame = pd.DataFrame(
        {
            "variant": rng.integers(0, 2, 2500),
            "sessions": rng.poisson(3, 2500) + 1,
            "revenue": rng.gamma(1.2, 9.0, 2500),
        }
    )
    peer = tea_tasting.Experiment(
        mean=tea_tasting.Mean("revenue"), ratio=tea_tasting.RatioOfMeans("revenue", "sessions")
    ).analyze(frame)
    for name, theirs in (("mean", peer["mean"]), ("ratio", peer["ratio"])):
        arms = {}
        for variant, rows in frame.groupby("variant"):
            bottom = rows["sessions"] if name == "ratio" else pd.Series(1.0, rows.index)
            value = rows["revenue"].mean() / bottom.mean()
            residual = (rows["revenue"] - value * bottom) / bottom.mean()
            arms[variant] = Ratio(value, residual.var(ddof=1) / len(rows), len(rows))
        found = estimate(difference(arms[1], arms[0], confidence=0.95))
        relative = estimate(
            relative_effect(arms[1], arms[0], can_be_negative=False, confidence=0.95)
        )
        ours = [
            found.value,
            found.lower,
            found.upper,
            found.p_value,
            relative.lower,
            relative.upper,
        ]
        expected = [
            theirs.effect_size,
            theirs.effect_size_ci_lower,
            theirs.effect_size_ci_upper,
            theirs.pvalue,
            theirs.rel_effect_size_ci_lower,
            theirs.rel_effect_size_ci_upper,
        ]
        np.testing.assert_allclose(ours, expected, rtol=1e-9)


def test_tails_survive_where_one_minus_the_distribution_is_zero() -> None:
    found = estimate(difference(Ratio(30, 1, 10_000), Ratio(0, 1, 10_000), confidence=0.95))
    assert found.p_value is not None
    # normal tail of 21.2 standard errors; 1 - cdf would be 0 below 1e-16
    assert 0 < found.p_value < 1e-90


def test_a_side_without_variance_keeps_a_width() -> None:
    everyone, some = Ratio(100, 0, 60), Ratio(40, 80.0, 60)
    found = estimate(guarded_difference(everyone, some, scale=NPS, confidence=0.95))
    wald = estimate(difference(everyone, some, confidence=0.95))
    assert found.flags == ("degenerate_sample",)
    assert found.std_error
    assert wald.std_error
    assert found.std_error > wald.std_error
    both = estimate(guarded_difference(everyone, everyone, scale=NPS, confidence=0.95))
    assert both.value == 0
    assert both.lower is not None
    assert both.upper is not None
    assert both.lower < 0 < both.upper
    assert both.p_value == 1


def test_agresti_caffo_where_nobody_and_everybody() -> None:
    # origin: Agresti and Caffo (2000): p~ = (x + 1) / (n + 2) on both sides, computed by hand
    nobody, all_ = Ratio(0, 0, 20), Ratio(1, 0, 20)
    found = estimate(guarded_difference(all_, nobody, scale=RATE, confidence=0.95))
    p = 21 / 22
    assert found.value == 1
    assert found.std_error == pytest.approx((2 * p * (1 - p) / 22) ** 0.5, rel=1e-12)


def test_an_unbounded_metric_without_variation_has_no_difference() -> None:
    flat = Ratio(5.0, 0.0, 40)
    assert guarded_difference(flat, flat, scale=MINUTES, confidence=0.95) == NoEstimate(
        "no_variation", 80
    )
