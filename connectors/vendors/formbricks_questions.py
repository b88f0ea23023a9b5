"""Questions of a Formbricks survey, by its elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.vendors.questionnaires import (
    AskedQuestion,
    Choice,
    Questionnaire,
    Scale,
    is_high_good,
    plain,
    scale_of,
)

_SILENT = ("cta", "consent")


def questionnaire(definition: Mapping[str, Any]) -> Questionnaire:
    """The survey's questions; ``definition`` is ``data`` of the survey's own address."""
    questions: list[AskedQuestion] = []
    left_out: list[str] = []
    for element in _elements(definition):
        if element.get("type") in _SILENT:
            continue
        asked = _asked(element)
        if isinstance(asked, AskedQuestion):
            questions.append(asked)
        else:
            left_out.append(asked)
    title = plain(definition.get("name"))
    return Questionnaire(title, "en", tuple(questions), tuple(left_out))


def _elements(definition: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """In blocks where the survey has some, directly below it in older ones."""
    for block in definition.get("blocks") or []:
        yield from block.get("elements") or []
    if not definition.get("blocks"):
        yield from definition.get("questions") or []


def _asked(element: Mapping[str, Any]) -> AskedQuestion | str:
    name, kind = str(element.get("id")), str(element.get("type"))
    wording, column = _text(element.get("headline")), f"data.{name}"
    place = f"{name} {wording[:60]!r}"
    if kind == "openText":
        return AskedQuestion("", wording, column)
    if kind in ("nps", "rating", "csat", "ces"):
        good = is_high_good(_text(element.get("lowerLabel")), _text(element.get("upperLabel")))
        range_ = element.get("range")
        high = range_ if isinstance(range_, int) else 5
        scale = Scale(0, 10) if kind == "nps" else Scale(1, high, good)
        return AskedQuestion("", wording, column, scale=scale, is_nps=kind == "nps")
    if kind == "multipleChoiceSingle":
        labels = [_text(choice.get("label")) for choice in element.get("choices") or []]
        found = scale_of([Choice(label, label) for label in labels])
        if found is not None:
            return AskedQuestion("", wording, column, scale=found)
        return f"{place}: its choices are no scale"
    return f"{place}: {kind} is no scale and no text"


def _text(words: Any) -> str:
    """A text, or that of the survey's own language among its translations."""
    return plain(words.get("default") if isinstance(words, dict) else words)
