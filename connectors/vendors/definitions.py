"""A survey and a source to begin with, from the definition that a vendor keeps of the survey."""

from __future__ import annotations

import importlib
import json
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import programme
from connectors.vendors.questionnaires import AskedQuestion, Questionnaire

_READERS = {
    "formbricks": "connectors.vendors.formbricks_questions",
    "qualtrics": "connectors.vendors.qualtrics_questions",
    "surveymonkey": "connectors.vendors.surveymonkey_questions",
    "typeform": "connectors.vendors.typeform_questions",
}
_EXPLODE = {"surveymonkey": "pages.questions.answers", "typeform": "answers"}
_TEMPLATES = Path(programme.__file__).parent / "templates" / "sources"
_SURVEY_ID = {
    "formbricks": "cm0000000000000000000000",
    "qualtrics": "SV_0123456789abcde",
    "surveymonkey": '"0000000000"',
    "typeform": "AbCdEf12",
}
_DEFAULT_NAMES = {"nps": "nps_question", "csat": "csat_question", "ces": "ces_question"}


def suggest(kind: str, definition: Any, survey_id: str) -> dict[str, str]:
    """``sources/<name>.yml`` and ``surveys/<name>.yml`` for one survey, as YAML text.

    What only a person can know, and what was read out of labels, is marked ``# check``. Questions
    that are neither a scale nor words are listed in the survey with the reason.

    Args:
        kind: The vendor: qualtrics, surveymonkey, typeform or formbricks.
        definition: The payload of the stream ``survey_definition``.
        survey_id: The vendor's id of the survey.

    Raises:
        ValueError: when the definition has no question that could be collected.
    """
    read: Questionnaire = importlib.import_module(_READERS[kind]).questionnaire(definition)
    if not read.questions:
        reasons = "; ".join(read.left_out) or "it holds none"
        raise ValueError(f"survey {survey_id} has no question on a scale or in words: {reasons}")
    name = _identifier(read.title) or f"{kind}_survey"
    named = _named(read.questions)
    return {
        f"sources/{kind}.yml": _source(kind, name, read.title or survey_id, named, survey_id),
        f"surveys/{name}.yml": _survey(kind, read, named, survey_id),
    }


def _named(questions: tuple[AskedQuestion, ...]) -> dict[str, AskedQuestion]:
    """A name for each question: its kind where it is the only one of it, else the vendor's."""
    kinds = [question.kind for question in questions]
    named: dict[str, AskedQuestion] = {}
    for question in questions:
        own = _DEFAULT_NAMES.get(question.kind)
        if question.kind == "comment" and kinds.count("comment") == 1:
            own = "comment"
        if own is None or kinds.count(question.kind) > 1:
            own = _identifier(question.hint) or _identifier(question.wording) or question.kind
        name, number = own, 2
        while name in named:
            name, number = f"{own}_{number}", number + 1
        named[name] = question
    return named


def _identifier(text: str) -> str:
    """Of at most 40 characters; empty where no Latin letter begins it."""
    words = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    match = re.match(r"[a-z][a-z0-9_]*", words)
    return match[0][:40].rstrip("_") if match else ""


# -- the survey ------------------------------------------------------------------------------------


def _survey(kind: str, read: Questionnaire, named: dict[str, AskedQuestion], survey_id: str) -> str:
    lines = [
        f"# {read.title or survey_id}, from {kind}'s definition of {survey_id}.",
        *_words("title", read.title or survey_id, read.language),
        "owner: customer_experience  # check",
        "is_relational: true  # check: false where it is about one event, such as a delivery",
        "touchpoint: relationship  # check",
        "journey_stage: use  # check: awareness, interest, consideration, purchase, use, advocacy",
        "questions:",
    ]
    for name, question in named.items():
        lines += [f"  {name}:", f"    kind: {question.kind}  # check"]
        if question.scale is not None:
            good = str(question.scale.is_high_good).lower()
            lines += [
                f"    scale_min: {question.scale.low}",
                f"    scale_max: {question.scale.high}",
                f"    is_high_good: {good}  # check: is the high end the good one?",
            ]
        words = _words("wording", question.wording or name, read.language)
        lines += [f"    {line}" for line in words]
    if read.left_out:
        lines.append("# Not collected; what is needed of these is mapped by hand:")
        lines += [f"#   {reason}" for reason in read.left_out]
    return "\n".join(lines) + "\n"


def _words(key: str, text: str, language: str) -> list[str]:
    """The text in both languages of the reports, of which one is to be translated."""
    marks = {name: "" if name == language else "  # check: translate" for name in ("en", "ja")}
    return [f"{key}:", *(f"  {name}: {_quoted(text)}{mark}" for name, mark in marks.items())]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


# -- the source ------------------------------------------------------------------------------------


def _source(
    kind: str, survey: str, title: str, named: dict[str, AskedQuestion], survey_id: str
) -> str:
    """The vendor's template with the survey's own questions in the place of the examples."""
    template = (_TEMPLATES / f"{kind}.yml").read_text(encoding="utf-8")
    body = template[template.index("\nowner: ") :]
    name = {"qualtrics": "Qualtrics", "surveymonkey": "SurveyMonkey"}.get(kind, kind.capitalize())
    template = f"# Survey {survey_id} in {name}.\ndescription: {_quoted(title)}{body}"
    head, _, rest = template.partition("    records:\n")
    examples = re.split(r"(?m)^(?=  \S|\S)", rest, maxsplit=1)
    following = examples[1] if len(examples) > 1 else ""
    shared = _shared_fields(examples[0])
    records = [
        line
        for place, (name, question) in enumerate(named.items())
        for line in _record(kind, survey, name, question, shared if place == 0 else None)
    ]
    own_id = _quoted(survey_id) if kind == "surveymonkey" else survey_id
    text = f"{head}    records:\n" + "\n".join(records) + "\n"
    text += f"\n{following}" if following else ""
    return text.replace(_SURVEY_ID[kind], own_id).replace("customer_feedback", survey)


def _shared_fields(example: str) -> str:
    """What all answers of one response have in common, as the template maps it."""
    match = re.search(r"<<: &response\n((?: {12}.*\n)+)", example)
    assert match is not None  # noqa: S101  (the templates are tested)
    return textwrap.dedent(match[1])


def _record(
    kind: str, survey: str, name: str, question: AskedQuestion, shared: str | None
) -> Iterator[str]:
    yield "      - record: feedback"
    yield f"        survey: {survey}"
    yield f"        question: {name}"
    if kind in _EXPLODE:
        yield f"        explode: {_EXPLODE[kind]}"
    yield from _conditions(kind, question, is_first=shared is not None)
    yield "        fields:"
    if shared is None:
        yield "          <<: *response"
    else:
        yield "          <<: &response"
        yield from textwrap.indent(shared.rstrip("\n"), " " * 12).splitlines()
    field = "comment" if question.scale is None else "score"
    yield from _value(field, question)


def _conditions(kind: str, question: AskedQuestion, *, is_first: bool) -> Iterator[str]:
    if kind == "qualtrics":
        if not is_first:
            yield "        where: *kept"
            return
        yield "        where: &kept"
        yield "          # Finished; answered (0), imported (4), offline (16): no preview, no spam."
        yield "          - {column: values.finished, is_in: [1, true]}"
        yield "          - {column: values.status, is_in: [0, 4, 16]}"
        return
    if kind != "formbricks":
        yield "        where:"
    if kind == "surveymonkey":
        completed = "&kept {column: response_status, is_in: [completed]}"
        yield f"          - {completed if is_first else '*kept'}"
    for condition in question.conditions:
        yield f"          - {condition}"


def _value(field: str, question: AskedQuestion) -> Iterator[str]:
    scale = question.scale
    if scale is None or not (scale.recode or scale.missing):
        yield f"          {field}: {{column: {question.column}, optional: true}}"
        return
    yield f"          {field}:"
    yield f"            column: {question.column}"
    yield "            optional: true"
    if scale.missing:
        listed = ", ".join(_quoted(value) for value in scale.missing)
        yield f"            missing: [{listed}]  # check: no answer"
    if scale.recode:
        yield "            recode:  # check"
        for value, number in scale.recode:
            yield f"              {_quoted(value)}: {number}"
