"""Breaks in series: from which day on a metric is not what it was, and what is still compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import Field

from programme.base import Declaration, Identifier, Words
from programme.questions import metrics_of
from programme.surveys import Survey

Comparison = Literal["flag", "withhold"]
BreakKind = Literal["wording", "scale", "mode", "sampling", "definition", "source", "process"]
ALL = ("all", "all")


class Scope(Declaration):
    """The part of a series that broke: one value of one segment."""

    segment: Identifier
    value: str


class SeriesBreak(Declaration):
    """One entry of the registry. The file stem is the id.

    ``date`` is the first day measured the new way. Without a ``scope`` the whole series breaks;
    with one, that segment's value, and everything that contains it. ``comparison`` says what
    becomes of a change across the break: ``flag`` prints it with a mark, ``withhold`` gives no
    estimate. A change that only contains a broken part is flagged, never withheld.
    """

    metrics: list[Identifier] = Field(min_length=1)
    date: date
    scope: Scope | None = None
    what: BreakKind
    comparison: Comparison = "flag"
    reason: Words


@dataclass(frozen=True)
class MetricBreak:
    """A break of one metric, from the registry or from a survey's question.

    ``survey`` and ``question`` are empty for an entry of the registry; ``segment`` is name, value.
    """

    break_id: str
    metric: str
    broke_on: date
    segment: tuple[str, str]
    what: str
    comparison: Comparison
    reason: Words
    survey: str = ""
    question: str = ""


def metric_breaks(
    registry: Mapping[str, SeriesBreak], surveys: Mapping[str, Survey]
) -> Iterator[MetricBreak]:
    """Every break by the metric that it breaks, in the order of ids.

    A survey's break reaches every metric in which the question's answers count.
    """
    for break_id, entry in sorted(registry.items()):
        segment = (entry.scope.segment, entry.scope.value) if entry.scope else ALL
        for metric in entry.metrics:
            yield MetricBreak(
                break_id, metric, entry.date, segment, entry.what, entry.comparison, entry.reason
            )
    for survey_id, survey in sorted(surveys.items()):
        for mark in survey.breaks:
            break_id = f"{survey_id}.{mark.question}.{mark.date.isoformat()}"
            for metric in metrics_of(survey_id, survey, mark.question):
                yield MetricBreak(
                    break_id,
                    metric,
                    mark.date,
                    ALL,
                    mark.what,
                    "flag",
                    mark.note,
                    survey_id,
                    mark.question,
                )
