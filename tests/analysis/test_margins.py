from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from analysis.differences import difference
from analysis.margins import non_inferiority
from analysis.ratios import Ratio
from analysis.results import Estimate, NoEstimate

from .conftest import Oracle


def estimate(result: object) -> Estimate:
    assert isinstance(result, Estimate)
    return result


def test_ni01_both_sides_of_equivalence(oracle: Callable[[str], Oracle]) -> None:
    # An equivalence test is two non-inferiority tests: not lower by the margin, not higher by it.
    case = oracle("ni01")
    i = case.inputs
    sides = [Ratio(i[f"m{k}"], i[f"sd{k}"] ** 2 / i[f"n{k}"], i[f"n{k}"]) for k in (1, 2)]
    effect = estimate(difference(sides[0], sides[1], confidence=0.95))
    margin, alpha = i["bounds_raw"][1], i["alpha"]
    low = estimate(non_inferiority(effect, harm="decrease", margin=margin, alpha=alpha))
    high = estimate(non_inferiority(effect, harm="increase", margin=margin, alpha=alpha))
    assert effect.std_error
    case.check(
        {
            "diff": effect.value,
            "p_lower": low.p_value,
            "p_upper": high.p_value,
            "df": effect.df,
            "ci90": [low.lower, high.upper],
            "ci95": [effect.lower, effect.upper],
            "t_lower": (effect.value + margin) / effect.std_error,
            "t_upper": (effect.value - margin) / effect.std_error,
        }
    )


def test_ni03_two_proportions(oracle: Callable[[str], Oracle]) -> None:
    # The case is Wald's z with divisor n: the same formula with infinite degrees of freedom.
    case = oracle("ni03")
    i = case.inputs
    variance = sum(i[f"p{k}"] * (1 - i[f"p{k}"]) / i[f"n{k}"] for k in (1, 2))
    effect = Estimate(i["p1"] - i["p2"], math.sqrt(variance), None, None, 200, "wald")
    margin, alpha = i["bounds"][1], i["alpha"]
    low = estimate(non_inferiority(effect, harm="decrease", margin=margin, alpha=alpha))
    high = estimate(non_inferiority(effect, harm="increase", margin=margin, alpha=alpha))
    case.check({"p_lower": low.p_value, "p_upper": high.p_value, "ci90": [low.lower, high.upper]})


@pytest.mark.parametrize("harm", ["increase", "decrease"])
@pytest.mark.parametrize("value", [-3.0, -1.0, 0.0, 1.0, 3.0])
def test_the_limit_and_the_p_value_say_the_same(harm: str, value: float) -> None:
    effect = Estimate(value, 1.0, None, None, 100, "welch_delta", df=50.0)
    found = estimate(non_inferiority(effect, harm=harm, margin=2.0, alpha=0.05))  # type: ignore[arg-type]
    limit = found.upper if harm == "increase" else -(found.lower or 0.0)
    assert limit is not None
    assert found.p_value is not None
    assert (limit < 2.0) == (found.p_value < 0.05)
    assert (found.lower is None) == (harm == "increase")


def test_no_effect_no_test() -> None:
    missing = NoEstimate("too_few_answers", 3)
    assert non_inferiority(missing, harm="increase", margin=1, alpha=0.05) is missing
    flat = replace(Estimate(0, None, None, None, 9, "x"))
    assert non_inferiority(flat, harm="increase", margin=1, alpha=0.05) == NoEstimate(
        "no_variation", 9
    )
