from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from analysis.levels import Cell, Scale, kish_effective_size, level
from analysis.moments import Moments
from analysis.results import Estimate, NoEstimate

from .conftest import Oracle

NPS = Scale("score", -100, 100, True)
RATE = Scale("proportion", 0, 1, False)
STARS = Scale("mean", 1, 5, False)
MINUTES = Scale("duration", 0, None, False)


def cell(values: object, weights: object | None = None) -> Cell:
    """One answer per unit."""
    rows = np.asarray(values, float)
    w = np.ones(len(rows)) if weights is None else np.asarray(weights, float)
    moments = Moments.from_rows({"numerator": w * rows, "denominator": w})
    return Cell(moments, len(rows), kish_effective_size(float(w.sum()), float((w**2).sum())))


def estimate(values: object, scale: Scale, weights: object | None = None) -> Estimate:
    found = level(cell(values, weights), scale=scale, confidence=0.95, min_answers=2)
    assert isinstance(found, Estimate)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < found.upper
    assert found.lower <= found.value <= found.upper
    return found


def answers(promoters: int, passives: int, detractors: int) -> np.ndarray:
    return np.repeat([100.0, 0.0, -100.0], [promoters, passives, detractors])


def test_cs03_mean_and_top_two_boxes(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("cs03")
    ratings = case.data()["rating"].to_numpy(float)
    mean, top = estimate(ratings, STARS), estimate(ratings >= 4, RATE)
    assert mean.std_error
    case.check(
        {
            "n": mean.n,
            "mean": mean.value,
            "sd": mean.std_error * math.sqrt(mean.n),
            "se": mean.std_error,
            "ci_t": [mean.lower, mean.upper],
            "top2box": top.value,
            "top2box_wilson": [top.lower, top.upper],
        }
    )


def test_sw06_kish(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("sw06")
    weights = case.data()["pw"].to_numpy(float)
    size = kish_effective_size(weights.sum(), (weights**2).sum())
    case.check({"kish_deff": len(weights) / size, "effective_n": size})
    assert kish_effective_size(0.0, 0.0) == 0.0


def test_nps01_tiny_samples(oracle: Callable[[str], Oracle]) -> None:
    # The case divides by n; a sample variance divides by n - 1 here, like every other metric's.
    case = oracle("nps01")
    scores, errors = [], []
    for counts in case.inputs["counts_det_pas_pro"]:
        n = sum(counts)
        if n < 2:
            assert level(
                cell(answers(*reversed(counts))), scale=NPS, confidence=0.95, min_answers=1
            ) == NoEstimate("too_few_units", n)
            scores.append((counts[2] - counts[0]) / n)
            errors.append(0.0)
            continue
        found = estimate(answers(*reversed(counts)), NPS)
        assert found.std_error
        scores.append(found.value / 100)
        errors.append(found.std_error / 100 * math.sqrt((n - 1) / n))
    case.check({"nps": scores, "se": errors})


def test_nps02_real_survey(oracle: Callable[[str], Oracle]) -> None:
    # The case has divisor n and the normal quantile; ours are n - 1 and t, 0.1 % wider at n = 1162.
    case = oracle("nps02")
    i = case.inputs
    found = estimate(answers(i["promoters"], i["passives"], i["detractors"]), NPS)
    assert found.std_error
    assert found.upper is not None
    assert found.lower is not None
    se = found.std_error / 100 * math.sqrt((found.n - 1) / found.n)
    case.check({"nps": found.value / 100, "se": se, "moe_points": (found.upper - found.lower) / 2})
    assert found.lower / 100 == pytest.approx(case.expected["ci_wald"][0], rel=2e-3)


def test_nps03_ticket_model(oracle: Callable[[str], Oracle]) -> None:
    case = oracle("nps03")
    found = estimate(answers(162, 108, 54), NPS)
    assert found.std_error
    # the ticket model's variance has divisor n
    variance = (found.std_error / 100) ** 2 * (found.n - 1)
    se = math.sqrt(variance / found.n)
    case.check({"nps": found.value / 100, "variance": variance, "se": se})


@pytest.mark.parametrize("everyone", [100.0, 0.0, -100.0])
def test_unanimous_nps_has_a_width(everyone: float) -> None:
    found = estimate(np.full(60, everyone), NPS)
    assert found.method == "adjusted_wald"
    assert found.flags == ("degenerate_sample",)
    assert found.value == everyone
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower >= -100
    assert found.upper <= 100


def test_unanimous_nps_by_the_formula_of_rocks() -> None:
    # origin: Rocks (2016), adjusted Wald with three pseudo-answers (3/4, 3/2, 3/4), by hand:
    # n = 60 promoters -> 60.75 of 63 promoters, 0.75 of 63 detractors
    p, d = 60.75 / 63, 0.75 / 63
    nps = p - d
    error = math.sqrt((p + d - nps**2) / 63)
    found = estimate(np.full(60, 100.0), NPS)
    assert found.std_error == pytest.approx(100 * error, rel=1e-12)
    assert found.lower == pytest.approx(100 * (nps - 1.959963984540054 * error), rel=1e-12)


def test_unequal_weights_of_a_unanimous_sample_count_by_kish() -> None:
    even, uneven = np.ones(40), np.r_[np.ones(20), np.full(20, 9.0)]
    wide, narrow = (estimate(np.full(40, 100.0), NPS, w) for w in (uneven, even))
    assert wide.lower is not None
    assert narrow.lower is not None
    assert wide.lower < narrow.lower


def test_clustered_answers_widen_the_wilson_interval() -> None:
    # 50 customers with 4 answers each, all four alike: worth 50 answers, not 200
    votes = np.r_[np.ones(30), np.zeros(20)]
    clustered = Cell(
        Moments.from_rows({"numerator": 4 * votes, "denominator": np.full(50, 4.0)}), 200, 200.0
    )
    found = level(clustered, scale=RATE, confidence=0.95, min_answers=2)
    single = estimate(votes, RATE)
    assert isinstance(found, Estimate)
    assert found.n == 200
    # 200 / deff = 200 * 49 / 199, then the quantiles t_199 = 1.97196 and t_49 = 2.00958
    assert found.n_eff == pytest.approx(200 * 49 / 199 * (1.971957 / 2.009575) ** 2, rel=1e-5)
    assert found.lower == pytest.approx(single.lower, abs=0.01)
    assert found.df == 49


def test_weights_lower_the_effective_size_and_are_flagged() -> None:
    weights = np.r_[np.ones(50), np.full(50, 5.0)]
    found = estimate(np.tile([1.0, 0.0], 50), RATE, weights)
    assert found.n_eff is not None
    assert found.n_eff <= 300**2 / 1300 + 1e-9
    assert found.flags == ("weighted",)


def test_the_interval_stays_on_the_scale() -> None:
    found = estimate(np.r_[np.full(29, 5.0), 1.0], STARS)
    assert found.upper == 5.0
    assert estimate([0.0, 0.0, 0.0, 90.0], MINUTES).lower == 0.0


def test_what_has_no_level_says_why() -> None:
    rule = {"scale": MINUTES, "confidence": 0.95, "min_answers": 30}
    assert level(None, **rule) == NoEstimate("no_answers", 0)
    assert level(Cell(None, 0, 0.0), **rule) == NoEstimate("no_answers", 0)
    assert level(cell(np.arange(29.0)), **rule) == NoEstimate("too_few_answers", 29)
    assert level(cell(np.full(40, 7.0)), **rule) == NoEstimate("no_variation", 40)


def test_one_customer_with_forty_answers_is_too_few_units() -> None:
    one = Cell(Moments.from_rows({"numerator": [35.0], "denominator": [40.0]}), 40, 40.0)
    found = level(one, scale=RATE, confidence=0.95, min_answers=30)
    assert found == NoEstimate("too_few_units", 40)
