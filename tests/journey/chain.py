"""Runs a programme's DAGs, one after the other as their assets hand over, in one process.

The same DAG files as under the scheduler, through ``dag.test()``. Run as a module, because Airflow
reads its settings when it is imported: ``python -m tests.journey.chain --home … --load-date …``;
the programme and its data come from the ``CXLOOP_*`` environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def prepare(home: Path) -> None:
    """Point Airflow at ``home``; must run before airflow is imported."""
    os.environ.update(
        AIRFLOW_HOME=str(home / "airflow"),
        AIRFLOW__CORE__DAGS_FOLDER=str(REPOSITORY / "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION="False",
        AIRFLOW__LOGGING__LOGGING_LEVEL="ERROR",
        AIRFLOW__USAGE_DATA_COLLECTION__ENABLED="False",
        CXLOOP_INGEST_SCHEDULE="manual",
        CXLOOP_RETRY_SECONDS="0.1",
        CXLOOP_HOME=str(home),
        DO_NOT_TRACK="1",
    )


def run_chain(load_date: str) -> dict[str, str]:
    """Every ingest DAG, then whatever their hand-overs call for; DAG id to final state."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.asset import AssetDagRunQueue
    from airflow.utils.db import initdb
    from airflow.utils.session import create_session

    initdb()
    bag = DagBag(str(REPOSITORY / "dags"))
    if bag.import_errors:
        raise SystemExit(json.dumps(bag.import_errors))

    states: dict[str, str] = {}
    todo = sorted(dag_id for dag_id in bag.dags if dag_id.startswith("ingest_"))
    while todo:
        dag_id = todo.pop(0)
        conf = {"load_date": load_date} if dag_id.startswith("ingest_") else {}
        run = bag.dags[dag_id].test(logical_date=None, run_conf=conf)
        states[dag_id] = str(run.state)
        if states[dag_id] != "success":
            break
        if not todo:
            with create_session() as session:
                todo = sorted({queued.target_dag_id for queued in session.query(AssetDagRunQueue)})
                session.query(AssetDagRunQueue).delete()
    return states


def main() -> int:
    """Print the states as one JSON object on the last line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--load-date", required=True)
    arguments = parser.parse_args()
    prepare(arguments.home)
    states = run_chain(arguments.load_date)
    print(json.dumps(states))
    return 0 if set(states.values()) == {"success"} else 1


if __name__ == "__main__":
    sys.exit(main())
