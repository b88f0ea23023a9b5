from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from analysis.proportions import effective_answers, wilson
from analysis.ratios import Ratio

from .conftest import Oracle


def test_cs01_newcombe(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("cs01")
    found = [wilson(x / n, n, confidence=0.95) for x, n in case.inputs["rows"]]
    case.check({"ci": found})


@given(n=st.integers(1, 5000), data=st.data(), confidence=st.floats(0.5, 0.999))
def test_agrees_with_statsmodels(n: int, data: st.DataObject, confidence: float) -> None:
    x = data.draw(st.integers(0, n))
    theirs = proportion_confint(x, n, alpha=1 - confidence, method="wilson")
    assert wilson(x / n, n, confidence=confidence) == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@given(n=st.integers(1, 2000), data=st.data())
def test_the_width_is_never_zero_and_within_0_and_1(n: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, n))
    lower, upper = wilson(x / n, n, confidence=0.95)
    assert 0 <= lower < upper <= 1
    assert lower <= x / n <= upper


@given(n=st.integers(3, 3000), data=st.data())
def test_a_simple_random_sample_is_worth_its_size(n: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, n))
    p = x / n
    ratio = Ratio(p, p * (1 - p) / (n - 1), n)
    size = effective_answers(ratio, n_events=n, kish=float(n), confidence=0.95)
    assert size == pytest.approx(n, rel=1e-9)


def test_few_units_cost_degrees_of_freedom() -> None:
    # origin: Korn and Graubard (1998): (t_{n-1} / t_{units-1})² with t_99 = 1.98422, t_9 = 2.26216
    ratio = Ratio(0.5, 0.25 / 99, 10)
    size = effective_answers(ratio, n_events=100, kish=100.0, confidence=0.95)
    assert size == pytest.approx(100 * (1.984216952 / 2.262157163) ** 2, rel=1e-8)
