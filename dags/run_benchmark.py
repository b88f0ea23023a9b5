"""### run_benchmark: the half-yearly edition.

Runs whenever the warehouse was built and freezes each benchmark whose wave has ended, whose days
of grace are over and whose sources have all landed since; otherwise it says what it waits for.
The gate is the data, not the clock: a late source delays the edition instead of falsifying it.
By hand, give `wave` (for example `2025H2`) to freeze any past half-year.

**When it fails.** Clear the task. A frozen edition never changes; late answers do not move it.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, dag, task

from dags.hand_overs import BENCHMARK_READOUTS, MARTS, START, WAREHOUSE_POOL, task_defaults
from ledger import open_workplace


@dag(
    schedule=[MARTS],
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=task_defaults("insights"),
    params={"wave": Param(None, type=["null", "string"], pattern=r"^\d{4}H[12]$")},
    tags=["benchmark"],
    description="Weighted levels, changes, segments and drivers of the half-year, frozen",
    doc_md=__doc__,
)
def run_benchmark() -> None:
    """One task: estimate and freeze."""

    @task(pool=WAREHOUSE_POOL, outlets=[BENCHMARK_READOUTS])
    def freeze_edition(**context: Any) -> list[str]:
        from analysis.editions import freeze_benchmarks

        wave = context["params"]["wave"]
        return [str(state) for state in freeze_benchmarks(*open_workplace(), wave=wave)]

    freeze_edition()


run_benchmark()
