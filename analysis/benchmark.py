"""One wave of a benchmark: levels, changes, mix, drivers, and what stands in the way of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from analysis.canonical import rows_hash, seed_of
from analysis.catalog import Catalog, Metric
from analysis.differences import guarded_difference
from analysis.drivers import DriverFit, bucket_moments, rank_drivers
from analysis.levels import Cell, cell_ratio, kish_effective_size, level
from analysis.moments import Moments
from analysis.results import Estimate, NoEstimate, Result, ResultRow, result_row
from analysis.warehouse import DriverRow, WaveRow
from ledger import Load
from programme.benchmarks import Benchmark, HalfYear
from programme.surveys import Survey

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class BenchmarkInputs:
    """Everything the numbers of one edition follow from.

    Rows of later waves are ignored; ``loads`` are those of declared sources up to ``as_of``.
    """

    benchmark_id: str
    benchmark: Benchmark
    wave: HalfYear
    as_of: date
    catalog: Catalog
    surveys: Mapping[str, Survey]
    wave_rows: Sequence[WaveRow]
    driver_rows: Sequence[DriverRow]
    loads: Sequence[Load]

    @property
    def waves(self) -> tuple[str, ...]:
        """From the first declared wave to this one."""
        found = [self.wave]
        first = HalfYear.parse(self.benchmark.first_wave)
        while found[-1].starts_on > first.starts_on:
            found.append(found[-1].previous)
        return tuple(str(wave) for wave in reversed(found))

    @property
    def edition_id(self) -> str:
        """``benchmark/<id>/<wave>/r1``."""
        return f"benchmark/{self.benchmark_id}/{self.wave}/r1"


def benchmark_edition(inputs: BenchmarkInputs, *, code_version: str) -> dict[str, Any]:
    """The content of ``edition.json``; equal inputs give equal content."""
    benchmark, waves = inputs.benchmark, inputs.waves
    relevant = [row for row in inputs.wave_rows if row.wave in waves]
    cells = {_key(row): row for row in relevant}
    metrics = [name for name in benchmark.metrics if name in inputs.catalog.metrics]
    rows = [
        row
        for name in metrics
        for row in metric_rows(inputs, inputs.catalog.metrics[name], cells, waves)
    ]
    reasons = _reasons(inputs, rows)
    seed = seed_of(inputs.edition_id)
    blocked = any(reason["code"].startswith("headline_") for reason in reasons)
    return {
        "edition_id": inputs.edition_id,
        "kind": "benchmark",
        "subject": inputs.benchmark_id,
        "wave": str(inputs.wave),
        "previous_wave": str(inputs.wave.previous),
        "as_of": inputs.as_of.isoformat(),
        "state": "blocked" if blocked else "partial" if reasons else "complete",
        "reasons": reasons,
        "code_version": code_version,
        "inputs_hash": rows_hash([*relevant, *inputs.driver_rows]),
        "seed": seed,
        "confidence": benchmark.confidence,
        "title": benchmark.title.model_dump(),
        "headline": benchmark.headline,
        "metrics": {name: inputs.catalog.metrics[name].as_dict() for name in metrics},
        "segments": segment_labels(benchmark.segments, inputs.catalog),
        "rows": [row.as_dict() for row in rows],
        **_drivers(inputs, seed=seed),
        "breaks": _breaks(inputs),
        "coverage": _coverage(inputs.loads),
    }


def metric_rows(
    inputs: BenchmarkInputs, metric: Metric, cells: Mapping[Key, WaveRow], waves: Sequence[str]
) -> Iterator[ResultRow]:
    """Levels of every wave, then changes and shares of the latest one."""
    declared = inputs.benchmark.segments
    seen = {key[2:] for key in cells if key[1] == metric.metric and key[2] in declared}
    segments = [("all", "all"), *sorted(seen)]
    rule = {
        "confidence": inputs.benchmark.confidence,
        "scale": metric.scale,
    }
    floor = inputs.benchmark.min_answers
    latest, previous = str(inputs.wave), str(inputs.wave.previous)
    for segment in segments:
        for wave in waves:
            cell = _cell(cells.get((wave, metric.metric, *segment)))
            found = level(cell, min_answers=floor, **rule)  # type: ignore[arg-type]
            yield result_row(
                found, metric=metric.metric, statistic="level", window=wave, segment=segment
            )
    flags = _break_flags(inputs, metric)
    for segment in segments:
        found = wave_change(
            _cell(cells.get((latest, metric.metric, *segment))),
            _cell(cells.get((previous, metric.metric, *segment))) if previous in waves else None,
            metric=metric,
            confidence=inputs.benchmark.confidence,
            min_answers=floor,
        )
        yield result_row(
            found,
            metric=metric.metric,
            statistic="change",
            window=latest,
            comparison=previous,
            segment=segment,
            flags=flags,
        )
    for segment in segments[1:]:
        for wave in (latest, previous):
            yield _share(cells, metric.metric, segment, wave)


def wave_change(
    latest: Cell | None,
    previous: Cell | None,
    *,
    metric: Metric,
    confidence: float,
    min_answers: int,
) -> Result:
    """Latest minus previous level, the waves treated as independent samples.

    People who answered in both waves make the difference more precise than this says where their
    answers go together; the flag ``waves_treated_as_independent`` tells the reader. ``n`` counts
    the answers of both waves.
    """
    if previous is None:
        return NoEstimate("no_previous_wave", latest.n_events if latest else 0)
    sides = [cell_ratio(cell, min_answers=min_answers) for cell in (latest, previous)]
    for side in sides:
        if isinstance(side, NoEstimate):
            return side
    assert latest is not None  # noqa: S101  its ratio exists
    found = guarded_difference(
        *(side for side in sides if not isinstance(side, NoEstimate)),
        scale=metric.scale,
        confidence=confidence,
        sizes=(_size(latest), _size(previous)),
    )
    if isinstance(found, NoEstimate):
        return found
    n = latest.n_events + previous.n_events
    return replace(found, n=n).flagged("waves_treated_as_independent")


def segment_labels(names: Iterable[str], catalog: Catalog) -> dict[str, dict[str, str]]:
    """Labels of segments in both languages; the name itself where dbt declares none."""
    found = {}
    for name in names:
        segment = catalog.segments.get(name)
        found[name] = {
            "label_en": segment.label_en if segment else name,
            "label_ja": segment.label_ja if segment else name,
        }
    return found


def _key(row: WaveRow) -> Key:
    return row.wave, row.metric, row.segment_name, row.segment_value


def _cell(row: WaveRow | None) -> Cell | None:
    if row is None:
        return None
    kish = kish_effective_size(row.sum_weight, row.sum_weight_squared)
    if row.n_units < 1:
        return Cell(None, row.n_events, kish)
    covariance = np.array(
        [
            [row.var_numerator or 0.0, row.cov_numerator_denominator or 0.0],
            [row.cov_numerator_denominator or 0.0, row.var_denominator or 0.0],
        ]
    )
    means = np.array([row.mean_numerator, row.mean_denominator])
    names = ("numerator", "denominator")
    return Cell(Moments(row.n_units, names, means, covariance), row.n_events, kish)


def _size(cell: Cell) -> float:
    return min(cell.kish, float(cell.moments.n)) if cell.moments else cell.kish


def _share(
    cells: Mapping[Key, WaveRow], metric: str, segment: tuple[str, str], wave: str
) -> ResultRow:
    part, whole = cells.get((wave, metric, *segment)), cells.get((wave, metric, "all", "all"))
    found: Result = NoEstimate("no_answers", 0)
    if whole is not None and whole.sum_weight > 0:
        weight = part.sum_weight if part else 0.0
        n = part.n_events if part else 0
        found = Estimate(weight / whole.sum_weight, None, None, None, n, "weight_share")
    return result_row(found, metric=metric, statistic="share", window=wave, segment=segment)


def _reasons(inputs: BenchmarkInputs, rows: Sequence[ResultRow]) -> list[dict[str, Any]]:
    headline = inputs.benchmark.headline
    found: list[dict[str, Any]] = []
    for name in inputs.benchmark.metrics:
        if name not in inputs.catalog.metrics:
            code = "headline_not_defined" if name == headline else "metric_not_defined"
            found.append({"code": code, "metric": name})
    for row in rows:
        is_total = row.segment_name == "all" and row.window == str(inputs.wave)
        if is_total and row.statistic == "level" and row.reason:
            code = "headline_no_estimate" if row.metric == headline else "metric_no_estimate"
            found.append({"code": code, "metric": row.metric, "reason": row.reason, "n": row.n})
    return found


def _drivers(inputs: BenchmarkInputs, *, seed: int) -> dict[str, Any]:
    declared = inputs.benchmark.drivers
    if declared is None:
        return {"drivers": [], "driver_fit": {"reason": "not_declared"}}
    questions = inputs.surveys[declared.survey].questions
    items = sorted(name for name, item in questions.items() if item.drives == declared.outcome)
    if not items or not inputs.driver_rows:
        return {"drivers": [], "driver_fit": {"reason": "no_answers", "n": 0}}
    fit = rank_drivers(
        bucket_moments(inputs.driver_rows, declared.outcome, items),
        confidence=inputs.benchmark.confidence,
        seed=seed,
        min_answers=inputs.benchmark.min_answers,
    )
    if not isinstance(fit, DriverFit):
        return {"drivers": [], "driver_fit": {"reason": fit.reason, "n": fit.n}}
    drivers = []
    for driver in fit.drivers:
        wording = questions[driver.item].wording
        drivers.append({**vars(driver), "label_en": wording.en, "label_ja": wording.ja})
    return {
        "drivers": drivers,
        "driver_fit": {
            "r_squared": fit.r_squared,
            "lower": fit.r_squared_lower,
            "upper": fit.r_squared_upper,
            "n": fit.n,
        },
    }


def _breaks(inputs: BenchmarkInputs) -> list[dict[str, Any]]:
    found = [
        {
            "wave": str(HalfYear.containing(mark.date)),
            "date": mark.date.isoformat(),
            "survey": name,
            "question": mark.question,
            "what": mark.what,
            "note_en": mark.note.en,
            "note_ja": mark.note.ja,
        }
        for name, survey in sorted(inputs.surveys.items())
        for mark in survey.breaks
        if str(HalfYear.containing(mark.date)) in inputs.waves
    ]
    return sorted(found, key=lambda mark: (mark["date"], mark["survey"], mark["question"]))


def _break_flags(inputs: BenchmarkInputs, metric: Metric) -> tuple[str, ...]:
    # a metric's first word is the kind of question it scores: nps, csat_mean, ces_mean
    kind = metric.metric.split("_")[0]
    for survey in inputs.surveys.values():
        for mark in survey.breaks:
            between = inputs.wave.previous.starts_on < mark.date < inputs.wave.ends_before
            if between and survey.questions[mark.question].kind == kind:
                return ("break_in_series",)
    return ()


def _coverage(loads: Sequence[Load]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for load in sorted(loads, key=lambda load: (load.source, load.load_date)):
        entry = found.setdefault(
            load.source, {"source": load.source, "landed": 0, "quarantined": 0}
        )
        entry["load_date"] = load.load_date.isoformat()
        entry["landed"] += load.landed
        entry["quarantined"] += load.quarantined
    return list(found.values())
