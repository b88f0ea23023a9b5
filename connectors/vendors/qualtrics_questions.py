"""Questions of a Qualtrics survey, by its definition in the newer or the older form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors.vendors.questionnaires import AskedQuestion, Choice, Questionnaire, plain, scale_of

_SINGLE = ("SAVR", "SAHR", "SACOL", "DL", "SB", "NPS")
_TEXT = ("SL", "ML", "ESTB")


def questionnaire(definition: Mapping[str, Any]) -> Questionnaire:
    """The survey's questions; ``definition`` is ``result`` of either endpoint."""
    is_newer = "Questions" in definition
    found = definition.get("Questions" if is_newer else "questions") or {}
    read = _newer if is_newer else _older
    questions: list[AskedQuestion] = []
    left_out: list[str] = []
    for name, question in found.items():
        for asked in _asked(read(name, question)):
            if isinstance(asked, AskedQuestion):
                questions.append(asked)
            else:
                left_out.append(asked)
    options = definition.get("SurveyOptions") or {}
    language = str(options.get("SurveyLanguage") or "EN")[:2].lower()
    title = plain(definition.get("SurveyName") or definition.get("name"))
    return Questionnaire(title, language, tuple(questions), tuple(left_out))


class _Question:
    """A question in one form, whichever the definition has."""

    def __init__(self, name: str, tag: str, wording: str, kind: tuple[str, str, str]) -> None:
        self.name = name
        self.tag = tag
        self.wording = wording
        self.type, self.selector, self.sub_selector = kind
        self.choices: list[Choice] = []
        self.rows: list[Choice] = []
        self.is_number = False


def _newer(name: str, found: Mapping[str, Any]) -> _Question:
    kind = (found.get("QuestionType"), found.get("Selector"), found.get("SubSelector"))
    question = _Question(
        name,
        str(found.get("DataExportTag") or ""),
        plain(found.get("QuestionText")),
        (str(kind[0]), str(kind[1]), str(kind[2])),
    )
    recodes = found.get("RecodeValues") or {}
    is_matrix = question.type == "Matrix"
    points, order = ("Answers", "AnswerOrder") if is_matrix else ("Choices", "ChoiceOrder")
    question.choices = [
        _choice(str(recodes.get(key, key)), point.get("Display"))
        for key, point in _ordered(found.get(points), found.get(order))
    ]
    if is_matrix:
        rows = _ordered(found.get("Choices"), found.get("ChoiceOrder"))
        question.rows = [_choice(key, row.get("Display")) for key, row in rows]
    settings = (found.get("Validation") or {}).get("Settings") or {}
    question.is_number = settings.get("ContentType") == "ValidNumber"
    return question


def _older(name: str, found: Mapping[str, Any]) -> _Question:
    kind = found.get("questionType") or {}
    question = _Question(
        name,
        str(found.get("questionName") or ""),
        plain(found.get("questionText")),
        (str(kind.get("type")), str(kind.get("selector")), str(kind.get("subSelector"))),
    )
    question.choices = [
        _choice(str(point.get("recode", key)), point.get("choiceText"))
        for key, point in _ordered(found.get("choices"), None)
    ]
    question.rows = [
        _choice(key, row.get("choiceText"))
        for key, row in _ordered(found.get("subQuestions"), None)
    ]
    question.is_number = (found.get("validation") or {}).get("type") == "ValidNumber"
    return question


def _ordered(points: Any, order: Any) -> list[tuple[str, Mapping[str, Any]]]:
    """Choices in the order shown; a survey without any writes an empty list."""
    if not isinstance(points, dict):
        return []
    keys = [str(key) for key in order or points if str(key) in points]
    return [(key, points[key]) for key in keys if isinstance(points[key], dict)]


def _choice(value: str, label: Any) -> Choice:
    return Choice(value, plain(label), int(value) if value.lstrip("-").isdigit() else None)


def _asked(question: _Question) -> Iterator[AskedQuestion | str]:
    """The question as asked, each row of a matrix by itself; a text where it is left out."""
    place = f"{question.name} ({question.tag}) {question.wording[:60]!r}"
    if question.type == "DB":
        return
    if question.type == "TE" and question.selector in _TEXT and not question.is_number:
        yield AskedQuestion(question.tag, question.wording, f"values.{question.name}_TEXT")
        return
    if question.type == "MC" and question.selector in _SINGLE:
        is_nps = question.selector == "NPS"
        scale = scale_of(question.choices)
        if scale is None:
            yield f"{place}: its choices are no scale"
        else:
            column = f"values.{question.name}"
            yield AskedQuestion(question.tag, question.wording, column, scale=scale, is_nps=is_nps)
        return
    if question.type == "Matrix" and question.sub_selector == "SingleAnswer":
        scale = scale_of(question.choices)
        if scale is None:
            yield f"{place}: its columns are no scale"
        for row in question.rows if scale else []:
            wording = f"{question.wording}: {row.label}"
            column = f"values.{question.name}_{row.value}"
            yield AskedQuestion(f"{question.tag}_{row.value}", wording, column, scale=scale)
        return
    yield f"{place}: {question.type} {question.selector} has no single value"
