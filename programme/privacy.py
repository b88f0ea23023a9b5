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

    def conflict(self, *, lookback_minutes: int) -> tuple[str, str] | None:
        """What makes the periods useless or wrong, and the mend; None where nothing does.

        Payloads and refused rows hold the same texts as the rows made of them, and a lookback must
        not reach behind what is kept to tell repeated rows apart.
        """
        for name in ("comments_days", "raw_days"):
            limit = getattr(self, name)
            for holder in ("landing_days", "quarantine_days"):
                days = getattr(self, holder)
                if limit is not None and (days is None or days > limit):
                    known = "is not declared" if days is None else f"is {days}"
                    what = f"`{name}: {limit}` is of no use while `{holder}` {known}"
                    mend = f"declare `{holder}: {limit}` or fewer: the same texts stand there"
                    return what, mend
        if self.landing_days is not None and lookback_minutes > self.landing_days * 24 * 60:
            what = (
                f"a lookback of {lookback_minutes} minutes reaches behind "
                f"`landing_days: {self.landing_days}`, so that rows would land twice"
            )
            return what, "shorten `lookback_minutes`, or keep landing for longer"
        return None


def nearest_masking(*declared: Masking | None) -> Masking:
    """The first that is declared, in the order entity, source, programme; else the default."""
    return next((masking for masking in declared if masking is not None), Masking())
