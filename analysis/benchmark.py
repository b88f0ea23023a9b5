"""One wave of a benchmark: levels, changes, mix, drivers, and what stands in the way of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.breaks import break_entries
from analysis.canonical import rows_hash, seed_of
from analysis.catalog import Catalog
from analysis.drivers import DriverFit, bucket_moments, rank_drivers
from analysis.results import ResultRow
from analysis.segments import segment_labels
from analysis.warehouse import BreakRow, DriverRow, WaveRow
from analysis.waves import WaveRule, cells_by_key, metric_rows
from ledger import Load
from programme.benchmarks import Benchmark, HalfYear
from programme.surveys import Survey


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
    breaks: Sequence[BreakRow] = ()

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
    cells = cells_by_key(relevant)
    rule = WaveRule(waves, tuple(benchmark.segments), benchmark.confidence, benchmark.min_answers)
    metrics = [name for name in benchmark.metrics if name in inputs.catalog.metrics]
    rows = [
        row
        for name in metrics
        for row in metric_rows(
            cells,
            inputs.catalog.metrics[name],
            rule,
            breaks=[
                mark
                for mark in inputs.breaks
                if (mark.metric, mark.wave) == (name, str(inputs.wave))
            ],
        )
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
        "inputs_hash": rows_hash([*relevant, *inputs.driver_rows, *inputs.loads]),
        "seed": seed,
        "confidence": benchmark.confidence,
        "title": benchmark.title.model_dump(),
        "headline": benchmark.headline,
        "metrics": {name: inputs.catalog.metrics[name].as_dict() for name in metrics},
        "segments": segment_labels(benchmark.segments, inputs.catalog),
        "rows": [row.as_dict() for row in rows],
        **_drivers(inputs, seed=seed),
        "breaks": break_entries(inputs.breaks, waves),
        "coverage": _coverage(inputs.loads),
    }


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
    if not {declared.outcome, *items} <= {row.item_x for row in inputs.driver_rows}:
        # an item was declared after the warehouse was built
        return {"drivers": [], "driver_fit": {"reason": "not_measured", "n": 0}}
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
