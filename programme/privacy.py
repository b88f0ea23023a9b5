"""Declared treatment of personal data in free text, and how long what was collected is kept."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from programme.base import Declaration

MaskedKind = Literal[
    "email", "phone", "card", "address", "my_number", "iban", "url", "ip", "honorific"
]


class Masking(Declaration):
    """What is replaced in comments and turns after mapping; on where nothing is declared.

    ``enabled: false`` leaves the texts as they are. ``leave`` names kinds that stay. ``honorifics``
    masks the names that an honorific marks: 鈴木様, 佐藤さん, Mr Smith, Dr. Jones. ``names`` are
    masked wherever they stand. ``names_from`` are columns of the received row, its own names:
    "Hanako Sato" masks that name, its parts and their reverse in the same row's text.

    The nearest declaration counts as a whole: the entity's, else the source's, else the
    programme's.
    """

    enabled: bool = True
    leave: list[MaskedKind] = Field(default=[])
    honorifics: bool = False
    names: list[str] = Field(default=[])
    names_from: list[str] = Field(default=[])

    @field_validator("names")
    @classmethod
    def _names_say_something(cls, names: list[str]) -> list[str]:
        for name in names:
            if len(name.strip()) < 2:
                raise ValueError(f"`{name}` is too short: it would be masked inside other words")
        return names


class Retention(Declaration):
    """Days after a load date for which what was collected on it is kept; none: without end.

    ``landing_days``: the payloads as received. ``quarantine_days``: refused rows.
    ``comments_days``: comments and turns in ``raw``, whose rows stay without the text.
    ``raw_days``: the rows. A period of the source counts before the programme's.
    """

    landing_days: int | None = Field(default=None, ge=1)
    quarantine_days: int | None = Field(default=None, ge=1)
    comments_days: int | None = Field(default=None, ge=1)
    raw_days: int | None = Field(default=None, ge=1)

    def over(self, general: Retention | None) -> Retention:
        """These periods, and where one is not declared, the general one."""
        if general is None:
            return self
        return Retention(**(general.model_dump() | self.model_dump(exclude_none=True)))


def nearest_masking(*declared: Masking | None) -> Masking:
    """The first that is declared, in the order entity, source, programme; else the default."""
    return next((masking for masking in declared if masking is not None), Masking())
