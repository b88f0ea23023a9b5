"""Small companies for the tests: unit-level rows and the published tables made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from analysis.catalog import Catalog, Metric, Segment
from analysis.warehouse import (
    ArmRow,
    BreakRow,
    ClusterRow,
    DriverRow,
    MultipleExposureRow,
    UnitCountRow,
    WaveRow,
)
from programme.experiments import Experiment

ARM_COLUMNS = ("num", "den", "pre_num", "pre_den")
KIND: dict[str, dict[str, Any]] = {
    "nps": {"kind": "score", "unit": "points", "can_be_negative": True, "minimum": -100.0,
            "maximum": 100.0, "fact": "fct_survey_responses"},
    "csat_top_two_rate": {"kind": "proportion", "unit": "rate", "minimum": 0.0, "maximum": 1.0,
                          "fact": "fct_survey_responses"},
    "late_delivery_rate": {"kind": "proportion", "unit": "rate", "direction": "down",
                           "minimum": 0.0, "maximum": 1.0},
    "resolution_calendar_minutes": {"kind": "duration", "unit": "minutes", "direction": "down",
                                    "minimum": 0.0},
    "monthly_active_days": {"kind": "mean", "unit": "days", "minimum": 0.0, "maximum": 31.0},
}  # fmt: skip


def metric(name: str, **changes: Any) -> Metric:
    standard: dict[str, Any] = {
        "metric": name, "kind": "mean", "unit": "count", "direction": "up",
        "can_be_negative": False, "minimum": None, "maximum": None, "owner": "insights",
        "version": "1", "valid_from": "2020-01-01", "label_en": name.title(), "label_ja": name,
        "description_en": name, "description_ja": name, "fact": "fct_orders",
    }  # fmt: skip
    return Metric(**{**standard, **KIND.get(name, {}), **changes})


def catalog() -> Catalog:
    return Catalog(
        {name: metric(name) for name in KIND},
        {"plan": Segment("plan", "Plan", "プラン"), "region": Segment("region", "Region", "地域")},
    )


def plan(**changes: Any) -> Experiment:
    words = {"en": "x", "ja": "あ"}
    standard: dict[str, Any] = {
        "title": words, "hypothesis": words, "owner": "support", "intervention": words,
        "status": "concluded", "starts_on": "2026-01-01", "ends_on": "2026-03-31",
        "window_days": 30, "pre_period_days": 60,
        "variants": {
            "usual": {"share": 0.5, "is_control": True, "description": words},
            "callback": {"share": 0.5, "description": words},
        },
        "success": [
            {"metric": "csat_top_two_rate", "alternative": "increase", "minimum_effect": 0.05}
        ],
        "guardrails": [
            {"metric": "resolution_calendar_minutes", "harm": "increase", "margin": 30}
        ],
        "secondary": ["monthly_active_days"],
        "segments": ["plan"],
    }  # fmt: skip
    return Experiment.model_validate({**standard, **changes})


def arm_row(
    units: Mapping[str, np.ndarray],
    *,
    variant: str,
    metric: str,
    segment: tuple[str, str] = ("all", "all"),
    experiment_id: str = "callback",
) -> ArmRow:
    """Moments of unit-level columns num, den, pre_num, pre_den, as dbt computes them."""
    values = np.array([np.asarray(units[name], float) for name in ARM_COLUMNS])
    covariance = np.cov(values) if values.shape[1] > 1 else np.full((4, 4), np.nan)
    moments: dict[str, Any] = {
        f"mean_{name}": float(values[i].mean()) for i, name in enumerate(ARM_COLUMNS)
    }
    for i, first in enumerate(ARM_COLUMNS):
        for j, second in enumerate(ARM_COLUMNS[i:], start=i):
            found = float(covariance[i, j])
            moments[f"cov_{first}_{second}"] = None if np.isnan(found) else found
    n = values.shape[1]
    return ArmRow(experiment_id, variant, metric, *segment, n, int(values[1].sum()), **moments)


def wave_row(
    numerators: np.ndarray,
    denominators: np.ndarray,
    *,
    wave: str,
    metric: str,
    segment: tuple[str, str] = ("all", "all"),
    benchmark_id: str = "half_yearly",
) -> WaveRow:
    """Unweighted unit totals; every denominator counts answers."""
    n = len(numerators)
    events = int(denominators.sum())
    covariance = np.cov(numerators, denominators) if n > 1 else np.full((2, 2), np.nan)
    found = [None if np.isnan(value) else float(value) for value in covariance.ravel()]
    return WaveRow(
        benchmark_id, wave, metric, *segment, n, events, float(events), float(events),
        float(numerators.mean()), float(denominators.mean()), found[0], found[3], found[1],
    )  # fmt: skip


def unit_counts(counts: Mapping[str, int], experiment_id: str = "callback") -> list[UnitCountRow]:
    return [UnitCountRow(experiment_id, arm, date(2026, 1, 5), n) for arm, n in counts.items()]


TABLES: dict[str, type] = {
    "wave_moments": WaveRow,
    "wave_breaks": BreakRow,
    "driver_moments": DriverRow,
    "experiment_unit_counts": UnitCountRow,
    "experiment_multiple_exposures": MultipleExposureRow,
    "experiment_moments": ArmRow,
    "experiment_cluster_moments": ClusterRow,
}
_SQL = {"str": "varchar", "int": "bigint", "date": "date"}


def write_warehouse(file: Path, rows: Sequence[Any]) -> None:
    """The published tables in schema cx, holding the given rows."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(file)) as connection:
        connection.execute("create schema cx")
        for table, kind in TABLES.items():
            columns = ", ".join(
                f"{field.name} {_SQL.get(str(field.type), 'double')}" for field in fields(kind)
            )
            connection.execute(f"create table cx.{table} ({columns})")
            values = [list(asdict(row).values()) for row in rows if isinstance(row, kind)]
            if values:
                marks = ", ".join("?" * len(values[0]))
                connection.begin()
                connection.executemany(f"insert into cx.{table} values ({marks})", values)
                connection.commit()


def break_row(**changes: Any) -> BreakRow:
    """A break of NPS in the first half of 2026; the whole series, flagged."""
    mark = BreakRow(
        "half_yearly", "2026H1", "2025H2", "nps", "relationship.recommend", "all", "all",
        "wording", "flag", "new wording", "文言変更", "relationship", "recommend", date(2026, 2, 1),
    )  # fmt: skip
    return replace(mark, **changes)
