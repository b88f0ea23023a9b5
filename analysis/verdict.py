"""What to do with an intervention, decided by the rule that the plan fixed beforehand.

Ship iff at least one success metric is superior, every guardrail is non-inferior, no success metric
deteriorated, and all checks passed (Schultzberg, Ankargren and Frånberg 2024, decision rule 2,
with a guardrail judged against its declared margin). A segment never enters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from analysis.checks import Check
from analysis.effects import Effect, corrected, guardrail_test
from analysis.results import Estimate, NoEstimate
from programme.experiments import Experiment, Guardrail, SuccessMetric

Decision = Literal["ship", "stop", "cannot_tell", "no_verdict"]


@dataclass(frozen=True)
class Verdict:
    """A decision, the code of its reason, and the numbers the reason speaks of.

    Reasons: ship ``success_superior``; stop ``success_harmed``, ``guardrail_harmed``,
    ``effect_ruled_out``; cannot_tell ``success_undecided``, ``guardrail_undecided``,
    ``guardrail_without_estimate``; no_verdict ``check_failed``, ``plan_changed``,
    ``success_without_estimate``.
    """

    decision: Decision
    reason: str
    values: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain types for JSON."""
        return asdict(self)


def decide(
    plan: Experiment, effects: Sequence[Effect], checks: Sequence[Check], changed: Sequence[str]
) -> Verdict:
    """Apply the rule.

    Args:
        plan: The registered plan.
        effects: Every treatment on every metric, for all units.
        checks: All of them.
        changed: Paths of data-defining parts of the plan that differ from the registered plan.
    """
    failed = sorted(check.name for check in checks if not check.passed)
    if failed:
        return Verdict("no_verdict", "check_failed", {"checks": failed})
    if changed:
        return Verdict("no_verdict", "plan_changed", {"paths": sorted(changed)})
    found = {
        variant: decide_variant(plan, [one for one in effects if one.variant == variant])
        for variant in plan.variants
        if variant != plan.control
    }
    order: tuple[Decision, ...] = ("ship", "cannot_tell", "no_verdict", "stop")
    chosen = min(found, key=lambda variant: order.index(found[variant].decision))
    best = found[chosen]
    values = {**best.values, "variant": chosen}
    if len(found) > 1:
        values["variants"] = {
            name: {"decision": one.decision, "reason": one.reason} for name, one in found.items()
        }
    return Verdict(best.decision, best.reason, values)


def decide_variant(plan: Experiment, effects: Sequence[Effect]) -> Verdict:
    """The rule for one treatment."""
    by_metric = {one.metric: one for one in effects}
    tests = success_tests(plan)
    success = [_success(item, by_metric[item.metric], plan.alpha, tests) for item in plan.success]
    guardrails = [_guardrail(item, by_metric[item.metric], plan) for item in plan.guardrails]
    values = {"success": success, "guardrails": guardrails}
    states = {str(item["state"]) for item in success}
    held = {str(item["state"]) for item in guardrails}
    if states == {"no_estimate"}:
        return Verdict("no_verdict", "success_without_estimate", values)
    if "harmed" in states:
        return Verdict("stop", "success_harmed", values)
    if "harmed" in held:
        return Verdict("stop", "guardrail_harmed", values)
    if states <= {"ruled_out"}:
        return Verdict("stop", "effect_ruled_out", values)
    if "superior" not in states:
        return Verdict("cannot_tell", "success_undecided", values)
    if "no_estimate" in held:
        return Verdict("cannot_tell", "guardrail_without_estimate", values)
    if held - {"non_inferior"}:
        return Verdict("cannot_tell", "guardrail_undecided", values)
    return Verdict("ship", "success_superior", values)


def success_tests(plan: Experiment) -> int:
    """Among how many tests the plan's alpha is shared: success metrics times treatments."""
    return len(plan.success) * (len(plan.variants) - 1)


def _success(item: SuccessMetric, found: Effect, alpha: float, tests: int) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "metric": item.metric,
        "alternative": item.alternative,
        "minimum_effect": item.minimum_effect,
    }
    plain, headline = found.headline, corrected(found.headline, alpha=alpha, tests=tests)
    if isinstance(plain, NoEstimate) or isinstance(headline, NoEstimate):
        reason = plain.reason if isinstance(plain, NoEstimate) else "no_variation"
        return {**entry, "state": "no_estimate", "reason": reason}
    sign = 1.0 if item.alternative == "increase" else -1.0
    entry |= _numbers(headline)
    best = _limit(headline, towards=sign)
    if _significant(headline, alpha) and sign * headline.value > 0:
        state = "superior"
    # harm is sought at the uncorrected level: correcting would make it easier to overlook
    elif _significant(plain, alpha) and sign * plain.value < 0:
        state = "harmed"
    elif sign * best < item.minimum_effect:
        state = "ruled_out"
    else:
        state = "undecided"
    return {**entry, "state": state, "largest_plausible": best}


def _guardrail(item: Guardrail, found: Effect, plan: Experiment) -> dict[str, Any]:
    entry: dict[str, Any] = {"metric": item.metric, "harm": item.harm, "margin": item.margin}
    headline, test = found.headline, guardrail_test(found, plan)
    if isinstance(headline, NoEstimate) or not isinstance(test, Estimate):
        reason = headline.reason if isinstance(headline, NoEstimate) else "no_variation"
        return {**entry, "state": "no_estimate", "reason": reason}
    sign = 1.0 if item.harm == "increase" else -1.0
    worse = _significant(headline, plan.alpha) and sign * headline.value > 0
    entry |= {**_numbers(headline), "p_non_inferiority": test.p_value}
    if _significant(test, plan.alpha):
        # significantly worse, yet by less than the plan tolerates: said, but no obstacle
        return {**entry, "state": "non_inferior", "worse_within_margin": worse}
    return {**entry, "state": "harmed" if worse else "undecided"}


def _significant(found: Estimate, alpha: float) -> bool:
    return found.p_value is not None and found.p_value < alpha


def _numbers(found: Estimate) -> dict[str, Any]:
    return {
        "estimate": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "p_value": found.p_value,
    }


def _limit(found: Estimate, *, towards: float) -> float:
    limit = found.upper if towards > 0 else found.lower
    return found.value if limit is None else limit
