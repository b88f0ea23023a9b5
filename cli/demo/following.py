"""Follows the asset-driven chain on a running Airflow until nothing is left to do."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.demo.airflow_stack import AirflowStack

_ENDED = {"success", "failed"}
STAGE_OF_DAG = {
    "build_warehouse": "measure",
    "analyze_experiments": "test",
    "run_benchmark": "benchmark",
    "publish_reports": "report",
}


@dataclass(frozen=True)
class Run:
    """One DAG run: which DAG, its state, and when it ran."""

    dag_id: str
    run_id: str
    state: str
    started_at: datetime | None
    ended_at: datetime | None

    @property
    def stage(self) -> str:
        """The stage of the loop that the DAG belongs to."""
        return STAGE_OF_DAG.get(self.dag_id, "collect")

    @property
    def seconds(self) -> float:
        """How long it ran; 0 while it has not ended."""
        if self.started_at is None or self.ended_at is None:
            return 0.0
        return (self.ended_at - self.started_at).total_seconds()


class ChainError(RuntimeError):
    """A DAG run of the chain failed, or the chain did not end in time."""


def trigger(stack: AirflowStack, dag_id: str, parameters: dict[str, Any]) -> None:
    """Ask for one run of a DAG."""
    run = {"dag_run_id": f"demo__{uuid.uuid4()}", "logical_date": None, "conf": parameters}
    stack.call("POST", f"/dags/{dag_id}/dagRuns", json=run)


def follow(
    stack: AirflowStack, *, say: Callable[[str, str], None], patience_seconds: float = 900.0
) -> list[Run]:
    """Wait until every run has ended and every hand-over has been taken up.

    ``say(stage, text)`` is told of each change. Returns the runs, oldest first.

    Raises:
        ChainError: naming the failed task and what it said, or what was still under way.
        AirflowStackError: when a process of Airflow has ended.
    """
    deadline = time.monotonic() + patience_seconds
    known: dict[tuple[str, str], str] = {}
    quiet_polls = 0
    while time.monotonic() < deadline:
        stack.check_alive()
        found = runs(stack)
        for run in found:
            if known.get((run.dag_id, run.run_id)) != run.state and run.state != "queued":
                known[run.dag_id, run.run_id] = run.state
                took = f" in {run.seconds:.0f} s" if run.state in _ENDED else ""
                say(run.stage, f"{run.dag_id} {run.state}{took}")
        ended = all(run.state in _ENDED for run in found)
        failed = [run for run in found if run.state == "failed"]
        # The scheduler takes up a hand-over within a second or two; three quiet polls outlast it.
        quiet_polls = quiet_polls + 1 if ended and (failed or _all_taken_up(stack, found)) else 0
        if quiet_polls >= 3:
            if failed:
                raise ChainError("\n".join(_story_of(stack, run) for run in failed))
            return found
        time.sleep(0.7)
    under_way = [f"{run.dag_id} ({run.state})" for run in found if run.state not in _ENDED]
    left = ", ".join(under_way) or "a hand-over was not taken up"
    raise ChainError(
        f"the chain had not ended after {patience_seconds:.0f} s: {left}. "
        "Mend: run the same command again, or look at it with `make up`"
    )


def runs(stack: AirflowStack) -> list[Run]:
    """Every DAG run that this Airflow knows, oldest first."""
    answer = stack.call("GET", "/dags/~/dagRuns", params={"limit": 100, "order_by": "run_after"})
    return [
        Run(
            item["dag_id"],
            item["dag_run_id"],
            item["state"],
            _instant(item["start_date"]),
            _instant(item["end_date"]),
        )
        for item in answer["dag_runs"]
    ]


def _all_taken_up(stack: AirflowStack, found: list[Run]) -> bool:
    """Whether every consumer of each asset event ran after it.

    Airflow joins events into one run, and does not note all of them on it: an event that comes
    while a run is queued is served by that run. So the times decide.
    """
    assets = stack.call("GET", "/assets", params={"limit": 100})["assets"]
    consumers = {a["id"]: [dag["dag_id"] for dag in a["scheduled_dags"]] for a in assets}
    started: dict[str, datetime] = {}
    for run in found:
        if run.started_at is not None:
            started[run.dag_id] = max(run.started_at, started.get(run.dag_id, run.started_at))
    events = stack.call("GET", "/assets/events", params={"limit": 1000})["asset_events"]
    return all(
        dag_id in started and started[dag_id] >= datetime.fromisoformat(event["timestamp"])
        for event in events
        for dag_id in consumers.get(event["asset_id"], [])
    )


def _story_of(stack: AirflowStack, run: Run) -> str:
    """Which task failed, and the last error it logged."""
    base = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
    stories = []
    for task in stack.call("GET", base)["task_instances"]:
        if task["state"] == "failed":
            path = f"{base}/{task['task_id']}/logs/{task['try_number']}"
            index = max(task["map_index"], -1)
            log = stack.call("GET", path, params={"map_index": index, "full_content": True})
            stories.append(f"{run.dag_id}.{task['task_id']} failed: {_last_error(log)}")
    return "\n".join(stories) or f"{run.dag_id} failed"


def _last_error(log: Any) -> str:
    errors = [
        entry
        for entry in log.get("content", [])
        if isinstance(entry, dict) and entry.get("level") in ("error", "critical")
    ]
    for entry in reversed(errors):
        for detail in entry.get("error_detail") or []:
            return f"{detail.get('exc_type')}: {detail.get('exc_value')}"
    return str(errors[-1].get("event")) if errors else "see its log with `make up`"


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
