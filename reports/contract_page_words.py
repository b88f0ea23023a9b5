"""What a check is about, what was found, what was expected and what to do, in two languages.

A check comes as the summary that a manifest holds: plain values, no row and no person.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from programme.benchmarks import Language
from reports.formats import format_value
from reports.wording import declared, sentences

Result = Mapping[str, Any]

_SHARES = frozenset(
    ["before", "limit", "max_rate", "min_rate", "now", "rate", "share"],
)
# whose `now`, `before` and `limit` are no shares
_NUMBERS = frozenset(["distribution", "flipped_scale", "freshness", "mean_shift"])
_FORMS = {"psi": "score", "factor": "number", "observed": "number", "limit": "number"}
_HISTORY = frozenset(
    [
        "distribution",
        "emptied",
        "flipped_scale",
        "mean_shift",
        "new_codes",
        "null_share",
        "vanished_codes",
        "volume",
    ]
)
_OWN_MENDS = frozenset(["freshness", "garbled_text", "references"])
_LONGEST = 160


class ContractWords:
    """The sentences of the contract page in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._sentences = sentences(language)

    def say(self, key: str, /, **values: Any) -> Markup:
        """The sentence under ``contract.<key>``; what is no markup is escaped."""
        return Markup(self._sentences[f"contract.{key}"]).format(**values)  # noqa: S704 - our own file

    def number(self, value: Any, form: str = "count") -> Markup:
        """A value as text in the language's way of writing numbers."""
        return Markup('<span class="fig">{}</span>').format(
            format_value(value, form, self.language)
        )

    def listed(self, values: Any) -> str:
        """Texts in a row."""
        return self._sentences["separator"].join(str(value) for value in values)

    # a result ----------------------------------------------------------------

    def rule(self, result: Result) -> Markup:
        """What is checked, in a few words; what the company says of its own check goes first."""
        if result.get("reason") and not result.get("facts", {}).get("standard"):
            return declared(str(result["reason"]))
        name = str(result["expectation"])
        key = name if f"contract.rule.{name}" in self._sentences else "other"
        columns = self.listed(result["columns"]) or str(result["record"])
        plain = name.removeprefix("expect_").replace("_", " ")
        return self.say(f"rule.{key}", columns=declared(columns), name=plain)

    def where(self, result: Result) -> Markup:
        """Source, entity, record and question, each once."""
        parts = [result["source"], result["entity"], result["record"], result.get("group", "")]
        place = self._sentences["place_separator"]
        return declared(place.join(dict.fromkeys(str(part) for part in parts if part)))

    def observed(self, result: Result) -> Markup:
        """What was found."""
        name, facts = str(result["expectation"]), result.get("facts", {})
        if result.get("error"):
            return self.say("observed.error", text=_short(result["error"]))
        if name == "distribution" and not 1 / 3 < facts.get("factor", 1) < 3:
            return self._filled("observed.distribution_unit", result)
        if f"contract.observed.{name}" in self._sentences:
            return self._filled(f"observed.{name}", result)
        if result.get("failed"):
            numbers = {key: self.number(result[key]) for key in ("failed", "evaluated")}
            return self.say("observed.rows", **numbers)
        for fact, key in (("rate", "share"), ("observed", "value")):
            if fact in facts:
                return self._filled(f"observed.{key}", result)
        return self.say("observed.failed")

    def expected(self, result: Result) -> Markup:
        """What it should have been."""
        name, facts = str(result["expectation"]), result.get("facts", {})
        if f"contract.expected.{name}" in self._sentences:
            return self._filled(f"expected.{name}", result)
        low, high = (facts.get(key) for key in ("min_value", "max_value"))
        if facts.get("strict_max") and isinstance(high, str):
            return self.say("expected.not_later", high=self._bound(high))
        if low is not None or high is not None:
            key = "between" if None not in (low, high) else "at_most" if low is None else "at_least"
            return self.say(f"expected.{key}", low=self._bound(low), high=self._bound(high))
        if facts.get("value_set") and "_not_" not in name:
            return self.say("expected.listed", listed=declared(self.listed(facts["value_set"])))
        if "min_rate" in facts:
            return self._filled("expected.share", result)
        if "regex" in facts:
            return self.say("expected.pattern", pattern=declared(str(facts["regex"])))
        return self.say("expected.present" if name.endswith("not_be_null") else "expected.all")

    def mend(self, result: Result) -> Markup:
        """What to do about it."""
        name = str(result["expectation"])
        if name == "landing":
            return self.say("mend.said", text=declared(str(result.get("mend", ""))))
        if name in _OWN_MENDS:
            return self.say(f"mend.{name}")
        if name in _HISTORY:
            return self.say("mend.history", record=declared(str(result["record"])))
        return self.say("mend.set_aside" if result["severity"] == "quarantine" else "mend.data")

    def _filled(self, key: str, result: Result) -> Markup:
        facts = result.get("facts", {})
        values = {name: self._fact(name, value, result) for name, value in facts.items()}
        text = declared(_short(result.get("observed", "")))
        return self.say(key, **{"text": text, **values})

    def _fact(self, name: str, value: Any, result: Result) -> Any:
        if name == "codes":
            more = facts_more(result)
            return declared(self.listed(value) + (f" (+{more})" if more else ""))
        if isinstance(value, bool) or not isinstance(value, int | float):
            return declared(str(value))
        if name in _SHARES and result["expectation"] not in _NUMBERS:
            return self.number(value, "share")
        if name in ("now", "before", "mirrored"):
            return self.number(value, "score")
        return self.number(value, _FORMS.get(name, "count"))

    def _bound(self, value: Any) -> Markup:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.number(value, "number")
        text = str(value)
        if len(text) > len("2026-07-05") and text[len("2026-07-05")] == "T":
            return self.number(text, "date")
        return declared(text)


def facts_more(result: Result) -> int:
    """How many further codes a finding has than it names."""
    return int(result.get("facts", {}).get("more", 0))


def _short(text: Any) -> str:
    said = " ".join(str(text).split())
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
