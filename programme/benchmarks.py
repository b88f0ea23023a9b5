"""Declared benchmarks, reports and recipients."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Literal

from pydantic import Field, field_validator, model_validator

from programme.base import Declaration, Identifier, RefusedError, Words
from programme.privacy import Masking, Retention

Language = Literal["en", "ja"]
_HALF_YEAR = re.compile(r"^(\d{4})H([12])$")


class HalfYear(Declaration):
    """A wave of the benchmark: January to June (H1) or July to December (H2)."""

    year: int
    half: Literal[1, 2]

    @classmethod
    def parse(cls, text: str) -> HalfYear:
        """Read ``2026H1``; raise ValueError with the mend for anything else."""
        match = _HALF_YEAR.match(text)
        if not match:
            raise ValueError(f"`{text}` is no half-year; write for example 2026H1")
        return cls(year=int(match[1]), half=1 if match[2] == "1" else 2)

    @classmethod
    def containing(cls, day: date) -> HalfYear:
        """The half-year in which ``day`` lies."""
        return cls(year=day.year, half=1 if day.month <= 6 else 2)

    @property
    def previous(self) -> HalfYear:
        """The half-year before this one."""
        if self.half == 2:
            return HalfYear(year=self.year, half=1)
        return HalfYear(year=self.year - 1, half=2)

    @property
    def starts_on(self) -> date:
        """First day."""
        return date(self.year, 1 if self.half == 1 else 7, 1)

    @property
    def ends_before(self) -> date:
        """The day after the last day."""
        return date(self.year, 7, 1) if self.half == 1 else date(self.year + 1, 1, 1)

    @property
    def last_day(self) -> date:
        """Last day."""
        return self.ends_before - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.year}H{self.half}"


class DriverAnalysis(Declaration):
    """Which outcome's drivers are ranked: ratings that the survey declares with ``drives``."""

    survey: Identifier
    outcome: Identifier


class Benchmark(Declaration):
    """A half-yearly measurement. The file stem is the id.

    ``first_wave`` is the first half-year analysed. ``grace_days`` is how long after its end late
    answers are awaited before the edition freezes. ``weight_by`` names customer segments to whose
    population shares the answers are weighted. ``min_answers`` is the floor below which a cell has
    no estimate.
    """

    title: Words
    owner: str
    first_wave: str
    grace_days: int = Field(default=4, ge=0, le=90)
    metrics: list[Identifier] = Field(min_length=1)
    headline: Identifier
    segments: list[Identifier] = Field(default=[])
    weight_by: list[Identifier] = Field(default=[])
    min_answers: int = Field(default=30, ge=2)
    drivers: DriverAnalysis | None = None
    confidence: float = Field(default=0.95, gt=0.5, lt=1)

    @field_validator("first_wave", mode="before")
    @classmethod
    def _is_half_year(cls, value: object) -> str:
        return str(HalfYear.parse(str(value)))

    @model_validator(mode="after")
    def _headline_is_measured(self) -> Benchmark:
        if self.headline not in self.metrics:
            raise RefusedError(
                f"headline `{self.headline}` is not among the metrics",
                "headline",
                mend=f"name one of {', '.join(self.metrics)}",
            )
        return self


class Report(Declaration):
    """What is rendered and to which roles it goes. The file stem is the id.

    Addresses stand in the address book, outside the programme.
    """

    kind: Literal["benchmark", "experiment"]
    subjects: list[Identifier] = Field(default=[])
    languages: list[Language] = Field(default=["ja", "en"], min_length=1)
    recipients: list[Identifier] = Field(min_length=1)


class Role(Declaration):
    """Who receives reports, as a role, and in which language."""

    title: Words
    language: Language


class Company(Declaration):
    """``programme.yml``: whose programme this is.

    ``allowed_domains`` are the mail domains to which anything may be sent. ``labels`` says what
    reports call the values of a segment: segment, value, words. A value without a label is shown
    as the source writes it, a country's code by the country's name.
    """

    name: Words
    timezone: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    sender: str
    allowed_domains: list[str] = Field(min_length=1)
    segments: list[Identifier] = Field(default=[])
    # Values come from a company's own systems, so that no catalogue of ours can name them.
    labels: dict[Identifier, dict[str, Words]] = Field(default={})
    masking: Masking | None = None
    retention: Retention | None = None
    roles: dict[Identifier, Role] = Field(min_length=1)
