from __future__ import annotations

from typing import Any

import pytest
from scipy import stats

from analysis.checks import Check
from analysis.effects import Effect
from analysis.results import Estimate, NoEstimate, Result
from analysis.verdict import decide

from .worlds import plan

FINE = [Check("sample_ratio", True, 0.5, 0.001, {})]
CSAT, MINUTES = "csat_top_two_rate", "resolution_calendar_minutes"


def measured(value: float, error: float) -> Estimate:
    half = float(stats.t.isf(0.025, 1000)) * error
    p = 2 * float(stats.t.sf(abs(value / error), 1000))
    return Estimate(value, error, value - half, value + half, 2000, "given", p_value=p, df=1000.0)


def effects(csat: Result, minutes: Result, variant: str = "callback") -> list[Effect]:
    return [
        Effect(CSAT, variant, csat, None, NoEstimate("x"), None),
        Effect(MINUTES, variant, minutes, None, NoEstimate("x"), None),
    ]


BETTER, FLAT, WIDE = measured(0.06, 0.01), measured(0.001, 0.01), measured(0.03, 0.03)
WORSE, SAFE = measured(-0.05, 0.01), measured(2.0, 10.0)
UNSURE, SLOWER = measured(10.0, 20.0), measured(60.0, 10.0)
SLIGHTLY_SLOWER = measured(10.0, 3.0)


@pytest.mark.parametrize(
    ("csat", "minutes", "decision", "reason"),
    [
        (BETTER, SAFE, "ship", "success_superior"),
        (BETTER, SLIGHTLY_SLOWER, "ship", "success_superior"),
        (BETTER, UNSURE, "cannot_tell", "guardrail_undecided"),
        (BETTER, SLOWER, "stop", "guardrail_harmed"),
        (BETTER, NoEstimate("no_answers"), "cannot_tell", "guardrail_without_estimate"),
        (FLAT, SAFE, "stop", "effect_ruled_out"),
        (WIDE, SAFE, "cannot_tell", "success_undecided"),
        (WORSE, SAFE, "stop", "success_harmed"),
        (FLAT, SLOWER, "stop", "guardrail_harmed"),
        (NoEstimate("too_few_answers"), SAFE, "no_verdict", "success_without_estimate"),
    ],
)
def test_the_rule(csat: Result, minutes: Result, decision: str, reason: str) -> None:
    found = decide(plan(), effects(csat, minutes), FINE, [])
    assert (found.decision, found.reason) == (decision, reason)


def test_a_failed_check_withholds_everything() -> None:
    failed = [*FINE, Check("missing_outcome", False, 1e-5, 0.001, {})]
    found = decide(plan(), [], failed, [])
    assert (found.decision, found.reason) == ("no_verdict", "check_failed")
    assert found.values == {"checks": ["missing_outcome"]}


def test_other_data_than_planned_have_no_verdict() -> None:
    found = decide(plan(), effects(BETTER, SAFE), FINE, ["window_days"])
    assert (found.decision, found.reason) == ("no_verdict", "plan_changed")


def test_a_null_says_which_effect_the_data_rule_out() -> None:
    entry = decide(plan(), effects(FLAT, SAFE), FINE, []).values["success"][0]
    assert entry["state"] == "ruled_out"
    assert entry["largest_plausible"] == pytest.approx(0.001 + 1.9623 * 0.01, abs=1e-5)
    assert entry["largest_plausible"] < entry["minimum_effect"]


def test_decrease_is_read_the_other_way_round() -> None:
    success = [{"metric": CSAT, "alternative": "decrease", "minimum_effect": 0.05}]
    turned = plan(success=success)
    assert decide(turned, effects(WORSE, SAFE), FINE, []).decision == "ship"
    assert decide(turned, effects(BETTER, SAFE), FINE, []).reason == "success_harmed"


def test_worse_within_the_margin_ships_and_says_so() -> None:
    entry = decide(plan(), effects(BETTER, SLIGHTLY_SLOWER), FINE, []).values["guardrails"][0]
    assert entry["state"] == "non_inferior"
    assert entry["worse_within_margin"] is True


def two_metrics(**changes: Any) -> Any:
    success = [
        {"metric": CSAT, "alternative": "increase", "minimum_effect": 0.05},
        {"metric": "nps", "alternative": "increase", "minimum_effect": 3},
    ]
    return plan(success=success, **changes)


def test_two_success_metrics_share_the_error() -> None:
    barely = measured(0.021, 0.01)
    assert barely.p_value is not None
    assert 0.025 < barely.p_value < 0.05
    nps = Effect("nps", "callback", measured(0.0, 5.0), None, NoEstimate("x"), None)
    assert decide(plan(), effects(barely, SAFE), FINE, []).decision == "ship"
    found = decide(two_metrics(), [*effects(barely, SAFE), nps], FINE, [])
    assert found.decision == "cannot_tell"


def test_harm_of_one_success_metric_outweighs_the_other() -> None:
    nps = Effect("nps", "callback", measured(-8.0, 3.0), None, NoEstimate("x"), None)
    found = decide(two_metrics(), [*effects(BETTER, SAFE), nps], FINE, [])
    assert (found.decision, found.reason) == ("stop", "success_harmed")


def test_the_best_of_two_treatments_is_named() -> None:
    words = {"en": "x", "ja": "あ"}
    variants = {
        "usual": {"share": 0.4, "is_control": True, "description": words},
        "callback": {"share": 0.3, "description": words},
        "chat": {"share": 0.3, "description": words},
    }
    both = effects(FLAT, SAFE) + effects(BETTER, SAFE, "chat")
    found = decide(plan(variants=variants), both, FINE, [])
    assert (found.decision, found.values["variant"]) == ("ship", "chat")
    assert found.values["variants"]["callback"]["decision"] == "stop"
