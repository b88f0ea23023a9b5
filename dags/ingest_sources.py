"""### ingest_<source>: pull what is new, check it, land it exactly once.

One DAG per file of `programme/sources/`. **extract** writes what the source sent to `landing`;
**land** maps it to canonical records, checks it with Great Expectations, sends rows that fail to
`quarantine` and rewrites the partitions of `raw`.

**When it fails.** The message names the source, the file or address, the value and the mend. A
source that is away: wait, the next run continues at the cursor. A changed column: mend
`programme/sources/<source>.yml`, then clear *land*; nothing is asked of the source again.
Clearing or repeating any task rewrites the same partitions. What was checked and found stands in
`reports/contracts__en.html` and `contracts__ja.html` of the programme's home.
"""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import DAG, Param, dag, task

from dags.hand_overs import START, load_date, raw, show_checks, task_defaults
from ledger import open_workplace
from programme import Settings, load_programme
from programme.sources import Source


def ingest(source_id: str, source: Source) -> DAG:
    """The DAG that ingests one declared source."""
    by_hand = os.environ.get("CXLOOP_INGEST_SCHEDULE") == "manual"

    @dag(
        dag_id=f"ingest_{source_id}",
        schedule=None if by_hand else source.schedule,
        start_date=START,
        catchup=False,
        max_active_runs=1,
        default_args=task_defaults(source.owner),
        params={"load_date": Param(None, type=["null", "string"], format="date")},
        tags=["collect", source.system.kind],
        description=source.description,
        doc_md=__doc__,
    )
    def pipeline() -> None:
        @task
        def extract(**context: Any) -> str:
            from connectors.extraction import extract

            programme, settings, _ = open_workplace()
            when = {"load_date": load_date(context), "run_id": context["run_id"]}
            return str(extract(programme, settings, source_id, **when))

        @task(
            outlets=[raw(source_id)],
            on_success_callback=show_checks,
            on_failure_callback=show_checks,
        )
        def land(**context: Any) -> str:
            from connectors.landing import land

            programme, settings, ledger = open_workplace()
            return str(land(programme, settings, ledger, source_id, run_id=context["run_id"]))

        extract() >> land()

    return pipeline()


for _id, _source in load_programme(Settings.from_environment().programme_dir).sources.items():
    globals()[f"ingest_{_id}"] = ingest(_id, _source)
