"""Seeded simulations: does a 5 % test reject 5 % of the time, does a 95 % interval cover 95 %?

Each count of hits must lie in the central 99 % of the binomial distribution with the nominal rate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from analysis.cuped import Adjustment, adjust
from analysis.differences import difference, guarded_difference, relative_effect
from analysis.levels import Cell, Scale, level
from analysis.margins import non_inferiority
from analysis.moments import Moments
from analysis.ratios import Ratio, ratio_of_means
from analysis.results import Estimate
from analysis.srm import sample_ratio_mismatch

pytestmark = pytest.mark.simulation

AssertRate = Callable[[int, int, float], None]
TRIALS = 2000
NPS = Scale("score", -100, 100, True)
RATE = Scale("proportion", 0, 1, False)


def estimate(result: object) -> Estimate:
    assert isinstance(result, Estimate)
    return result


def ratio(numerator: np.ndarray, denominator: np.ndarray) -> Ratio:
    found = ratio_of_means(Moments.from_rows({"numerator": numerator, "denominator": denominator}))
    assert isinstance(found, Ratio)
    return found


def sessions_and_orders(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Users with a taste of their own, so that sessions of one user are alike."""
    sessions = rng.poisson(3.0, n) + 1
    return rng.binomial(sessions, rng.beta(2, 4, n)).astype(float), sessions.astype(float)


def test_welch_on_equal_arms_rejects_at_its_level(assert_rate: AssertRate) -> None:
    rng, hits = np.random.default_rng(11), 0
    for _ in range(TRIALS):
        one, two = rng.gamma(4, 1, 150), 4 + rng.normal(0, 5, 60)
        sides = [Ratio(x.mean(), x.var(ddof=1) / len(x), len(x)) for x in (one, two)]
        hits += (estimate(difference(*sides, confidence=0.95)).p_value or 0) < 0.05
    assert_rate(hits, TRIALS, 0.05)


def test_ratio_metric_rejects_at_its_level_and_covers(assert_rate: AssertRate) -> None:
    rng, rejected, covered = np.random.default_rng(12), 0, 0
    for _ in range(TRIALS):
        arms = [ratio(*sessions_and_orders(rng, 400)) for _ in range(2)]
        found = estimate(difference(*arms, confidence=0.95))
        rejected += (found.p_value or 0) < 0.05
        relative = estimate(relative_effect(*arms, can_be_negative=False, confidence=0.95))
        covered += relative.lower <= 0 <= relative.upper  # type: ignore[operator]
    assert_rate(rejected, TRIALS, 0.05)
    assert_rate(covered, TRIALS, 0.95)


@pytest.mark.parametrize("is_ratio", [False, True])
def test_cuped_rejects_at_its_level(assert_rate: AssertRate, is_ratio: bool) -> None:
    rng, hits = np.random.default_rng(13), 0
    for _ in range(TRIALS):
        arms = {}
        for name in ("usual", "callback"):
            taste = rng.beta(2, 4, 300)
            before, after = (rng.poisson(3.0, 300) + 1 for _ in range(2))
            one = np.ones(300)
            arms[name] = Moments.from_rows(
                {
                    "num": rng.binomial(after, taste),
                    "den": after if is_ratio else one,
                    "pre_num": rng.binomial(before, taste),
                    "pre_den": before if is_ratio else one,
                }
            )
        found = adjust(arms)
        assert isinstance(found, Adjustment)
        sides = found.ratios["callback"], found.ratios["usual"]
        hits += (estimate(difference(*sides, confidence=0.95)).p_value or 0) < 0.05
    assert_rate(hits, TRIALS, 0.05)


@pytest.mark.parametrize("shares", [(0.5, 0.3, 0.2), (0.35, 0.4, 0.25), (0.6, 0.25, 0.15)])
def test_nps_of_sixty_answers_covers(
    assert_rate: AssertRate, shares: tuple[float, float, float]
) -> None:
    rng, hits = np.random.default_rng(14), 0
    truth = 100 * (shares[0] - shares[2])
    for _ in range(TRIALS):
        answers = rng.choice([100.0, 0.0, -100.0], 60, p=shares)
        moments = Moments.from_rows({"numerator": answers, "denominator": np.ones(60)})
        found = estimate(level(Cell(moments, 60, 60.0), scale=NPS, confidence=0.95, min_answers=30))
        hits += found.lower <= truth <= found.upper  # type: ignore[operator]
    assert_rate(hits, TRIALS, 0.95)


def test_nearly_unanimous_nps_covers_at_least_as_said() -> None:
    # 95 % promoters, 60 answers: one sample in twenty is unanimous and takes the adjusted interval
    rng, hits, wald = np.random.default_rng(15), 0, 0
    truth = 100 * (0.95 - 0.01)
    for _ in range(TRIALS):
        answers = rng.choice([100.0, 0.0, -100.0], 60, p=[0.95, 0.04, 0.01])
        moments = Moments.from_rows({"numerator": answers, "denominator": np.ones(60)})
        found = estimate(level(Cell(moments, 60, 60.0), scale=NPS, confidence=0.95, min_answers=30))
        inside = found.lower <= truth <= found.upper  # type: ignore[operator]
        hits += inside
        wald += inside and found.method == "linearised_t"
    assert wald < hits
    assert hits / TRIALS > 0.85


def test_clustered_proportion_covers(assert_rate: AssertRate) -> None:
    # 80 customers with 1 to 6 tickets that are alike; Wilson on the tickets would cover far less
    rng, hits, naive = np.random.default_rng(16), 0, 0
    truth = 0.3
    for _ in range(TRIALS):
        tickets = rng.integers(1, 7, 80)
        bad = rng.binomial(tickets, rng.beta(0.6, 1.4, 80)).astype(float)
        moments = Moments.from_rows({"numerator": bad, "denominator": tickets})
        events = int(tickets.sum())
        cell = Cell(moments, events, float(events))
        found = estimate(level(cell, scale=RATE, confidence=0.95, min_answers=30))
        hits += found.lower <= truth <= found.upper  # type: ignore[operator]
        p = bad.sum() / events
        naive += abs(p - truth) < 1.96 * np.sqrt(p * (1 - p) / events)
    # a linearised variance from 80 unequal clusters is a little too small: within 1.5 points
    assert hits / TRIALS >= 0.935
    assert naive / TRIALS < 0.85


def test_weighted_change_between_waves_covers(assert_rate: AssertRate) -> None:
    rng, hits = np.random.default_rng(17), 0
    for _ in range(TRIALS):
        sides = []
        for shares in ((0.5, 0.3, 0.2), (0.45, 0.3, 0.25)):
            weights = rng.uniform(0.5, 2.0, 250)
            answers = rng.choice([100.0, 0.0, -100.0], 250, p=shares)
            sides.append(ratio(weights * answers, weights))
        found = estimate(guarded_difference(*sides, scale=NPS, confidence=0.95))
        hits += found.lower <= 10.0 <= found.upper  # type: ignore[operator]
    assert_rate(hits, TRIALS, 0.95)


def test_harm_of_exactly_the_margin_passes_at_alpha(assert_rate: AssertRate) -> None:
    rng, hits = np.random.default_rng(18), 0
    for _ in range(TRIALS):
        usual, treated = rng.normal(60, 20, 200), rng.normal(65, 20, 200)
        sides = [Ratio(x.mean(), x.var(ddof=1) / 200, 200) for x in (treated, usual)]
        effect = difference(*sides, confidence=0.95)
        found = estimate(non_inferiority(effect, harm="increase", margin=5, alpha=0.05))
        hits += (found.p_value or 0) < 0.05
    assert_rate(hits, TRIALS, 0.05)


def test_sample_ratio_alarms_are_as_rare_as_said(assert_rate: AssertRate) -> None:
    rng = np.random.default_rng(19)
    hits = 0
    for a in rng.binomial(9000, 1 / 3, 20_000):
        hits += sample_ratio_mismatch([int(a), 9000 - int(a)], [1 / 3, 2 / 3]).p_value < 0.001
    assert_rate(hits, 20_000, 0.001)
