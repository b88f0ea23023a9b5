"""One experiment's readout: checks first, then effects, segments and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from analysis.canonical import rows_hash, seed_of
from analysis.catalog import Catalog, Metric
from analysis.checks import (
    Check,
    missing_outcome_check,
    multiple_exposure_check,
    pre_period_balance_check,
    sample_ratio_check,
)
from analysis.effects import Effect
from analysis.experiment_rows import (
    Cells,
    all_effects,
    arms_by_metric,
    result_rows,
    withheld_rows,
)
from analysis.registration import data_changes, deviations, registered_plan
from analysis.results import ResultRow
from analysis.segments import segment_labels
from analysis.verdict import Verdict, decide
from analysis.warehouse import ArmRow, MultipleExposureRow, UnitCountRow
from ledger import Registration
from programme.experiments import Experiment


@dataclass(frozen=True)
class ExperimentInputs:
    """Everything the readout of one experiment follows from.

    The registered plan decides how the rows are read; ``declared`` is the plan as it stands today.
    """

    experiment_id: str
    declared: Experiment
    registration: Registration
    as_of: date
    catalog: Catalog
    unit_counts: Sequence[UnitCountRow]
    n_multiple: int
    arm_rows: Sequence[ArmRow]

    @property
    def edition_id(self) -> str:
        """``experiment/<id>/r1``."""
        return f"experiment/{self.experiment_id}/r1"


def experiment_edition(inputs: ExperimentInputs, *, code_version: str) -> dict[str, Any]:
    """The content of ``edition.json``; equal inputs give equal content."""
    plan = registered_plan(inputs.registration, inputs.declared)
    moved = deviations(inputs.registration, inputs.declared)
    counts = arm_counts(inputs.unit_counts)
    cells = arms_by_metric(inputs.arm_rows)
    metrics = _metrics(inputs, plan)
    segments = _segment_names(inputs, plan)
    checks = run_checks(plan, metrics, cells, counts=counts, n_multiple=inputs.n_multiple)
    failed = [check.name for check in checks if not check.passed]
    if failed:
        effects: list[Effect] = []
        rows = list(withheld_rows(plan, metrics, counts, reason=f"check_failed:{failed[0]}"))
    else:
        effects = all_effects(plan, metrics, cells)
        rows = list(result_rows(plan, metrics, cells, effects, segments))
    verdict = decide(plan, effects, checks, data_changes(moved))
    reasons = _reasons(inputs, plan, rows, verdict)
    multiple = MultipleExposureRow(inputs.experiment_id, inputs.n_multiple)
    return {
        "edition_id": inputs.edition_id,
        "kind": "experiment",
        "subject": inputs.experiment_id,
        "as_of": inputs.as_of.isoformat(),
        "state": _state(verdict, reasons),
        "reasons": reasons,
        "code_version": code_version,
        "inputs_hash": rows_hash([*inputs.unit_counts, *inputs.arm_rows, multiple]),
        "seed": seed_of(inputs.edition_id),
        "plan": plan.model_dump(mode="json"),
        "plan_hash": inputs.registration.plan_hash,
        "registered_on": inputs.registration.registered_on.isoformat(),
        "deviations": moved,
        "metrics": {name: metric.as_dict() for name, metric in metrics.items()},
        "segments": segment_labels(segments, inputs.catalog),
        "arms": _arms(plan, counts),
        "checks": [check.as_dict() for check in checks],
        "rows": [row.as_dict() for row in rows],
        "verdict": verdict.as_dict(),
    }


def arm_counts(rows: Sequence[UnitCountRow]) -> dict[str, int]:
    """Units by arm over all days."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.variant] = counts.get(row.variant, 0) + row.n_units
    return counts


def run_checks(
    plan: Experiment,
    metrics: Mapping[str, Metric],
    cells: Cells,
    *,
    counts: Mapping[str, int],
    n_multiple: int,
) -> list[Check]:
    """All four, always in the same order; balance and missing outcomes on judged metrics only."""
    judged = [name for name in plan.metrics if name not in plan.secondary]
    moments = {
        name: {
            arm: found.moments
            for arm, found in cells.get((name, "all", "all"), {}).items()
            if found.moments is not None
        }
        for name in judged
        if name in metrics
    }
    surveys = {name: arms for name, arms in moments.items() if metrics[name].is_survey}
    shares = {name: variant.share for name, variant in plan.variants.items()}
    pre = moments if plan.pre_period_days else {}
    return [
        sample_ratio_check(counts, shares),
        multiple_exposure_check(n_multiple, sum(counts.values())),
        pre_period_balance_check(pre, plan.control),
        missing_outcome_check(surveys, plan.control),
    ]


def _metrics(inputs: ExperimentInputs, plan: Experiment) -> dict[str, Metric]:
    """The registered metrics, then those added later; without those dbt does not define."""
    names = dict.fromkeys((*plan.metrics, *inputs.declared.metrics))
    return {name: inputs.catalog.metrics[name] for name in names if name in inputs.catalog.metrics}


def _segment_names(inputs: ExperimentInputs, plan: Experiment) -> list[str]:
    seen = {row.segment_name for row in inputs.arm_rows if row.segment_name != "all"}
    return [*plan.segments, *sorted(seen - set(plan.segments))]


def _arms(plan: Experiment, counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {
            "variant": name,
            "share": variant.share,
            "n_units": counts.get(name, 0),
            "is_control": variant.is_control,
            "description_en": variant.description.en,
            "description_ja": variant.description.ja,
        }
        for name, variant in plan.variants.items()
    ]


def _reasons(
    inputs: ExperimentInputs, plan: Experiment, rows: Sequence[ResultRow], verdict: Verdict
) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if verdict.decision == "no_verdict":
        found.append({"code": verdict.reason, **verdict.values})
    found += [
        {"code": "metric_not_defined", "metric": name}
        for name in plan.metrics
        if name not in inputs.catalog.metrics
    ]
    for row in rows:
        total = row.segment_name == "all" and row.statistic == "difference"
        if total and row.reason and not row.reason.startswith("check_failed"):
            found.append({"code": "metric_no_estimate", "metric": row.metric, "reason": row.reason})
    if inputs.registration.registered_on > plan.starts_on:
        found.append(
            {
                "code": "registered_after_start",
                "registered_on": inputs.registration.registered_on.isoformat(),
                "starts_on": plan.starts_on.isoformat(),
            }
        )
    return found


def _state(verdict: Verdict, reasons: Sequence[Mapping[str, Any]]) -> str:
    if verdict.decision == "no_verdict":
        return "blocked"
    partial = any(str(reason["code"]).startswith("metric_") for reason in reasons)
    return "partial" if partial else "complete"
