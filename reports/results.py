"""The parts of a frozen edition as typed values: rows, metrics, drivers, arms, checks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """A part of an edition: immutable; keys that no report prints are passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Row(Part):
    """One result, or the reason why there is none.

    ``ref`` is the row's JSON pointer in the edition, for example ``/rows/12``.
    """

    metric: str
    statistic: str
    comparison: str | None = None
    segment_name: str = "all"
    segment_value: str = "all"
    window: str | None = None
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    p_value: float | None = None
    n: float | None = None
    n_eff: float | None = None
    method: str | None = None
    flags: tuple[str, ...] = ()
    reason: str | None = None
    ref: str = ""

    @property
    def has_interval(self) -> bool:
        """Whether there is an estimate with at least one bound."""
        return self.estimate is not None and (self.lower is not None or self.upper is not None)


class Metric(Part):
    """A metric's catalogue entry: what it is called, its unit, and which way is good."""

    unit: str
    kind: str = ""
    direction: Literal["up", "down"] = "up"
    label_en: str
    label_ja: str
    description_en: str = ""
    description_ja: str = ""
    owner: str | None = None
    version: str | int | float | None = None


class Label(Part):
    """A segment's name in both languages."""

    label_en: str
    label_ja: str


class Driver(Part):
    """One candidate driver: its share of the explained variance and where it ranks."""

    item: str
    label_en: str
    label_ja: str
    importance: float | None = None
    lower: float | None = None
    upper: float | None = None
    rank: int | None = None
    rank_lower: int | None = None
    rank_upper: int | None = None
    mean: float | None = None
    n: float | None = None
    reason: str | None = None


class BreakMark(Part):
    """A change after which a series is not comparable, whole or in one value of a segment."""

    wave: str
    date: date
    question: str = ""
    metrics: tuple[str, ...] = ()
    segment_name: str = "all"
    segment_value: str = "all"
    what: str
    note_en: str
    note_ja: str
    survey: str = ""
    kind: str = ""


class Coverage(Part):
    """What one source delivered up to the edition's date."""

    source: str
    load_date: date | None = None
    landed: int | None = None
    quarantined: int | None = None


class Arm(Part):
    """One arm of an experiment as it was met in the data."""

    variant: str
    share: float
    n_units: int | None = None
    is_control: bool
    description_en: str
    description_ja: str


class Check(Part):
    """One check of the experiment's data."""

    name: str
    passed: bool | None = None
    p_value: float | None = None
    threshold: float | None = None
    values: Mapping[str, Any] = {}


class Verdict(Part):
    """The decision as a code with the values its sentence needs."""

    decision: Literal["ship", "stop", "cannot_tell", "no_verdict"]
    reason: str
    values: Mapping[str, Any] = {}


class Deviation(Part):
    """A part of the plan that differs from what was registered."""

    path: str
    registered: Any = None
    now: Any = None
