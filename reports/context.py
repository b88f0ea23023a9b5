"""A frozen edition as typed values. Nothing is estimated here: rows are read, indexed and found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from programme import Settings
from programme.base import Words
from programme.experiments import Experiment
from programme.surveys import Survey
from reports.errors import EditionUnreadableError
from reports.results import (
    Arm,
    BreakMark,
    Check,
    Coverage,
    Deviation,
    Driver,
    Label,
    Metric,
    Part,
    Row,
    Verdict,
)


class _Edition(Part):
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
        return next(iter(self.select(statistic, metric=metric, **where)), None)

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
        rows = self.select("level", metric=self.headline, window=self.wave)
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
        """The breaks of a metric.

        Editions frozen before breaks named their metrics name a question of the metric's kind,
        which is the metric's first word.
        """
        kind = metric.split("_")[0]
        return [
            mark
            for mark in self.breaks
            if (metric in mark.metrics if mark.metrics else kind in (mark.kind, mark.question))
        ]

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
_KINDS: dict[str, type[BenchmarkEdition] | type[ExperimentEdition]] = {
    "benchmark": BenchmarkEdition,
    "experiment": ExperimentEdition,
}


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
        EditionUnreadableError: the file is missing or is no edition; names file and mend.
    """
    file = edition_file(settings, edition_id)
    if not file.is_file():
        raise EditionUnreadableError(
            f"edition `{edition_id}` has no file {file}. Mend: freeze it first, or correct the id "
            "(`cxloop report list` shows those that exist)"
        )
    return parse_edition(file.read_bytes(), origin=str(file))


def parse_edition(content: bytes, *, origin: str = "edition") -> FrozenEdition:
    """Turn the bytes of an edition into typed values; ``origin`` is named in errors."""
    try:
        document = json.loads(content)
        for number, row in enumerate(document.get("rows", [])):
            row["ref"] = f"/rows/{number}"
        edition: Edition = _KINDS[document["kind"]].model_validate(document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
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
