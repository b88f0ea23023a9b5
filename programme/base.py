"""What all declarations have in common."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]*$")
Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER, max_length=80)]
Scalar = bool | int | float | str
Share = Annotated[float, Field(gt=0, lt=1)]


class Declaration(BaseModel):
    """A part of a YAML file: immutable, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Words(Declaration):
    """The same text in the languages of the reports."""

    en: str
    ja: str


class RefusedError(ValueError):
    """A value that a validator refuses.

    Attributes:
        at: Path of the offending key below the declaration that is validated.
        mend: What to write instead.
    """

    def __init__(self, what: str, *at: str | int, mend: str = "correct the value") -> None:
        self.at = at
        self.mend = mend
        super().__init__(what)
