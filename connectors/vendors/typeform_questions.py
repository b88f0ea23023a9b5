"""Questions of a Typeform form, by its fields."""

from __future__ import annotations

import json
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

_SILENT = ("statement", "thankyou_screen", "welcome_screen")


def questionnaire(definition: Mapping[str, Any]) -> Questionnaire:
    """The form's questions; ``definition`` is the answer of ``/forms/{id}``."""
    questions: list[AskedQuestion] = []
    left_out: list[str] = []
    for asked in _of_fields(definition.get("fields") or [], ""):
        if isinstance(asked, AskedQuestion):
            questions.append(asked)
        else:
            left_out.append(asked)
    settings = definition.get("settings") or {}
    language = str(settings.get("language") or "en")[:2]
    return Questionnaire(
        plain(definition.get("title")), language, tuple(questions), tuple(left_out)
    )


def _of_fields(fields: list[Mapping[str, Any]], before: str) -> Iterator[AskedQuestion | str]:
    for field in fields:
        within = (field.get("properties") or {}).get("fields")
        wording = f"{before}{plain(field.get('title'))}"
        if within:  # a group, or a matrix whose rows are questions
            is_matrix = field.get("type") == "matrix"
            yield from _of_fields(within, f"{wording}: " if is_matrix else "")
        elif field.get("type") not in _SILENT:
            yield _asked(field, wording)


def _asked(field: Mapping[str, Any], wording: str) -> AskedQuestion | str:
    kind, properties = str(field.get("type")), field.get("properties") or {}
    ref = str(field.get("ref"))
    own = (f"{{column: answers.field.ref, is_in: [{json.dumps(ref)}]}}",)
    place = f"{ref} {wording[:60]!r}"
    if kind in ("short_text", "long_text"):
        return AskedQuestion(ref, wording, "answers.text", own)
    if kind in ("nps", "opinion_scale", "rating"):
        scale = Scale(0, 10) if kind == "nps" else _steps(kind, properties)
        return AskedQuestion(ref, wording, "answers.number", own, scale, is_nps=kind == "nps")
    choices = properties.get("choices") or []
    if kind in ("multiple_choice", "dropdown") and not properties.get("allow_multiple_selection"):
        labels = [plain(choice.get("label")) for choice in choices]
        found = scale_of([Choice(label, label) for label in labels])
        if found is not None:
            return AskedQuestion(ref, wording, "answers.choice.label", own, found)
        return f"{place}: its choices are no scale"
    return f"{place}: {kind} is no scale and no text"


def _steps(kind: str, properties: Mapping[str, Any]) -> Scale:
    """As many steps as declared, from 0 unless it says otherwise; stars begin at 1."""
    steps = int(properties.get("steps") or (5 if kind == "rating" else 11))
    first = 1 if kind == "rating" or properties.get("start_at_one") else 0
    labels = properties.get("labels") or {}
    good = is_high_good(str(labels.get("left") or ""), str(labels.get("right") or ""))
    return Scale(first, first + steps - 1, good)
