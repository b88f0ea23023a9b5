"""### analyze_experiments: from a locked plan to a verdict.

Runs whenever the warehouse was built. **register** locks the plan of every running experiment by
its hash. **readout**, one mapped task per experiment, freezes the edition of a test whose window
has closed and whose data are complete; otherwise it says what it waits for.

**When it fails.** One experiment does not stop the others. Clear the mapped task; an edition that
is frozen stays as it is.
"""

from __future__ import annotations

from airflow.sdk import dag, get_current_context, task

from dags.hand_overs import EXPERIMENT_READOUTS, MARTS, START, WAREHOUSE_POOL, task_defaults
from ledger import open_workplace


@dag(
    schedule=[MARTS],
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("product_analytics"),
    tags=["test"],
    description="Checks, effects and verdict of every experiment whose window has closed",
    doc_md=__doc__,
)
def analyze_experiments() -> None:
    """Register, then read out each."""

    @task
    def register() -> list[str]:
        from analysis.registration import register_experiments

        programme, _, ledger = open_workplace()
        return register_experiments(programme, ledger, as_of=ledger.as_of())

    @task(pool=WAREHOUSE_POOL, map_index_template="{{ experiment }}")
    def readout(experiment_id: str) -> str:
        from analysis.editions import freeze_experiment_if_due

        get_current_context()["experiment"] = experiment_id  # type: ignore[typeddict-unknown-key]
        return str(freeze_experiment_if_due(*open_workplace(), experiment_id))

    @task(outlets=[EXPERIMENT_READOUTS])
    def hand_over(states: list[str]) -> list[str]:
        return list(states)

    hand_over(readout.expand(experiment_id=register()))


analyze_experiments()
