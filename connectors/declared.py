"""The programme's declarations as tables: the warehouse joins what people reviewed in git."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa

from connectors.declared_money import cost_allocations, currency_rates
from connectors.declared_service import (
    SERVICE,
    calendar_choices,
    calendar_segments,
    service_targets,
)
from connectors.lake import Lake, write_parquet
from programme import Programme, Settings
from programme.benchmarks import Benchmark, HalfYear
from programme.breaks import metric_breaks
from programme.journey import placed_touchpoints

_SHORT = {"text": pa.string(), "number": pa.float64(), "day": pa.date32(), "flag": pa.bool_()}


def _schema(**columns: str) -> pa.Schema:
    return pa.schema([pa.field(name, _SHORT[kind]) for name, kind in columns.items()])


SCHEMAS = {
    "question": _schema(
        survey_id="text",
        question_id="text",
        kind="text",
        scale_min="number",
        scale_max="number",
        is_high_good="flag",
        drives="text",
        is_relational="flag",
        touchpoint="text",
        journey_stage="text",
        label_en="text",
        label_ja="text",
    ),
    "source_record": _schema(source="text", record="text", freshness_hours="number"),
    "touchpoint": _schema(
        touchpoint="text",
        journey_stage="text",
        department="text",
        label_en="text",
        label_ja="text",
        department_en="text",
        department_ja="text",
    ),
    "touchpoint_metric": _schema(metric="text", touchpoint="text"),
    "metric_break": _schema(
        break_id="text",
        metric="text",
        broke_on="day",
        segment_name="text",
        segment_value="text",
        what="text",
        comparison="text",
        reason_en="text",
        reason_ja="text",
        survey_id="text",
        question_id="text",
    ),
    "wave": _schema(
        benchmark_id="text", wave="text", previous_wave="text", starts_on="day", ends_before="day"
    ),
    "benchmark_metric": _schema(benchmark_id="text", metric="text"),
    "benchmark_segment": _schema(benchmark_id="text", segment="text"),
    "benchmark_weight": _schema(benchmark_id="text", segment="text"),
    "driver_item": _schema(
        benchmark_id="text", survey_id="text", outcome_question_id="text", item_question_id="text"
    ),
    "experiment": _schema(
        experiment_id="text",
        unit="text",
        starts_on="day",
        ends_on="day",
        window_days="number",
        pre_period_days="number",
        control_variant="text",
        use_cuped="flag",
    ),
    "experiment_variant": _schema(
        experiment_id="text", variant="text", share="number", is_control="flag"
    ),
    "experiment_metric": _schema(experiment_id="text", metric="text", role="text"),
    "experiment_segment": _schema(experiment_id="text", segment="text"),
    "health": _schema(health_id="text", unit="text", movement_days="number", least_known="number"),
    "health_component": _schema(
        health_id="text",
        component="text",
        metric="text",
        measure="text",
        window_days="number",
        max_age_days="number",
        weight="number",
        worst="number",
        best="number",
    ),
    "health_cap": _schema(
        health_id="text", cap="text", component="text", below="number", score_at_most="number"
    ),
    "health_level": _schema(
        health_id="text", level="text", score_from="number", score_below="number"
    ),
    **SERVICE,
    "currency_rate": _schema(currency="text", valid_from="day", valid_before="day", rate="number"),
    "cost_allocation": _schema(cost_kind="text", cost_unit="text", is_ungrouped_shared="flag"),
}
Row = dict[str, Any]


def declare(programme: Programme, settings: Settings, *, as_of: date) -> None:
    """Write every declared table; ``as_of`` decides which waves exist.

    Raises:
        LakeWriteError: when the disk is full.
    """
    with Lake(settings.lake, "_declared").locked():
        for name, rows in declared_rows(programme, as_of=as_of).items():
            table = pa.Table.from_pylist(rows, schema=SCHEMAS[name])
            path = settings.lake / "declared" / name / "part-0.parquet"
            write_parquet(path, table, source="declared")


def declared_rows(programme: Programme, *, as_of: date) -> dict[str, list[Row]]:
    """Table -> rows, in the order of ids."""
    rows: dict[str, list[Row]] = {name: [] for name in SCHEMAS}
    rows["question"] = list(_questions(programme))
    rows["source_record"] = list(_source_records(programme))
    rows["touchpoint"] = list(_touchpoints(programme))
    rows["touchpoint_metric"] = [
        {"metric": metric, "touchpoint": name}
        for name, touchpoint in sorted(programme.journey.touchpoints.items())
        for metric in touchpoint.metrics
    ]
    rows["metric_break"] = list(_breaks(programme))
    for benchmark_id, benchmark in sorted(programme.benchmarks.items()):
        own: Row = {"benchmark_id": benchmark_id}
        rows["wave"] += [own | wave for wave in _waves(benchmark, as_of)]
        rows["benchmark_metric"] += [own | {"metric": name} for name in benchmark.metrics]
        rows["benchmark_segment"] += [own | {"segment": name} for name in benchmark.segments]
        rows["benchmark_weight"] += [own | {"segment": name} for name in benchmark.weight_by]
        rows["driver_item"] += [own | item for item in _driver_items(programme, benchmark)]
    rows["currency_rate"] = list(currency_rates(programme))
    rows["cost_allocation"] = list(cost_allocations(programme))
    for table, row in _experiments(programme):
        rows[table].append(row)
    for table, row in _health(programme):
        rows[table].append(row)
    rows["calendar_choice"] = list(calendar_choices(programme))
    rows["calendar_segment"] = list(calendar_segments(programme, as_of=as_of))
    rows["service_target"] = list(service_targets(programme))
    return rows


def _questions(programme: Programme) -> Iterator[Row]:
    for survey_id, survey in sorted(programme.surveys.items()):
        for question_id, question in survey.questions.items():
            yield {
                "survey_id": survey_id,
                "question_id": question_id,
                "kind": question.kind,
                "scale_min": question.scale_min,
                "scale_max": question.scale_max,
                "is_high_good": question.is_high_good,
                "drives": question.drives,
                "is_relational": survey.is_relational,
                "touchpoint": survey.touchpoint,
                "journey_stage": survey.journey_stage,
                "label_en": question.wording.en,
                "label_ja": question.wording.ja,
            }


def _source_records(programme: Programme) -> Iterator[Row]:
    """Every record of a source; the strictest freshness where several entities bring one."""
    for source, declared in sorted(programme.sources.items()):
        hours: dict[str, list[float]] = {}
        for entity in declared.entities.values():
            for mapping in entity.records:
                contract = entity.contract.get(mapping.record)
                limits = hours.setdefault(mapping.record, [])
                if contract is not None and contract.freshness is not None:
                    limits.append(contract.freshness.hours)
        for record, limits in sorted(hours.items()):
            yield {
                "source": source,
                "record": record,
                "freshness_hours": min(limits, default=None),
            }


def _touchpoints(programme: Programme) -> Iterator[Row]:
    for place in placed_touchpoints(programme.journey, programme.surveys):
        yield {
            "touchpoint": place.touchpoint,
            "journey_stage": place.journey_stage,
            "department": place.department,
            "label_en": place.label.en,
            "label_ja": place.label.ja,
            "department_en": place.department_label.en,
            "department_ja": place.department_label.ja,
        }


def _breaks(programme: Programme) -> Iterator[Row]:
    for mark in metric_breaks(programme.breaks, programme.surveys):
        yield {
            "break_id": mark.break_id,
            "metric": mark.metric,
            "broke_on": mark.broke_on,
            "segment_name": mark.segment[0],
            "segment_value": mark.segment[1],
            "what": mark.what,
            "comparison": mark.comparison,
            "reason_en": mark.reason.en,
            "reason_ja": mark.reason.ja,
            "survey_id": mark.survey,
            "question_id": mark.question,
        }


def _waves(benchmark: Benchmark, as_of: date) -> Iterator[Row]:
    wave = HalfYear.parse(benchmark.first_wave)
    while wave.starts_on <= as_of:
        yield {
            "wave": str(wave),
            "previous_wave": str(wave.previous),
            "starts_on": wave.starts_on,
            "ends_before": wave.ends_before,
        }
        wave = HalfYear.containing(wave.ends_before)


def _driver_items(programme: Programme, benchmark: Benchmark) -> Iterator[Row]:
    drivers = benchmark.drivers
    if drivers is None:
        return
    for name, question in programme.surveys[drivers.survey].questions.items():
        if question.drives == drivers.outcome:
            yield {
                "survey_id": drivers.survey,
                "outcome_question_id": drivers.outcome,
                "item_question_id": name,
            }


def _experiments(programme: Programme) -> Iterator[tuple[str, Row]]:
    for experiment_id, plan in sorted(programme.experiments.items()):
        own: Row = {"experiment_id": experiment_id}
        yield (
            "experiment",
            own
            | {
                "unit": plan.unit,
                "starts_on": plan.starts_on,
                "ends_on": plan.ends_on,
                "window_days": plan.window_days,
                "pre_period_days": plan.pre_period_days,
                "control_variant": plan.control,
                "use_cuped": plan.use_cuped,
            },
        )
        for name, variant in plan.variants.items():
            arm = {"variant": name, "share": variant.share, "is_control": variant.is_control}
            yield "experiment_variant", own | arm
        roles = [(item.metric, "success") for item in plan.success]
        roles += [(item.metric, "guardrail") for item in plan.guardrails]
        roles += [(name, "secondary") for name in plan.secondary]
        for metric, role in roles:
            yield "experiment_metric", own | {"metric": metric, "role": role}
        for segment in plan.segments:
            yield "experiment_segment", own | {"segment": segment}


def _health(programme: Programme) -> Iterator[tuple[str, Row]]:
    for health_id, health in sorted(programme.health.items()):
        own: Row = {"health_id": health_id}
        facts = {"unit": health.unit, "movement_days": health.movement_days}
        yield "health", own | facts | {"least_known": health.least_known}
        for name, component in health.components.items():
            declared = component.model_dump(exclude={"title"})
            declared["max_age_days"] = component.max_age_days or component.window_days
            yield "health_component", own | {"component": name} | declared
        for place, cap in enumerate(health.caps, start=1):
            row = {"cap": f"{cap.component}_{place}", **cap.model_dump(exclude={"title"})}
            yield "health_cap", own | row
        levels = sorted(health.levels.items(), key=lambda item: item[1].score_from)
        starts = [level.score_from for _, level in levels]
        for (name, level), before in zip(levels, [*starts[1:], None], strict=True):
            row = {"level": name, "score_from": level.score_from, "score_below": before}
            yield "health_level", own | row
