"""Cross-references of a programme: names that one file uses and another place defines.

The loader refuses what is wrong within one file; this module what is wrong between files, and
between the files and the rest of the project, whose names the caller passes in.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from programme.errors import Problem
from programme.findings import Page
from programme.loader import COMPANY, Programme
from programme.measure_checking import (
    benchmark_metrics,
    break_problems,
    journey_problems,
    population_problems,
    question_problems,
)
from programme.money_checking import money_problems
from programme.service_checking import service_problems
from programme.source_checking import Records, source_problems


@dataclass(frozen=True)
class _Names:
    metrics: Collection[str] | None
    segments: Collection[str] | None


def check(
    programme: Programme,
    *,
    metrics: Collection[str] | None,
    segments: Collection[str] | None,
    records: Mapping[str, Collection[str]],
    record_keys: Mapping[str, Collection[str]] | None = None,
) -> list[Problem]:
    """Find every name that leads nowhere.

    Args:
        programme: A programme that loads.
        metrics: Names of the metrics that the warehouse defines; None skips their check.
        segments: Names of the segments that the warehouse defines; None skips their check.
        records: Fields of each canonical record.
        record_keys: Those of them that identify a row and must be mapped; None skips that check.

    Returns:
        The problems by file and line; an empty list for a programme that holds together.
    """
    names = _Names(metrics, segments)
    problems = [
        *_company_problems(programme, names),
        *source_problems(programme, Records(records, record_keys or {})),
        *_experiment_problems(programme, names),
        *_benchmark_problems(programme, names),
        *_health_problems(programme, names),
        *_report_problems(programme),
        *question_problems(programme),
        *service_problems(programme),
        *journey_problems(programme, metrics),
        *break_problems(programme, metrics, segments),
        *money_problems(programme),
    ]
    return sorted(problems, key=lambda problem: (str(problem.file), problem.line, problem.where))


def _company_problems(programme: Programme, names: _Names) -> Iterator[Problem]:
    page, company = Page(programme, COMPANY), programme.company
    yield from page.zone(("timezone",), company.timezone)
    yield from page.each_unknown(("segments",), "segment", company.segments, names.segments)
    for name in company.labels:
        yield from page.unknown(("labels", name), "segment", name, names.segments)
    domain = company.sender.rstrip(">").rpartition("@")[2]
    if "@" not in company.sender or not domain:
        mend = "write an address such as cx@example.com"
        yield page.problem(("sender",), f"`{company.sender}` is no mail address", mend)
    for place, allowed in enumerate(company.allowed_domains):
        if "@" in allowed or "*" in allowed or "/" in allowed:
            mend = "write the part of the address after the @, for example example.com"
            yield page.problem(("allowed_domains", place), f"`{allowed}` is no mail domain", mend)


def _experiment_problems(programme: Programme, names: _Names) -> Iterator[Problem]:
    exposes = any(
        mapping.record == "exposure"
        for source in programme.sources.values()
        for entity in source.entities.values()
        for mapping in entity.records
    )
    for experiment_id, plan in programme.experiments.items():
        page = Page(programme, f"experiments/{experiment_id}")
        named = {
            "success": [item.metric for item in plan.success],
            "guardrails": [item.metric for item in plan.guardrails],
        }
        for role, metrics in named.items():
            for place, metric in enumerate(metrics):
                yield from page.unknown((role, place, "metric"), "metric", metric, names.metrics)
            yield from population_problems(page, role, metrics)
        yield from page.each_unknown(("secondary",), "metric", plan.secondary, names.metrics)
        yield from population_problems(page, "secondary", plan.secondary)
        yield from page.each_unknown(("segments",), "segment", plan.segments, names.segments)
        if plan.status in ("running", "concluded") and not exposes:
            mend = "map the record `exposure` in a source, or set the status to draft"
            what = f"status is {plan.status}, but no source says who was exposed"
            yield page.problem(("status",), what, mend)


def _benchmark_problems(programme: Programme, names: _Names) -> Iterator[Problem]:
    for benchmark_id, benchmark in programme.benchmarks.items():
        page = Page(programme, f"benchmarks/{benchmark_id}")
        known = benchmark_metrics(programme, names.metrics)
        yield from page.each_unknown(("metrics",), "metric", benchmark.metrics, known)
        yield from population_problems(page, "metrics", benchmark.metrics)
        yield from page.each_unknown(("segments",), "segment", benchmark.segments, names.segments)
        yield from page.each_unknown(("weight_by",), "segment", benchmark.weight_by, names.segments)
        if benchmark.drivers is None:
            continue
        survey_id, outcome = benchmark.drivers.survey, benchmark.drivers.outcome
        survey = programme.surveys.get(survey_id)
        if survey is None:
            at = ("drivers", "survey")
            yield from page.unknown(at, "survey", survey_id, programme.surveys)
            continue
        yield from page.unknown(("drivers", "outcome"), "question", outcome, survey.questions)
        drives = [question.drives for question in survey.questions.values()]
        if outcome in survey.questions and outcome not in drives:
            mend = f"add `drives: {outcome}` to the ratings in surveys/{survey_id}"
            what = f"no question of `{survey_id}` drives `{outcome}`"
            yield page.problem(("drivers", "outcome"), what, mend)


def _health_problems(programme: Programme, names: _Names) -> Iterator[Problem]:
    for health_id, health in programme.health.items():
        page = Page(programme, f"health/{health_id}")
        for name, component in health.components.items():
            at = ("components", name, "metric")
            yield from page.unknown(at, "metric", component.metric, names.metrics)


def _report_problems(programme: Programme) -> Iterator[Problem]:
    roles = programme.company.roles
    for report_id, report in programme.reports.items():
        page = Page(programme, f"reports/{report_id}")
        subjects: Mapping[str, object] = (
            programme.benchmarks if report.kind == "benchmark" else programme.experiments
        )
        yield from page.each_unknown(("subjects",), report.kind, report.subjects, subjects)
        yield from page.each_unknown(("recipients",), "role", report.recipients, roles)
        for place, role in enumerate(report.recipients):
            if role in roles and roles[role].language not in report.languages:
                language = roles[role].language
                yield page.problem(
                    ("recipients", place),
                    f"role `{role}` reads `{language}`, which this report is not written in",
                    f"add `{language}` to the languages",
                )
