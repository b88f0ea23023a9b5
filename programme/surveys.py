"""Declared surveys: what is asked, on which scale, in which direction, at which touchpoint."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from programme.base import Declaration, Identifier, RefusedError, Words

JourneyStage = Literal["awareness", "interest", "consideration", "purchase", "use", "advocacy"]
QuestionKind = Literal["nps", "csat", "ces", "rating", "comment"]


class Question(Declaration):
    """One question. A score is computed only on a question of its kind.

    ``is_high_good`` false says that a low number is the good answer ("1 = very easy").
    ``drives`` marks a rating as a candidate driver of the named outcome question of the survey.
    """

    kind: QuestionKind
    scale_min: float | None = None
    scale_max: float | None = None
    is_high_good: bool | None = None
    drives: Identifier | None = None
    wording: Words

    @model_validator(mode="after")
    def _scale_is_declared(self) -> Question:
        scale = (self.scale_min, self.scale_max, self.is_high_good)
        if self.kind == "comment":
            if any(part is not None for part in scale):
                raise ValueError("a comment has no scale_min, scale_max or is_high_good")
            return self
        if any(part is None for part in scale):
            raise ValueError("scale_min, scale_max and is_high_good are declared, never assumed")
        if self.kind == "nps" and scale != (0, 10, True):
            raise ValueError(
                "nps is asked from 0 to 10 with high good; declare kind rating otherwise"
            )
        if not self.scale_min < self.scale_max:  # type: ignore[operator]
            raise ValueError("scale_min must lie below scale_max")
        return self


class Break(Declaration):
    """A change after which the series is not comparable with what came before."""

    question: Identifier
    date: date
    what: Literal["wording", "scale", "mode", "sampling"]
    note: Words


class Survey(Declaration):
    """A questionnaire. The file stem is the id."""

    title: Words
    owner: str
    is_relational: bool
    touchpoint: Identifier
    journey_stage: JourneyStage
    department: str = ""
    questions: dict[Identifier, Question] = Field(min_length=1)
    breaks: list[Break] = Field(default=[])

    @model_validator(mode="after")
    def _references_hold(self) -> Survey:
        for name, question in self.questions.items():
            if question.drives and question.drives not in self.questions:
                raise RefusedError(
                    f"question `{name}` drives unknown question `{question.drives}`",
                    *("questions", name, "drives"),
                    mend=f"name one of {', '.join(self.questions)}",
                )
        for place, mark in enumerate(self.breaks):
            if mark.question not in self.questions:
                raise RefusedError(
                    f"break on unknown question `{mark.question}`",
                    *("breaks", place, "question"),
                    mend=f"name one of {', '.join(self.questions)}",
                )
        return self
