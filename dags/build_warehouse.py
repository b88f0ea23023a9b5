"""### build_warehouse: what the collected records mean.

Runs whenever a source has landed. **settle** waits while other sources are landing, so that one
build serves them all; **declare** writes the programme's declarations as tables beside the lake,
and copies what is new to a warehouse that does not read the lake; **build** runs `dbt build`
(models and their tests) as one subprocess, because DuckDB lets one process write.

**When it fails.** The message lists each failing model or test with its file. Nothing downstream
has run: the last readouts stand. Mend the model or the mapping and clear *build*. To look closer:
`cxloop run --only build`, or open `dbt/run_results.json` in the programme's home.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from airflow.sdk import dag, task

from dags.hand_overs import MARTS, START, WAREHOUSE_POOL, raw, task_defaults
from ledger import open_workplace
from programme import Settings, load_programme

SOURCES = load_programme(Settings.from_environment().programme_dir).sources


@dag(
    schedule=reduce(or_, [raw(source_id) for source_id in SOURCES]) if SOURCES else None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("data_engineering"),
    tags=["measure"],
    description="Staging, facts, metrics and moments, with their tests, by dbt",
    doc_md=__doc__,
)
def build_warehouse() -> None:
    """Let the other sources land, then declarations, then dbt."""

    @task.sensor(mode="poke", poke_interval=2, timeout=1800)
    def settle(**context: Any) -> bool:
        running = context["ti"].get_dr_count
        return not any(running(f"ingest_{name}", states=["running"]) for name in SOURCES)

    # A source that takes half an hour does not hold back what the others brought.
    @task(trigger_rule="all_done")
    def declare() -> None:
        from connectors.landing import declare
        from connectors.postgres_copy import copy_lake

        programme, settings, ledger = open_workplace()
        declare(programme, settings, as_of=ledger.as_of())
        copy_lake(settings)

    @task(pool=WAREHOUSE_POOL, outlets=[MARTS])
    def build() -> str:
        from analysis.dbt_build import build_if_changed
        from connectors import landing, standing

        _, settings, ledger = open_workplace()
        lake, found = landing.lake_fingerprint(settings), standing.standing_partitions(settings)
        return str(build_if_changed(settings, ledger, lake=lake, partitions=found))

    settle() >> declare() >> build()


build_warehouse()
