from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.effects import Arm, corrected, effect, effect_rows, guardrail_test
from analysis.moments import Moments
from analysis.results import Estimate, NoEstimate

from .worlds import metric, plan


def arm(
    rng: np.random.Generator, n: int = 2000, *, lift: float = 0.0, covariate: bool = True
) -> Arm:
    taste = rng.gamma(4, 1, n)
    pre = taste + rng.normal(0, 0.5, n) if covariate else np.zeros(n)
    columns = {"num": taste + lift + rng.normal(0, 0.5, n), "den": np.ones(n),
               "pre_num": pre, "pre_den": np.ones(n)}  # fmt: skip
    return Arm(Moments.from_rows(columns), n, n)


DAYS = metric("monthly_active_days")


def estimate(result: object) -> Estimate:
    assert isinstance(result, Estimate)
    return result


def test_the_adjusted_difference_is_the_headline_and_the_plain_one_stands_beside(
    rng: np.random.Generator,
) -> None:
    arms = {"usual": arm(rng), "callback": arm(rng, lift=0.3)}
    found = effect(arms, "callback", metric=DAYS, plan=plan())
    headline, plain = estimate(found.headline), estimate(found.unadjusted)
    assert headline.flags == ("cuped",)
    assert headline.std_error is not None
    assert plain.std_error is not None
    assert headline.std_error < plain.std_error
    assert found.variance_reduction == pytest.approx(
        1 - (headline.std_error / plain.std_error) ** 2
    )
    rows = {row.statistic: row for row in effect_rows(found, plan=plan(), tests=1)}
    assert set(rows) == {
        "difference", "difference_unadjusted", "relative", "variance_reduction"
    }  # fmt: skip
    assert rows["difference"].comparison == "callback-usual"
    assert rows["difference"].window == "30d"


@pytest.mark.parametrize("changes", [{"use_cuped": False}, {"pre_period_days": 0}])
def test_without_cuped_the_headline_is_unadjusted(
    rng: np.random.Generator, changes: dict[str, object]
) -> None:
    arms = {"usual": arm(rng), "callback": arm(rng)}
    found = effect(arms, "callback", metric=DAYS, plan=plan(**changes))
    assert estimate(found.headline).flags == ("unadjusted",)
    assert found.unadjusted is None


def test_a_constant_covariate_falls_back_with_a_flag(rng: np.random.Generator) -> None:
    arms = {name: arm(rng, covariate=False) for name in ("usual", "callback")}
    found = effect(arms, "callback", metric=DAYS, plan=plan())
    assert estimate(found.headline).flags == ("unadjusted", "covariate_without_variance")


def test_nps_has_no_relative_row(rng: np.random.Generator) -> None:
    arms = {"usual": arm(rng), "callback": arm(rng)}
    found = effect(arms, "callback", metric=metric("nps"), plan=plan())
    assert found.relative == NoEstimate("can_be_negative", 4000)
    assert "relative" not in {row.statistic for row in effect_rows(found, plan=plan(), tests=1)}


def test_too_few_events_and_missing_arms_have_no_effect(rng: np.random.Generator) -> None:
    small = {"usual": arm(rng), "callback": arm(rng, 29)}
    assert effect(small, "callback", metric=DAYS, plan=plan()).headline == NoEstimate(
        "too_few_answers", 29
    )
    alone = {"callback": arm(rng)}
    assert effect(alone, "callback", metric=DAYS, plan=plan()).headline == NoEstimate(
        "no_answers", 0
    )


def test_bonferronis_interval_and_p_value_agree() -> None:
    plain = Estimate(2.0, 1.0, 0.04, 3.96, 200, "welch_delta", p_value=0.0469, df=198.0)
    found = estimate(corrected(plain, alpha=0.05, tests=2))
    assert found.p_value == pytest.approx(0.0938)
    assert found.lower is not None
    assert found.lower < 0
    # t quantile at 1.25 % with 198 df, from tables of scipy
    assert found.upper == pytest.approx(2 + 2.2580, abs=1e-3)
    assert found.flags == ("bonferroni",)
    assert corrected(plain, alpha=0.05, tests=1) is plain


def test_only_guardrails_are_tested_against_a_margin(rng: np.random.Generator) -> None:
    arms = {"usual": arm(rng), "callback": arm(rng)}
    found = effect(arms, "callback", metric=DAYS, plan=plan())
    assert guardrail_test(found, plan()) is None
    guarded = replace(found, metric="resolution_calendar_minutes")
    assert estimate(guardrail_test(guarded, plan())).method == "non_inferiority_one_sided"
