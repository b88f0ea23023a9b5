"""Reads the published tables of the warehouse; the only module of this room that opens it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from analysis.errors import WarehouseError

T = TypeVar("T")
SCHEMA = "cx"
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
class Warehouse:
    """Read-only access to the DuckDB file that dbt builds. Rows come in the order of their keys."""

    path: Path

    def wave_moments(self, benchmark_id: str) -> list[WaveRow]:
        """Every wave of a benchmark."""
        return self._read("wave_moments", WaveRow, "benchmark_id", benchmark_id)

    def driver_moments(self, benchmark_id: str, wave: str) -> list[DriverRow]:
        """The buckets of one wave."""
        rows = self._read("driver_moments", DriverRow, "benchmark_id", benchmark_id)
        return [row for row in rows if row.wave == wave]

    def unit_counts(self, experiment_id: str) -> list[UnitCountRow]:
        """Units by arm and day."""
        return self._read("experiment_unit_counts", UnitCountRow, "experiment_id", experiment_id)

    def multiple_exposures(self, experiment_id: str) -> int:
        """How many units were exposed to more than one arm."""
        table = "experiment_multiple_exposures"
        rows = self._read(table, MultipleExposureRow, "experiment_id", experiment_id)
        return sum(row.n_units for row in rows)

    def experiment_moments(self, experiment_id: str) -> list[ArmRow]:
        """Every metric, arm and segment of an experiment."""
        return self._read("experiment_moments", ArmRow, "experiment_id", experiment_id)

    def rows_with(self, ids: Sequence[str]) -> dict[str, int]:
        """Table -> rows in which one of the ids stands as a value, or in a text that holds it.

        Short ids count as values only. An absent warehouse has no rows.
        """
        if not self.path.is_file():
            return {}
        tables: dict[str, list[str]] = {}
        columns = (
            "select table_schema || '.' || table_name, column_name "
            "from information_schema.columns join information_schema.tables "
            "using (table_schema, table_name) "
            "where data_type = 'VARCHAR' and table_type = 'BASE TABLE' order by all"
        )
        for table, column in self._fetch(columns):
            tables.setdefault(table, []).append(column)
        long = [one for one in ids if len(one) >= _LEAST_CONTAINED] or list(ids[:0])
        found = {}
        for table, names in tables.items():
            equal = " or ".join(f'"{name}" in (select unnest(?))' for name in names)
            holds = " or ".join(
                f'exists (select 1 from unnest(?) as ids(id) where contains("{name}", id))'  # noqa: S608
                for name in names
            )
            query = f"select count(*) from {table} where {equal} or {holds}"  # noqa: S608
            given = [list(ids)] * len(names) + [long] * len(names)
            found[table] = int(self._fetch(query, *given)[0][0])
        return found

    def _read(self, table: str, kind: type[T], key: str, value: str) -> list[T]:
        names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
        columns = ", ".join(f'"{name}"' for name in names)
        query = f"select {columns} from {SCHEMA}.{table} where {key} = ? order by all"  # noqa: S608
        return [kind(**dict(zip(names, row, strict=True))) for row in self._fetch(query, value)]

    def _fetch(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        if not self.path.is_file():
            raise WarehouseError(f"no warehouse at {self.path}", "run `cxloop run` to build it")
        try:
            with duckdb.connect(str(self.path), read_only=True) as connection:
                rows: list[tuple[Any, ...]] = connection.execute(query, list(values)).fetchall()
                return rows
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            what = f"the warehouse {self.path} lacks a table or column: {_first_line(error)}"
            raise WarehouseError(
                what, "run `cxloop run` to rebuild it with this version"
            ) from error
        except duckdb.IOException as error:
            what = f"the warehouse {self.path} cannot be opened: {_first_line(error)}"
            raise WarehouseError(what, "wait until the running build is over") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
