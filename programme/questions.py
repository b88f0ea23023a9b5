"""What the answers to declared questions are called as metrics, and which of them must not mix."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from programme.surveys import Question, Survey

# kind of question -> the scores that dbt defines on it
SCORES: Mapping[str, tuple[str, ...]] = {
    "nps": ("nps",),
    "csat": ("csat_top_two_rate", "csat_mean"),
    "ces": ("ces_mean",),
}
POPULATIONS = ("relational", "transactional")


def question_metric(survey_id: str, question_id: str) -> str:
    """The metric of one question: its mean answer on its declared scale, high is good.

    Example:
        >>> question_metric("relationship", "value_for_price")
        'question__relationship__value_for_price'
    """
    return f"question__{survey_id}__{question_id}"


def question_metrics(surveys: Mapping[str, Survey]) -> dict[str, Question]:
    """Every scored question by the name of its metric; comments have none."""
    return {
        question_metric(survey_id, question_id): question
        for survey_id, survey in sorted(surveys.items())
        for question_id, question in survey.questions.items()
        if question.kind != "comment"
    }


def metrics_of(survey_id: str, survey: Survey, question_id: str) -> tuple[str, ...]:
    """Every metric in which the answers to one question count."""
    population = POPULATIONS[0] if survey.is_relational else POPULATIONS[1]
    plain = SCORES.get(survey.questions[question_id].kind, ())
    return (
        question_metric(survey_id, question_id),
        *plain,
        *(f"{population}_{score}" for score in plain),
    )


def mixed_scores(surveys: Mapping[str, Survey]) -> Collection[str]:
    """Plain scores whose questions are asked in relational and in transactional surveys."""
    asked = {
        (question.kind, survey.is_relational)
        for survey in surveys.values()
        for question in survey.questions.values()
    }
    return list(_mixed(asked))


def _mixed(asked: Collection[tuple[str, bool]]) -> Iterator[str]:
    for kind, scores in SCORES.items():
        if {(kind, True), (kind, False)} <= set(asked):
            yield from scores
