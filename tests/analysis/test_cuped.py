from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import tea_tasting

from analysis.cuped import Adjustment, adjust, pooled_slope
from analysis.differences import difference, relative_effect
from analysis.moments import Moments
from analysis.results import Estimate, NoEstimate

from .conftest import Oracle

COLUMNS = ("num", "den", "pre_num", "pre_den")


def arms_of(
    frame: pd.DataFrame, by: str, names: tuple[str | None, str | None, str | None, str | None]
) -> dict[str, Moments]:
    """Moments by arm; None stands for a column of ones."""
    found = {}
    for arm, rows in frame.groupby(by):
        ones = np.ones(len(rows))
        columns = {
            column: ones if name is None else rows[name].to_numpy(float)
            for column, name in zip(COLUMNS, names, strict=True)
        }
        found[str(arm)] = Moments.from_rows(columns)
    return found


def adjusted(arms: Mapping[str, Moments], **options: object) -> Adjustment:
    found = adjust(arms, **options)  # type: ignore[arg-type]
    assert isinstance(found, Adjustment)
    return found


def estimate(result: object) -> Estimate:
    assert isinstance(result, Estimate)
    return result


METRICS: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
    "sessions_per_user": ("sessions", None, "sessions_covariate", None),
    "orders_per_session": ("orders", "sessions", "orders_covariate", "sessions_covariate"),
    "orders_per_user": ("orders", None, "orders_covariate", None),
    "revenue_per_user": ("revenue", None, "revenue_covariate", None),
}


@pytest.mark.parametrize("metric", METRICS)
def test_ra07_means_and_a_ratio(oracle: Callable[[str], Oracle], metric: str) -> None:
    # tea-tasting takes theta from both arms together, where the effect leaks into it, and one
    # covariate for a ratio; ours is pooled within arms with two. The case's tolerance admits both.
    case = oracle("ra07")
    found = adjusted(arms_of(case.data(), "variant", METRICS[metric]))
    control, treatment = found.ratios["0"], found.ratios["1"]
    absolute = estimate(difference(treatment, control, confidence=0.95))
    relative = estimate(relative_effect(treatment, control, can_be_negative=False, confidence=0.95))
    assert absolute.std_error
    case.check(
        {
            metric: {
                "control": control.value,
                "treatment": treatment.value,
                "effect_size": absolute.value,
                "effect_size_ci_lower": absolute.lower,
                "effect_size_ci_upper": absolute.upper,
                "rel_effect_size": relative.value,
                "rel_effect_size_ci_lower": relative.lower,
                "rel_effect_size_ci_upper": relative.upper,
                "statistic": absolute.value / absolute.std_error,
            }
        }
    )
    assert absolute.p_value == pytest.approx(case.expected[metric]["pvalue"], abs=5e-4)


def test_cu01_anorexia(oracle: Callable[[str], Oracle]) -> None:
    # ANCOVA's coefficients: theta pooled within arms gives them exactly. Its standard errors
    # assume equal variances and are not claimed.
    case = oracle("cu01")
    rows = case.data()
    rows["gain"] = rows["Postwt"] - rows["Prewt"]
    arms = arms_of(rows, "Treat", ("gain", None, "Prewt", None))
    found = adjusted(arms)
    base = found.ratios["CBT"].value
    expected = case.expected
    assert found.theta[0] == pytest.approx(expected["Prewt"][0], abs=6e-5)
    for arm in ("Cont", "FT"):
        assert found.ratios[arm].value - base == pytest.approx(expected[f"Treat{arm}"][0], abs=6e-5)


def test_cu05_theta(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("cu05")
    columns = {"num": case.inputs["post"], "den": [1.0] * 4, "pre_num": case.inputs["pre"]}
    arm = Moments.from_rows(columns)
    theta = pooled_slope({"a": arm, "b": arm}, "num", "den", ("pre_num",))
    case.check({"theta": theta[0]})


def users(rng: np.random.Generator, n: int = 3000) -> pd.DataFrame:
    before = rng.poisson(4, n) + 1
    taste = rng.gamma(2, 1, n)
    return pd.DataFrame(
        {
            "variant": rng.integers(0, 2, n),
            "num": rng.poisson(taste * 2),
            "den": rng.poisson(3, n) + 1,
            "pre_num": rng.poisson(taste * before),
            "pre_den": before,
        }
    )


@pytest.mark.parametrize("denominator", [None, "den"])
def test_live_agreement_with_tea_tasting(rng: np.random.Generator, denominator: str | None) -> None:
    # with tea-tasting's own theta put in, everything else must agree to the last digits
    frame = users(rng)
    peer_metric = tea_tasting.RatioOfMeans("num", denominator, "pre_num")
    theirs = tea_tasting.Experiment(metric=peer_metric).analyze(frame)["metric"]
    arms = arms_of(frame, "variant", ("num", denominator, "pre_num", None))
    total = arms["0"] + arms["1"]
    theta = pooled_slope({"both": total}, "num", "den", ("pre_num",))
    found = adjusted(arms, theta=theta).ratios
    ours = estimate(difference(found["1"], found["0"], confidence=0.95))
    relative = estimate(
        relative_effect(found["1"], found["0"], can_be_negative=False, confidence=0.95)
    )
    np.testing.assert_allclose(
        [ours.value, ours.lower, ours.upper, ours.p_value, relative.lower, relative.upper],
        [
            theirs.effect_size,
            theirs.effect_size_ci_lower,
            theirs.effect_size_ci_upper,
            theirs.pvalue,
            theirs.rel_effect_size_ci_lower,
            theirs.rel_effect_size_ci_upper,
        ],
        rtol=1e-9,
    )


def test_two_covariates_equal_ordinary_regression_within_arms(rng: np.random.Generator) -> None:
    # brute force from rows: regress the linearised metric on both covariates and arm dummies
    frame = users(rng)
    found = adjusted(arms_of(frame, "variant", COLUMNS))
    parts = []
    for _, rows in frame.groupby("variant"):
        ratio = rows["num"].mean() / rows["den"].mean()
        parts.append((rows["num"] - ratio * rows["den"]) / rows["den"].mean())
    linearised = pd.concat(parts).sort_index()
    design = np.column_stack(
        [frame["variant"] == 0, frame["variant"] == 1, frame["pre_num"], frame["pre_den"]]
    ).astype(float)
    fit = sm.OLS(linearised.to_numpy(), design).fit()
    np.testing.assert_allclose(found.theta, fit.params[2:], rtol=1e-9)
    residual = linearised - frame["pre_num"] * found.theta[0] - frame["pre_den"] * found.theta[1]
    for variant, rows in residual.groupby(frame["variant"]):
        expected = rows.var(ddof=1) / len(rows)
        assert found.ratios[str(variant)].variance == pytest.approx(expected, rel=1e-9)
    assert 0 < found.variance_reduction < 1


def test_a_covariate_without_variance_changes_nothing(rng: np.random.Generator) -> None:
    frame = users(rng, 200).assign(pre_num=7.0, pre_den=1.0)
    found = adjust(arms_of(frame, "variant", COLUMNS))
    assert found == NoEstimate("covariate_without_variance", 200)


def test_rounding_of_a_constant_near_1e9_is_no_variance(rng: np.random.Generator) -> None:
    # an engine's one-pass covariance of a constant leaves about 1e-9 behind
    arms = {}
    for name, arm in arms_of(users(rng, 200), "variant", COLUMNS).items():
        means, covariance = arm.means.copy(), arm.covariance.copy()
        means[2:], covariance[2:, :], covariance[:, 2:] = 1e9, 0.0, 0.0
        covariance[2, 2] = covariance[3, 3] = 1e-9
        arms[name] = Moments(arm.n, arm.names, means, covariance)
    assert adjust(arms) == NoEstimate("covariate_without_variance", 200)


def test_covariates_that_repeat_each_other_share_the_slope(rng: np.random.Generator) -> None:
    frame = users(rng)
    frame["pre_den"] = frame["pre_num"] * 100
    both = adjusted(arms_of(frame, "variant", COLUMNS))
    one = adjusted(arms_of(frame, "variant", COLUMNS), covariates=("pre_num",))
    assert both.ratios["1"].value == pytest.approx(one.ratios["1"].value, rel=1e-9)
    assert both.ratios["1"].variance == pytest.approx(one.ratios["1"].variance, rel=1e-9)


def test_an_arm_without_events_has_no_adjustment(rng: np.random.Generator) -> None:
    frame = users(rng, 100).assign(num=0.0, den=0.0)
    assert adjust(arms_of(frame, "variant", COLUMNS)) == NoEstimate(
        "no_denominator", int((frame["variant"] == 0).sum())
    )
