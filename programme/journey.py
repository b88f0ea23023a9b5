"""Declared touchpoints: where customers meet the company, at which stage, and who owns it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import Field, model_validator

from programme.base import Declaration, Identifier, RefusedError, Words
from programme.surveys import JourneyStage, Survey

UNKNOWN = "unknown"


class Touchpoint(Declaration):
    """One place where customers meet the company.

    ``metrics`` are those whose events carry no touchpoint of their own and belong here; an event
    that carries one keeps it.
    """

    stage: JourneyStage
    department: Identifier
    label: Words
    metrics: list[Identifier] = Field(default=[])


class Journey(Declaration):
    """``touchpoints.yml``: the company's touchpoints and the departments that own them."""

    departments: dict[Identifier, Words] = Field(default={})
    touchpoints: dict[Identifier, Touchpoint] = Field(default={})

    @model_validator(mode="after")
    def _references_hold(self) -> Journey:
        claimed: dict[str, str] = {}
        for name, touchpoint in self.touchpoints.items():
            if touchpoint.department not in self.departments:
                raise RefusedError(
                    f"touchpoint `{name}` belongs to unknown department `{touchpoint.department}`",
                    *("touchpoints", name, "department"),
                    mend=f"name one of {', '.join(self.departments) or 'none'}",
                )
            for place, metric in enumerate(touchpoint.metrics):
                if metric in claimed:
                    raise RefusedError(
                        f"metric `{metric}` belongs to `{claimed[metric]}` already",
                        *("touchpoints", name, "metrics", place),
                        mend="keep it at one touchpoint",
                    )
                claimed[metric] = name
        return self


@dataclass(frozen=True)
class Placed:
    """One touchpoint as the warehouse needs it."""

    touchpoint: str
    journey_stage: str
    department: str
    label: Words
    department_label: Words


def placed_touchpoints(journey: Journey, surveys: Mapping[str, Survey]) -> Iterator[Placed]:
    """The declared touchpoints, then those that only surveys name, with what the surveys say."""
    for name, touchpoint in sorted(journey.touchpoints.items()):
        department = touchpoint.department
        owner = journey.departments[department]
        yield Placed(name, touchpoint.stage, department, touchpoint.label, owner)
    named: dict[str, Survey] = {}
    for _, survey in sorted(surveys.items()):
        if survey.touchpoint not in journey.touchpoints:
            named.setdefault(survey.touchpoint, survey)
    for name, survey in sorted(named.items()):
        department = survey.department or UNKNOWN
        words = Words(en=department, ja=department)
        yield Placed(name, survey.journey_stage, department, Words(en=name, ja=name), words)
