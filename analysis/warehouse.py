"""Reads the published tables of the warehouse, whichever engine holds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, TypeVar, get_type_hints

from analysis.engines import SCHEMA, Engine, engine_of
from programme.settings import Settings

T = TypeVar("T")
_LEAST_CONTAINED = 5


@dataclass(frozen=True)
class WaveRow:
    """Moments of weighted unit totals of one metric in one wave and segment (``wave_moments``)."""

    benchmark_id: str
    wave: str
    metric: str
    segment_name: str
    segment_value: str
    n_units: int
    n_events: int
    sum_weight: float
    sum_weight_squared: float
    mean_numerator: float
    mean_denominator: float
    var_numerator: float | None
    var_denominator: float | None
    cov_numerator_denominator: float | None


@dataclass(frozen=True)
class JourneyRow:
    """Moments of one metric in one wave and place of the journey (``journey_scorecard``)."""

    benchmark_id: str
    wave: str
    metric: str
    breakdown: str
    journey_stage: str
    touchpoint: str
    department: str
    n_units: int
    n_events: int
    sum_weight: float
    sum_weight_squared: float
    mean_numerator: float
    mean_denominator: float
    var_numerator: float | None
    var_denominator: float | None
    cov_numerator_denominator: float | None


@dataclass(frozen=True)
class BreakRow:
    """A break between a wave and the one before it (``wave_breaks``)."""

    benchmark_id: str
    wave: str
    previous_wave: str
    metric: str
    break_id: str
    segment_name: str
    segment_value: str
    what: str
    comparison: str
    reason_en: str
    reason_ja: str
    survey_id: str
    question_id: str
    broke_on: date


@dataclass(frozen=True)
class DriverRow:
    """Weighted cross-moment of two questions in one bucket of customers (``driver_moments``)."""

    benchmark_id: str
    wave: str
    outcome: str
    item_x: str
    item_y: str
    bucket: int
    n: int
    sum_weight: float
    mean_x: float
    mean_y: float
    cross_moment: float


@dataclass(frozen=True)
class UnitCountRow:
    """Units by the day of their first exposure (``experiment_unit_counts``)."""

    experiment_id: str
    variant: str
    exposed_date: date
    n_units: int


@dataclass(frozen=True)
class MultipleExposureRow:
    """Units seen in more than one arm (``experiment_multiple_exposures``)."""

    experiment_id: str
    n_units: int


@dataclass(frozen=True)
class ArmRow:
    """Moments of unit sums in one arm and segment (``experiment_moments``)."""

    experiment_id: str
    variant: str
    metric: str
    segment_name: str
    segment_value: str
    n_units: int
    n_events: int
    mean_num: float
    mean_den: float
    mean_pre_num: float
    mean_pre_den: float
    cov_num_num: float | None
    cov_num_den: float | None
    cov_num_pre_num: float | None
    cov_num_pre_den: float | None
    cov_den_den: float | None
    cov_den_pre_num: float | None
    cov_den_pre_den: float | None
    cov_pre_num_pre_num: float | None
    cov_pre_num_pre_den: float | None
    cov_pre_den_pre_den: float | None


@dataclass(frozen=True)
class ClusterRow:
    """Moments over clusters of size and sums in one arm and segment.

    A row of ``experiment_cluster_moments``, without the moments that involve the size.
    """

    experiment_id: str
    variant: str
    metric: str
    segment_name: str
    segment_value: str
    n_clusters: int
    n_events: int
    mean_num: float
    mean_den: float
    mean_pre_num: float
    mean_pre_den: float
    cov_num_num: float | None
    cov_num_den: float | None
    cov_num_pre_num: float | None
    cov_num_pre_den: float | None
    cov_den_den: float | None
    cov_den_pre_num: float | None
    cov_den_pre_den: float | None
    cov_pre_num_pre_num: float | None
    cov_pre_num_pre_den: float | None
    cov_pre_den_pre_den: float | None

    def as_arm(self) -> ArmRow:
        """The clusters as the units of the comparison: they were assigned, not their customers."""
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        return ArmRow(n_units=own.pop("n_clusters"), **own)


@dataclass(frozen=True)
class Warehouse:
    """Reads what dbt built, the same way in every engine. Rows come in the order of their keys."""

    engine: Engine

    @classmethod
    def of(cls, settings: Settings) -> Warehouse:
        """The warehouse that the settings choose.

        Raises:
            WarehouseError: no such target, or it lacks a setting.
        """
        return cls(engine_of(settings))

    def wave_moments(self, benchmark_id: str) -> list[WaveRow]:
        """Every wave of a benchmark."""
        return self.read("wave_moments", WaveRow, "benchmark_id", benchmark_id)

    def journey_scorecard(self, benchmark_id: str) -> list[JourneyRow]:
        """Every wave of a benchmark by stage, department and touchpoint."""
        return self.read("journey_scorecard", JourneyRow, "benchmark_id", benchmark_id)

    def wave_breaks(self, benchmark_id: str) -> list[BreakRow]:
        """What stands between the waves of a benchmark."""
        return self.read("wave_breaks", BreakRow, "benchmark_id", benchmark_id)

    def driver_moments(self, benchmark_id: str, wave: str) -> list[DriverRow]:
        """The buckets of one wave."""
        rows = self.read("driver_moments", DriverRow, "benchmark_id", benchmark_id)
        return [row for row in rows if row.wave == wave]

    def unit_counts(self, experiment_id: str) -> list[UnitCountRow]:
        """Units by arm and day."""
        return self.read("experiment_unit_counts", UnitCountRow, "experiment_id", experiment_id)

    def multiple_exposures(self, experiment_id: str) -> int:
        """How many units were exposed to more than one arm."""
        table = "experiment_multiple_exposures"
        rows = self.read(table, MultipleExposureRow, "experiment_id", experiment_id)
        return sum(row.n_units for row in rows)

    def experiment_moments(self, experiment_id: str) -> list[ArmRow]:
        """Every metric, arm and segment of an experiment."""
        return self.read("experiment_moments", ArmRow, "experiment_id", experiment_id)

    def cluster_moments(self, experiment_id: str) -> list[ClusterRow]:
        """The same of an experiment that assigns clusters, over clusters."""
        table = "experiment_cluster_moments"
        return self.read(table, ClusterRow, "experiment_id", experiment_id)

    def rows_with(self, ids: Sequence[str]) -> dict[str, int]:
        """Table -> rows in which one of the ids stands as a value, or in a text that holds it.

        Short ids count as values only. An absent warehouse has no rows.
        """
        if not self.engine.is_built():
            return {}
        long = [one for one in ids if len(one) >= _LEAST_CONTAINED]
        found = {}
        for table, columns in self.engine.relations().items():
            names = [name for name, kind in columns.items() if kind == "text"]
            tests = [f"{name} = ?" for name in names for _ in ids]
            tests += [f"position(? in {name}) > 0" for name in names for _ in long]
            if tests:
                query = (
                    f"select count(*) from {self.engine.quoted(table)} where {' or '.join(tests)}"  # noqa: S608
                )
                values = [*ids] * len(names) + long * len(names)
                found[table] = int(self.engine.fetch(query, *values)[0][0])
        return found

    def read(self, table: str, kind: type[T], key: str, value: str) -> list[T]:
        """Rows of a published table where ``key`` is ``value``; the fields of ``kind`` are read."""
        types = get_type_hints(kind)
        order = ", ".join(f"{number} nulls last" for number in range(1, len(types) + 1))
        query = f"select {', '.join(types)} from {SCHEMA}.{table} where {key} = ? order by {order}"  # noqa: S608
        rows = self.engine.fetch(query, value)
        return [
            kind(**{name: _as(types[name], v) for name, v in zip(types, row, strict=True)})
            for row in rows
        ]


def _as(kind: Any, value: Any) -> Any:
    """Drivers give decimals for sums and texts for days; a row has the types it declares."""
    if value is None or type(value) is kind:
        return value
    if kind in (float, float | None):
        return float(value)
    if kind in (int, int | None):
        return int(value)
    if kind in (date, date | None) and isinstance(value, str):
        return date.fromisoformat(value)
    return value
