"""Questions of a SurveyMonkey survey, by its details."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.vendors.questionnaires import AskedQuestion, Choice, Questionnaire, plain, scale_of

_ANSWERS = "pages.questions.answers"


def questionnaire(definition: Mapping[str, Any]) -> Questionnaire:
    """The survey's questions; ``definition`` is the answer of ``/details``."""
    questions: list[AskedQuestion] = []
    left_out: list[str] = []
    for page in definition.get("pages") or []:
        for question in page.get("questions") or []:
            for asked in _asked(question):
                if isinstance(asked, AskedQuestion):
                    questions.append(asked)
                else:
                    left_out.append(asked)
    language = str(definition.get("language") or "en")[:2]
    return Questionnaire(
        plain(definition.get("title")), language, tuple(questions), tuple(left_out)
    )


def _asked(question: Mapping[str, Any]) -> Iterator[AskedQuestion | str]:
    headings = question.get("headings") or [{}]
    wording = plain(headings[0].get("heading"))
    family, subtype = str(question.get("family")), str(question.get("subtype"))
    place = f"{question.get('id')} {wording[:60]!r}"
    own = (_is_in("pages.questions.id", question.get("id")),)
    if family == "presentation":
        return
    if family == "open_ended" and subtype in ("single", "essay"):
        yield AskedQuestion("", wording, f"{_ANSWERS}.text", own)
        return
    answers = question.get("answers") or {}
    is_matrix = family == "matrix" and subtype in ("rating", "single")
    if family != "single_choice" and not is_matrix:
        yield f"{place}: {family} {subtype} has no single value"
        return
    scale = scale_of([_choice(point) for point in answers.get("choices") or []])
    if scale is None:
        yield f"{place}: its choices are no scale"
        return
    chosen = f"{{column: {_ANSWERS}.choice_id, not_null: true, optional: true}}"
    rows = [row for row in answers.get("rows") or [] if plain(row.get("text"))]
    if not is_matrix or len(rows) < 2:
        yield AskedQuestion("", wording, f"{_ANSWERS}.choice_id", (*own, chosen), scale)
        return
    for row in rows:
        where = (*own, _is_in(f"{_ANSWERS}.row_id", row.get("id"), optional=True), chosen)
        text = f"{wording}: {plain(row.get('text'))}"
        yield AskedQuestion("", text, f"{_ANSWERS}.choice_id", where, scale)


def _choice(point: Mapping[str, Any]) -> Choice:
    """Weights of an NPS question are those of the score (-100, 0, 100) and none of the scale."""
    weight = point.get("weight")
    label = "n/a" if point.get("is_na") else plain(point.get("text"))
    return Choice(str(point.get("id")), label, weight if isinstance(weight, int) else None)


def _is_in(column: str, value: Any, *, optional: bool = False) -> str:
    more = ", optional: true" if optional else ""
    return f"{{column: {column}, is_in: [{json.dumps(str(value))}]{more}}}"
