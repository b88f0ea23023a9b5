"""Names of metrics in a programme: dbt's, those of declared questions, and what must not mix."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from programme.errors import Problem
from programme.findings import Page
from programme.loader import JOURNEY, Programme
from programme.questions import POPULATIONS, mixed_scores, question_metric, question_metrics
from programme.refusals import nearest


def benchmark_metrics(
    programme: Programme, metrics: Collection[str] | None
) -> Collection[str] | None:
    """What a benchmark may name: dbt's metrics and every scored question; None where unknown."""
    return None if metrics is None else {*metrics, *question_metrics(programme.surveys)}


def population_problems(page: Page, at: str, names: Collection[str]) -> Iterator[Problem]:
    """A plain score of a programme that asks for it in both kinds of survey.

    ``names`` are the metrics listed under ``at``, each a text or with its name under ``metric``.
    """
    mixed = mixed_scores(page.programme.surveys)
    for place, name in enumerate(names):
        if name in mixed:
            what = f"`{name}` would pool relational and transactional answers"
            mend = " or ".join(f"`{population}_{name}`" for population in POPULATIONS)
            yield page.problem((at, place), what, f"name {mend}")


def question_problems(programme: Programme) -> Iterator[Problem]:
    """Two questions whose metrics would bear one name."""
    seen: dict[str, str] = {}
    for survey_id, survey in sorted(programme.surveys.items()):
        page = Page(programme, f"surveys/{survey_id}")
        for question_id in survey.questions:
            name, where = question_metric(survey_id, question_id), f"{survey_id}.{question_id}"
            if name in seen:
                what = f"metric `{name}` would be {seen[name]} and {where}"
                yield page.problem(("questions", question_id), what, "rename one of the two")
            seen[name] = where


def journey_problems(programme: Programme, metrics: Collection[str] | None) -> Iterator[Problem]:
    """Touchpoints of surveys that contradict each other or the declared journey."""
    journey = programme.journey
    for name, touchpoint in journey.touchpoints.items():
        at = ("touchpoints", name, "metrics")
        page = Page(programme, JOURNEY)
        yield from page.each_unknown(at, "metric", touchpoint.metrics, metrics)
    stages = {name: touchpoint.stage for name, touchpoint in journey.touchpoints.items()}
    for survey_id, survey in sorted(programme.surveys.items()):
        page, name = Page(programme, f"surveys/{survey_id}"), survey.touchpoint
        if journey.touchpoints and name not in journey.touchpoints:
            what = f"touchpoint `{name}` is not declared in {JOURNEY}.yml"
            yield page.problem(("touchpoint",), what, nearest(name, journey.touchpoints))
        elif stages.setdefault(name, survey.journey_stage) != survey.journey_stage:
            what = f"touchpoint `{name}` lies at stage `{stages[name]}` elsewhere"
            mend = f"write `{stages[name]}`, or declare the touchpoint's stage in {JOURNEY}.yml"
            yield page.problem(("journey_stage",), what, mend)


def break_problems(
    programme: Programme, metrics: Collection[str] | None, segments: Collection[str] | None
) -> Iterator[Problem]:
    """Metrics and segments of the registry of breaks that nobody defines."""
    known = benchmark_metrics(programme, metrics)
    for break_id, entry in programme.breaks.items():
        page = Page(programme, f"breaks/{break_id}")
        yield from page.each_unknown(("metrics",), "metric", entry.metrics, known)
        if entry.scope is not None:
            at = ("scope", "segment")
            yield from page.unknown(at, "segment", entry.scope.segment, segments)
