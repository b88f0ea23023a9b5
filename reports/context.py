"""A frozen edition as typed values. Nothing is estimated here: rows are read, indexed and found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from programme import Settings
from programme.base import Words
from programme.experiments import Experiment
from programme.surveys import Survey
from reports.errors import EditionUnreadableError


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Row(_Part):
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


class Metric(_Part):
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


class Label(_Part):
    """A segment's name in both languages."""

    label_en: str
    label_ja: str


class Driver(_Part):
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


class BreakMark(_Part):
    """A change of the questionnaire after which a series is not comparable."""

    wave: str
    date: date
    question: str
    what: str
    note_en: str
    note_ja: str
    survey: str = ""
    kind: str = ""


class Coverage(_Part):
    """What one source delivered up to the edition's date."""

    source: str
    load_date: date | None = None
    landed: int | None = None
    quarantined: int | None = None


class Arm(_Part):
    """One arm of an experiment as it was met in the data."""

    variant: str
    share: float
    n_units: int | None = None
    is_control: bool
    description_en: str
    description_ja: str


class Check(_Part):
    """One check of the experiment's data."""

    name: str
    passed: bool | None = None
    p_value: float | None = None
    threshold: float | None = None
    values: Mapping[str, Any] = {}


class Verdict(_Part):
    """The decision as a code with the values its sentence needs."""

    decision: Literal["ship", "stop", "cannot_tell", "no_verdict"]
    reason: str
    values: Mapping[str, Any] = {}


class Deviation(_Part):
    """A part of the plan that differs from what was registered."""

    path: str
    registered: Any = None
    now: Any = None


class _Edition(_Part):
    edition_id: str
    subject: str
    as_of: date
    state: Literal["complete", "partial", "blocked"]
    reasons: tuple[Mapping[str, Any], ...] = ()
    code_version: str
    inputs_hash: str
    seed: int
    metrics: Mapping[str, Metric]
    segments: Mapping[str, Label] = {}
    rows: tuple[Row, ...] = ()

    def find(self, metric: str, statistic: str, **where: str) -> Row | None:
        """The first row of that metric and statistic whose named columns hold these values."""
        for row in self.rows:
            if row.metric == metric and row.statistic == statistic:
                if all(getattr(row, name) == value for name, value in where.items()):
                    return row
        return None

    def select(self, statistic: str, **where: str) -> list[Row]:
        """Every row of that statistic whose named columns hold these values, in edition order."""
        return [
            row
            for row in self.rows
            if row.statistic == statistic
            and all(getattr(row, name) == value for name, value in where.items())
        ]


class BenchmarkEdition(_Edition):
    """A half-yearly measurement, frozen."""

    kind: Literal["benchmark"]
    wave: str
    previous_wave: str
    confidence: float
    title: Words
    headline: str
    drivers: tuple[Driver, ...] = ()
    driver_fit: Mapping[str, Any] = {}
    breaks: tuple[BreakMark, ...] = ()
    coverage: tuple[Coverage, ...] = ()

    @property
    def waves(self) -> list[str]:
        """Every wave with a level, oldest first."""
        seen = {row.window for row in self.select("level") if row.window}
        return sorted(seen | {self.wave})

    @property
    def metrics_in_order(self) -> list[str]:
        """The metrics with a level, headline first, then as in the edition's rows."""
        seen = dict.fromkeys(row.metric for row in self.select("level", segment_name="all"))
        return [self.headline, *(metric for metric in seen if metric != self.headline)]

    @property
    def segment_names(self) -> list[str]:
        """Segments by which the headline is broken down."""
        rows = [row for row in self.select("level", metric=self.headline, window=self.wave)]
        return list(dict.fromkeys(row.segment_name for row in rows if row.segment_name != "all"))

    def values_of(self, segment: str) -> list[str]:
        """The segment's values, largest share first, `unknown` last."""
        where = {"metric": self.headline, "segment_name": segment, "window": self.wave}
        values = dict.fromkeys(row.segment_value for row in self.select("level", **where))
        shares = {row.segment_value: row.estimate or 0.0 for row in self.select("share", **where)}
        return sorted(
            values, key=lambda value: (value == "unknown", -shares.get(value, 0.0), value)
        )

    def breaks_of(self, metric: str) -> list[BreakMark]:
        """The breaks of the questions that a metric scores: a metric's first word is their kind."""
        kind = metric.split("_")[0]
        return [mark for mark in self.breaks if kind in (mark.kind, mark.question)]

    def level(self, metric: str, wave: str = "") -> Row | None:
        """A metric's level over everybody in a wave (the latest where none is named)."""
        return self.find(metric, "level", segment_name="all", window=wave or self.wave)

    def change(self, metric: str) -> Row | None:
        """A metric's change over everybody since the previous wave."""
        return self.find(metric, "change", segment_name="all", window=self.wave)


class ExperimentEdition(_Edition):
    """An experiment's readout, frozen."""

    kind: Literal["experiment"]
    plan: Experiment
    plan_hash: str
    registered_on: date | None = None
    deviations: tuple[Deviation, ...] = ()
    arms: tuple[Arm, ...] = ()
    checks: tuple[Check, ...] = ()
    verdict: Verdict

    @property
    def treatments(self) -> list[str]:
        """The arms that are not the control."""
        return [name for name, variant in self.plan.variants.items() if not variant.is_control]


Edition = BenchmarkEdition | ExperimentEdition
_EDITION: TypeAdapter[Edition] = TypeAdapter(
    Annotated[BenchmarkEdition | ExperimentEdition, Field(discriminator="kind")]
)


@dataclass(frozen=True)
class FrozenEdition:
    """An edition with the document it was read from.

    Attributes:
        edition: The typed edition.
        document: The parsed JSON, into which every printed number points.
        content_hash: SHA-256 of the file's bytes.
    """

    edition: Edition
    document: Mapping[str, Any]
    content_hash: str


def edition_file(settings: Settings, edition_id: str) -> Path:
    """Where a frozen edition's results lie."""
    return settings.editions / edition_id.replace("/", "__") / "edition.json"


def read_edition(settings: Settings, edition_id: str) -> FrozenEdition:
    """Read a frozen edition.

    Raises:
        EditionUnreadableError: if the file is missing or is no edition; names the file and the mend.
    """
    file = edition_file(settings, edition_id)
    if not file.is_file():
        raise EditionUnreadableError(
            f"edition `{edition_id}` has no file {file}. Mend: freeze it first, or correct the id "
            "(`cxloop editions` lists those that exist)"
        )
    return parse_edition(file.read_bytes(), origin=str(file))


def parse_edition(content: bytes, *, origin: str = "edition") -> FrozenEdition:
    """Turn the bytes of an edition into typed values; ``origin`` is named in errors."""
    try:
        document = json.loads(content)
        for number, row in enumerate(document.get("rows", [])):
            row["ref"] = f"/rows/{number}"
        edition = _EDITION.validate_python(document)
    except (ValueError, AttributeError, ValidationError) as error:
        raise EditionUnreadableError(
            f"{origin} is not a readable edition: {error}. Mend: restore it from the archive; "
            "a frozen edition is never edited by hand"
        ) from error
    return FrozenEdition(edition, document, hashlib.sha256(content).hexdigest())


def with_question_kinds(frozen: FrozenEdition, surveys: Mapping[str, Survey]) -> FrozenEdition:
    """The edition with each break's kind of question, as its survey declares it."""
    edition = frozen.edition
    if not isinstance(edition, BenchmarkEdition):
        return frozen
    marks = []
    for mark in edition.breaks:
        survey = surveys.get(mark.survey)
        question = survey.questions.get(mark.question) if survey else None
        marks.append(mark.model_copy(update={"kind": question.kind if question else ""}))
    return replace(frozen, edition=edition.model_copy(update={"breaks": tuple(marks)}))
