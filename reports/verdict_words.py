"""The verdict in one sentence, from its reason code and the numbers it speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from reports.context import ExperimentEdition
from reports.layout import Banner
from reports.results import Metric
from reports.wording import Wording, declared

# Which of the plan's metrics a reason speaks of, by the state the rule found them in.
_SUCCESS_STATE = {
    "success_superior": "superior",
    "success_harmed": "harmed",
    "effect_ruled_out": "ruled_out",
    "success_undecided": "undecided",
    "guardrail_undecided": "superior",
    "guardrail_without_estimate": "superior",
    "success_without_estimate": "no_estimate",
}
_GUARDRAIL_STATE = {
    "guardrail_harmed": "harmed",
    "guardrail_undecided": "undecided",
    "guardrail_without_estimate": "no_estimate",
}


def verdict_banner(edition: ExperimentEdition, words: Wording) -> Banner:
    """The decision as a word and its reason as a sentence."""
    verdict = edition.verdict
    return Banner(
        label=str(words.say("experiment.verdict_label")),
        word=str(words.say(f"verdict.{verdict.decision}")),
        sentence=verdict_sentence(edition, words),
        decision=verdict.decision,
    )


def verdict_sentence(edition: ExperimentEdition, words: Wording) -> Markup:
    """Why the decision is what it is.

    Raises:
        UnknownCodeError: for a reason that has no sentence.
    """
    reason, values = edition.verdict.reason, edition.verdict.values
    comma = words.say("separator")
    success = _named(values, "success", _SUCCESS_STATE.get(reason))
    guardrails = _named(values, "guardrails", _GUARDRAIL_STATE.get(reason))
    return words.say(
        f"verdict_reason.{reason}",
        effects=comma.join(_item(edition, words, ref, entry) for ref, entry in success),
        guardrails=comma.join(_item(edition, words, ref, entry) for ref, entry in guardrails),
        bars=comma.join(_bar(edition, words, ref, entry) for ref, entry in success),
        checks=comma.join(words.say(f"check.{name}") for name in values.get("checks", [])),
        paths=comma.join(declared(str(path)) for path in values.get("paths", [])),
    )


def states(edition: ExperimentEdition) -> dict[str, str]:
    """The state in which the rule found each metric of the plan that it judges."""
    values = edition.verdict.values
    entries = [*values.get("success", []), *values.get("guardrails", [])]
    return {str(entry["metric"]): str(entry["state"]) for entry in entries}


def _named(
    values: Mapping[str, Any], group: str, state: str | None
) -> list[tuple[str, Mapping[str, Any]]]:
    entries: Sequence[Mapping[str, Any]] = values.get(group, [])
    return [
        (f"/verdict/values/{group}/{number}", entry)
        for number, entry in enumerate(entries)
        if entry["state"] == state
    ]


def _item(edition: ExperimentEdition, words: Wording, ref: str, entry: Mapping[str, Any]) -> Markup:
    metric = str(entry["metric"])
    label = words.metric(metric)
    if "estimate" not in entry:
        return words.say("effect.missing", metric=label, reason=words.no_estimate(entry["reason"]))
    unit = _metric(edition, metric).unit

    def show(field: str, form: str = "change") -> Any:
        return words.figure(f"{ref}/{field}", form, entry[field], unit=unit)

    return words.say(
        "effect.item",
        metric=label,
        change=show("estimate"),
        ci=words.confidence_interval(
            words.say("interval", lower=show("lower", "first_bound"), upper=show("upper", "bound")),
            words.figure("/plan/alpha", "confidence"),
        ),
    )


def _bar(edition: ExperimentEdition, words: Wording, ref: str, entry: Mapping[str, Any]) -> Markup:
    unit = _metric(edition, str(entry["metric"])).unit
    form = "rise" if entry["alternative"] == "increase" else "fall"
    value = words.figure(f"{ref}/minimum_effect", form, entry["minimum_effect"], unit=unit)
    return words.say("effect.bar", value=value)


def _metric(edition: ExperimentEdition, name: str) -> Metric:
    return edition.metrics[name]
