"""Declared promises of service: how soon a contact is answered and settled, on which clock."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from programme.base import Declaration, RefusedError, Words

Clock = Literal["business", "calendar"]


class Target(Declaration):
    """A promise to the contacts that fit all of its conditions; what is not named fits any.

    A minute is one of ``clock``: open minutes of the contact's calendar, or minutes by the wall
    clock. At least one of the two promises is given.
    """

    kind: str | None = None
    channel: str | None = None
    priority: str | None = None
    team: str | None = None
    clock: Clock = "business"
    first_reply_minutes: float | None = Field(default=None, gt=0)
    resolution_minutes: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _promises_something(self) -> Target:
        if self.first_reply_minutes is None and self.resolution_minutes is None:
            raise ValueError("give first_reply_minutes, resolution_minutes or both")
        return self


class ServiceLevel(Declaration):
    """Promises in force from ``valid_from`` until the day before ``valid_to``. The stem is the id.

    A contact is held to what was in force when it was opened (UTC day), by the first target that
    fits it. A contact that no target fits was promised nothing.
    """

    title: Words
    owner: str
    valid_from: date
    valid_to: date | None = None
    targets: list[Target] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_ever_in_force(self) -> ServiceLevel:
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise RefusedError(
                f"valid_to {self.valid_to} does not lie after valid_from {self.valid_from}",
                "valid_to",
                mend="write the day from which it no longer holds, or leave it out",
            )
        return self
