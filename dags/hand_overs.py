"""What DAGs hand to each other (assets), and what their tasks have in common."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from airflow.sdk import Asset

START = datetime(2020, 1, 1, tzinfo=UTC)
MARTS = Asset(name="warehouse/marts", uri="cxloop://warehouse/marts")
EXPERIMENT_READOUTS = Asset(name="readouts/experiments", uri="cxloop://readouts/experiments")
BENCHMARK_READOUTS = Asset(name="readouts/benchmark", uri="cxloop://readouts/benchmark")

# One slot: DuckDB lets a single process write, and none read meanwhile.
WAREHOUSE_POOL = "duckdb"


def raw(source_id: str) -> Asset:
    """What ``ingest_<source_id>`` hands over."""
    return Asset(name=f"raw/{source_id}", uri=f"cxloop://raw/{source_id}")


def task_defaults(owner: str) -> dict[str, Any]:
    """Owner, and retries: every task may be repeated, so each is."""
    delay = float(os.environ.get("CXLOOP_RETRY_SECONDS", "60"))
    return {"owner": owner, "retries": 3, "retry_delay": timedelta(seconds=delay)}


def load_date(context: Mapping[str, Any]) -> date:
    """The day a run collects for: its parameter, else its logical date or when it was asked for."""
    given = context["params"].get("load_date")
    if given:
        return date.fromisoformat(given)
    run = context["dag_run"]
    instant: datetime = run.logical_date or run.run_after
    return instant.date()


def show_checks(context: Mapping[str, Any]) -> None:
    """Write the page of the data checks anew, after a landing that went well or was held."""
    from connectors.contract_results import batch_series, check_results
    from ledger import open_workplace
    from reports.contract_page import write_contract_pages

    programme, settings, _ = open_workplace()
    results, series = check_results(settings.lake), batch_series(settings.lake)
    write_contract_pages(results, series, settings.reports, company=programme.company.name)
