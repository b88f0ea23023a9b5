"""What all declarations have in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
Scalar = bool | int | float | str
Share = Annotated[float, Field(gt=0, lt=1)]


class Declaration(BaseModel):
    """A part of a YAML file: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Words(Declaration):
    """The same text in the languages of the reports."""

    en: str
    ja: str
