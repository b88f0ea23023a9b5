"""### forget_expired: what is past its time goes, and who was erased stays away.

Every day, for every source: `retention:` of the programme and the source is applied, rows of erased
persons that a vendor has sent again are swept out of `landing`, and `raw` is brought up to date.

**When it fails.** The message names the source and the mend; nothing is half gone, and clearing the
task completes it. By hand: `cxloop privacy retain`, `cxloop privacy sweep`.
"""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import Param, dag, task

from dags.hand_overs import START, load_date, raw, task_defaults
from ledger import open_workplace
from programme import Settings, load_programme

SOURCES = sorted(load_programme(Settings.from_environment().programme_dir).sources)


@dag(
    schedule=None if os.environ.get("CXLOOP_INGEST_SCHEDULE") == "manual" else "@daily",
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("data_engineering"),
    params={"load_date": Param(None, type=["null", "string"], format="date")},
    tags=["collect"],
    description="Retention periods, and persons who were erased",
    doc_md=__doc__,
)
def forget_expired() -> None:
    """One task for each source."""

    @task(outlets=[raw(source_id) for source_id in SOURCES])
    def forget(source_id: str, **context: Any) -> str:
        from connectors.forgetting import forget

        programme, settings, ledger = open_workplace()
        when = {"as_of": load_date(context), "run_id": context["run_id"]}
        return str(forget(programme, settings, ledger, source_id, **when))

    forget.expand(source_id=SOURCES)


forget_expired()
