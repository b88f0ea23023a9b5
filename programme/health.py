"""Declared health scores: how a customer or an account does, by what the catalogue measures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from programme.base import Declaration, Identifier, RefusedError, Words

Points = Annotated[float, Field(ge=0, le=100)]


class HealthComponent(Declaration):
    """One part of the score, from one metric of the catalogue.

    ``measure`` is what is taken of the unit's events within the last ``window_days``: the metric's
    ``value``, the number of ``events``, or the days ``since_last``. ``worst`` earns 0 points and
    ``best`` 100, with a straight line between; where ``best`` is the smaller, less is better.
    A unit without a value, or whose last event is older than ``max_age_days`` (by default the
    window), has no points here, and the other components weigh more. No event is a lack of a value
    only: the number of events is then 0, and the last one is taken to be as old as the window.
    """

    title: Words
    metric: Identifier
    measure: Literal["value", "events", "since_last"] = "value"
    window_days: int = Field(ge=1, le=1096)
    max_age_days: int | None = Field(default=None, ge=1, le=1096)
    weight: float = Field(gt=0)
    worst: float
    best: float

    @model_validator(mode="after")
    def _leads_somewhere(self) -> HealthComponent:
        if self.worst == self.best:
            mend = "write the value that earns 0 points and the one that earns 100"
            raise RefusedError("worst and best are the same", "best", mend=mend)
        if self.max_age_days is not None and self.max_age_days > self.window_days:
            what = f"max_age_days {self.max_age_days} is longer than the window"
            mend = f"write at most {self.window_days}, or a longer `window_days`"
            raise RefusedError(what, "max_age_days", mend=mend)
        return self


class HealthCap(Declaration):
    """While ``component`` earns fewer than ``below`` points, the score is ``score_at_most``."""

    component: Identifier
    below: Points
    score_at_most: Points
    title: Words


class HealthLevel(Declaration):
    """A name for scores from ``score_from`` up to the next level."""

    score_from: Points
    title: Words


class Health(Declaration):
    """A health score from 0 to 100. The file stem is the id.

    The score is the weighted mean of the components' points. Of the weights at least
    ``least_known`` must belong to components that the unit has points for; else there is no score,
    and the reason is told. ``movement_days`` is how far back the score is compared.
    """

    title: Words
    owner: str
    unit: Literal["customer", "account"] = "customer"
    components: dict[Identifier, HealthComponent] = Field(min_length=1)
    caps: list[HealthCap] = Field(default=[])
    levels: dict[Identifier, HealthLevel] = Field(min_length=1)
    movement_days: int = Field(default=30, ge=1, le=366)
    least_known: float = Field(default=0.5, gt=0, le=1)

    @model_validator(mode="after")
    def _holds_together(self) -> Health:
        for place, cap in enumerate(self.caps):
            if cap.component not in self.components:
                what = f"unknown component `{cap.component}`"
                mend = f"name one of {', '.join(self.components)}"
                raise RefusedError(what, "caps", place, "component", mend=mend)
        starts = [level.score_from for level in self.levels.values()]
        if min(starts) != 0:
            what = f"the lowest level starts at {min(starts):g}, and scores below it have no name"
            raise RefusedError(what, "levels", mend="let one level start at 0")
        if len(set(starts)) < len(starts):
            what = "two levels start at the same score"
            raise RefusedError(what, "levels", mend="give each level a start of its own")
        return self
