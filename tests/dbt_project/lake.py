"""Writes tiny lakes straight from the pinned schemas and builds warehouses on them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.records import RECORDS

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
Rows = Sequence[Mapping[str, Any]]

_TEXT, _NUMBER, _DAY, _FLAG = pa.string(), pa.float64(), pa.date32(), pa.bool_()
DECLARED: dict[str, dict[str, pa.DataType]] = {
    "question": {
        **dict.fromkeys(("survey_id", "question_id", "kind"), _TEXT),
        "scale_min": _NUMBER,
        "scale_max": _NUMBER,
        "is_high_good": _FLAG,
        "drives": _TEXT,
        "is_relational": _FLAG,
        **dict.fromkeys(("touchpoint", "journey_stage", "label_en", "label_ja"), _TEXT),
    },
    "source_record": {**dict.fromkeys(("source", "record"), _TEXT), "freshness_hours": _NUMBER},
    "touchpoint": dict.fromkeys(
        (
            *("touchpoint", "journey_stage", "department"),
            *("label_en", "label_ja", "department_en", "department_ja"),
        ),
        _TEXT,
    ),
    "touchpoint_metric": dict.fromkeys(("metric", "touchpoint"), _TEXT),
    "metric_break": {
        **dict.fromkeys(("break_id", "metric"), _TEXT),
        "broke_on": _DAY,
        **dict.fromkeys(("segment_name", "segment_value", "what", "comparison"), _TEXT),
        **dict.fromkeys(("reason_en", "reason_ja", "survey_id", "question_id"), _TEXT),
    },
    "wave": {
        **dict.fromkeys(("benchmark_id", "wave", "previous_wave"), _TEXT),
        "starts_on": _DAY,
        "ends_before": _DAY,
    },
    "benchmark_metric": dict.fromkeys(("benchmark_id", "metric"), _TEXT),
    "benchmark_segment": dict.fromkeys(("benchmark_id", "segment"), _TEXT),
    "benchmark_weight": dict.fromkeys(("benchmark_id", "segment"), _TEXT),
    "driver_item": dict.fromkeys(
        ("benchmark_id", "survey_id", "outcome_question_id", "item_question_id"), _TEXT
    ),
    "experiment": {
        **dict.fromkeys(("experiment_id", "unit"), _TEXT),
        **dict.fromkeys(("starts_on", "ends_on"), _DAY),
        **dict.fromkeys(("window_days", "pre_period_days"), _NUMBER),
        "control_variant": _TEXT,
        "use_cuped": _FLAG,
    },
    "experiment_variant": {
        **dict.fromkeys(("experiment_id", "variant"), _TEXT),
        "share": _NUMBER,
        "is_control": _FLAG,
    },
    "experiment_metric": dict.fromkeys(("experiment_id", "metric", "role"), _TEXT),
    "experiment_segment": dict.fromkeys(("experiment_id", "segment"), _TEXT),
    "health": {
        **dict.fromkeys(("health_id", "unit"), _TEXT),
        **dict.fromkeys(("movement_days", "least_known"), _NUMBER),
    },
    "health_component": {
        **dict.fromkeys(("health_id", "component", "metric", "measure"), _TEXT),
        **dict.fromkeys(("window_days", "max_age_days", "weight", "worst", "best"), _NUMBER),
    },
    "health_cap": {
        **dict.fromkeys(("health_id", "cap", "component"), _TEXT),
        **dict.fromkeys(("below", "score_at_most"), _NUMBER),
    },
    "health_level": {
        **dict.fromkeys(("health_id", "level"), _TEXT),
        **dict.fromkeys(("score_from", "score_below"), _NUMBER),
    },
    "calendar_choice": dict.fromkeys(("calendar_id", "scope", "name"), _TEXT),
    "calendar_segment": {
        "calendar_id": _TEXT,
        "segment_date": _DAY,
        **dict.fromkeys(("starts_at", "ends_at"), pa.timestamp("us", tz="UTC")),
        "is_open": _FLAG,
        "open_minutes_before": _NUMBER,
    },
    "service_target": {
        "service_level_id": _TEXT,
        "target_number": _NUMBER,
        **dict.fromkeys(("kind", "channel", "priority", "team", "clock"), _TEXT),
        **dict.fromkeys(("first_reply_minutes", "resolution_minutes"), _NUMBER),
        **dict.fromkeys(("valid_from", "valid_to"), _DAY),
    },
    "currency_rate": {
        "currency": _TEXT,
        **dict.fromkeys(("valid_from", "valid_before"), _DAY),
        "rate": _NUMBER,
    },
    "cost_allocation": {
        **dict.fromkeys(("cost_kind", "cost_unit"), _TEXT),
        "is_ungrouped_shared": _FLAG,
    },
}


@dataclass(frozen=True)
class Partition:
    """Rows of one record that one source delivered on one load date."""

    record: str
    source: str
    load_date: str
    rows: Rows


def write_lake(
    lake: Path, *, partitions: Sequence[Partition] = (), declared: Mapping[str, Rows] | None = None
) -> Path:
    """A lake as the connectors leave it: an empty partition of every record, then those given."""
    empty = [Partition(record, "_none", "1970-01-01", []) for record in RECORDS]
    for part in (*empty, *partitions):
        folder = lake / "raw" / part.record / f"source={part.source}/load_date={part.load_date}"
        _write(folder, part.rows, RECORDS[part.record].schema)
    for table, columns in DECLARED.items():
        schema = pa.schema(list(columns.items()))
        _write(lake / "declared" / table, (declared or {}).get(table, []), schema)
    return lake


def _write(folder: Path, rows: Rows, schema: pa.Schema) -> None:
    unknown = {key for row in rows for key in row} - set(schema.names)
    assert not unknown, f"no such columns: {unknown}"
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    pq.write_table(table, folder / "part-0.parquet")


@dataclass(frozen=True)
class Build:
    """One finished ``dbt build``."""

    returncode: int
    output: str
    warehouse: Path
    target: Path

    def table(self, name: str) -> pd.DataFrame:
        """All rows of a published table."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(f"select * from cx.{name}").df()

    def statuses(self, status: str) -> list[str]:
        """Ids of the nodes that ended so."""
        results = json.loads((self.target / "run_results.json").read_text())["results"]
        return [result["unique_id"] for result in results if result["status"] == status]


def run_dbt(
    lake: Path,
    *arguments: str,
    as_of: str | None,
    warehouse: Path | None = None,
    variables: Mapping[str, Any] | None = None,
) -> Build:
    """dbt in a process of its own, without telemetry and without asking for new versions."""
    warehouse = warehouse or lake.parent / "cxloop_test.duckdb"
    target = lake.parent / "target"
    environment = {
        **os.environ,
        "CXLOOP_LAKE": str(lake),
        "CXLOOP_WAREHOUSE": str(warehouse),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DBT_VERSION_CHECK": "false",
        "DO_NOT_TRACK": "1",
    }
    command = [sys.executable, "-m", "dbt.cli.main", *arguments]
    command += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    command += ["--target-path", str(target), "--log-path", str(lake.parent / "logs")]
    given = {"as_of": as_of} if as_of else {}
    command += ["--vars", json.dumps({**given, **(variables or {})})]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return Build(done.returncode, done.stdout + done.stderr, warehouse, target)
