from __future__ import annotations

import numpy as np
import pytest

from analysis.checks import (
    missing_outcome_check,
    multiple_exposure_check,
    pre_period_balance_check,
    sample_ratio_check,
)
from analysis.moments import Moments

SHARES = {"usual": 0.5, "callback": 0.5}


def arm(rng: np.random.Generator, n: int, *, pre: float = 3.0, answers: float = 0.4) -> Moments:
    den = rng.binomial(1, answers, n)
    return Moments.from_rows(
        {"num": den * 1.0, "den": den, "pre_num": rng.normal(pre, 1, n), "pre_den": np.ones(n)}
    )


def test_declared_shares_pass_and_lopsided_arms_fail() -> None:
    assert sample_ratio_check({"usual": 5000, "callback": 5050}, SHARES).passed
    found = sample_ratio_check({"usual": 5000, "callback": 5500}, SHARES)
    assert not found.passed
    assert found.p_value is not None
    assert found.p_value < found.threshold
    assert found.values["observed"] == {"usual": 5000, "callback": 5500}


def test_an_arm_without_units_counts_as_zero() -> None:
    assert not sample_ratio_check({"usual": 100}, SHARES).passed


def test_no_units_and_undeclared_arms_fail() -> None:
    found = sample_ratio_check({}, SHARES)
    assert (found.passed, found.p_value, found.values["reason"]) == (False, None, "no_units")
    stranger = sample_ratio_check({"usual": 50, "callback": 50, "beta": 3}, SHARES)
    assert not stranger.passed
    assert stranger.values["undeclared"] == {"beta": 3}


@pytest.mark.parametrize(("n", "passed"), [(0, True), (10, True), (11, False)])
def test_multiple_exposure_beyond_one_in_a_hundred_fails(n: int, passed: bool) -> None:
    assert multiple_exposure_check(n, 1000 - n).passed is passed


def test_nobody_exposed_is_no_multiple_exposure() -> None:
    assert multiple_exposure_check(0, 0).values["share"] == 0.0


def test_arms_that_differed_before_fail(rng: np.random.Generator) -> None:
    same = {"usual": arm(rng, 2000), "callback": arm(rng, 2000)}
    apart = {"usual": arm(rng, 2000), "callback": arm(rng, 2000, pre=3.3)}
    assert pre_period_balance_check({"a": same}, "usual").passed
    found = pre_period_balance_check({"a": same, "b": apart}, "usual")
    assert not found.passed
    assert found.values["metric"] == "b"
    assert found.values["tests"] == 2
    assert found.p_value == pytest.approx(2 * found.values["p_value"], rel=1e-9, abs=0)


def test_without_a_pre_period_there_is_nothing_to_balance() -> None:
    found = pre_period_balance_check({}, "usual")
    assert found.passed
    assert found.p_value is None
    assert found.values == {"reason": "no_pre_period"}


def test_answers_withheld_in_one_arm_fail(rng: np.random.Generator) -> None:
    apart = {"usual": arm(rng, 3000), "callback": arm(rng, 3000, answers=0.5)}
    same = {"usual": arm(rng, 3000), "callback": arm(rng, 3000)}
    assert missing_outcome_check({"nps": same}, "usual").passed
    found = missing_outcome_check({"nps": apart}, "usual")
    assert not found.passed
    assert found.values["difference"] == pytest.approx(0.1, abs=0.04)  # three standard errors
    assert missing_outcome_check({}, "usual").passed
