"""What a declared survey says about an answer, so that a mapping need not repeat it."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from programme.base import Scalar
from programme.sources import RecordMap
from programme.surveys import Question, Survey

_OF_QUESTION = ("kind", "scale_min", "scale_max", "is_high_good")


def declared_constants(
    mapping: RecordMap, surveys: Mapping[str, Survey]
) -> dict[str, Scalar | None]:
    """Field -> value that holds for every row, from ``survey`` and ``question``.

    Example:
        >>> from programme.sources import RecordMap
        >>> declared_constants(RecordMap(record="order", fields={}), {})
        {}
    """
    if mapping.survey is None:
        return {}
    survey = surveys[mapping.survey]
    constants: dict[str, Scalar | None] = {
        "survey_id": mapping.survey,
        "touchpoint": survey.touchpoint,
        "journey_stage": survey.journey_stage,
        "is_relational": survey.is_relational,
    }
    if mapping.question is not None:
        question = survey.questions[mapping.question]
        constants["question_id"] = mapping.question
        constants |= {name: getattr(question, name) for name in _OF_QUESTION}
    return constants


def answers_many_questions(mapping: RecordMap) -> bool:
    """Whether each row names its question itself, so that scale and kind are looked up."""
    return (
        mapping.survey is not None
        and mapping.question is None
        and "question_id" in mapping.fields
        and "kind" not in mapping.fields
    )


def looked_up(question_ids: pa.Array, survey: Survey) -> tuple[dict[str, pa.Array], pa.Array]:
    """Kind, scale and direction of each row's question, and which rows name an undeclared one."""
    names = list(survey.questions)
    index = pc.index_in(question_ids, pa.array(names, pa.string()))
    columns = {}
    for attribute in _OF_QUESTION:
        values = [getattr(survey.questions[name], attribute) for name in names]
        columns[attribute] = pa.array(values, _type_of(attribute)).take(index)
    unknown = pc.and_(pc.is_valid(question_ids), pc.is_null(index))
    return columns, unknown


def _type_of(attribute: str) -> pa.DataType:
    if attribute == "kind":
        return pa.string()
    return pa.bool_() if attribute == "is_high_good" else pa.float64()


def scale_of(mapping: RecordMap, surveys: Mapping[str, Survey]) -> Question | None:
    """The declared question, where the mapping names one."""
    if mapping.survey is None or mapping.question is None:
        return None
    return surveys[mapping.survey].questions[mapping.question]
