"""`cxloop demo`: the whole loop for the demo company, on a real Airflow, to the mailboxes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from cli.demo.airflow_stack import AirflowStack, AirflowStackError, end_left_overs
from cli.demo.following import Run, follow, trigger
from cli.demo.progress import Progress
from cli.demo.systems import DemoSystems

AS_OF = "2026-07-05"


@dataclass(frozen=True)
class DemoPlan:
    """What to run, and where."""

    home: Path
    customers: int
    seed: int


def run_demo(plan: DemoPlan, *, console: Console) -> dict[str, Any]:
    """Run the loop and return the summary, which also stands in ``<home>/summary.json``.

    Raises:
        AirflowStackError: Airflow could not start or died; ChainError: a task failed for good.
    """
    from cli.demo.summary import write_summary

    progress = Progress(console)
    found: list[Run] = []
    with _ended_by_signal(), demo_lock(plan.home):
        error: str | None = None
        try:
            with demo_stack(plan, progress) as stack:
                found = _follow_the_chain(stack, progress)
        except Exception as problem:
            error = str(problem)
            raise
        finally:
            summary = write_summary(plan.home, progress.stages, found, error=error)
    return summary


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Let a termination end what was started, as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def demo_lock(home: Path) -> Iterator[None]:
    """Only one demo at a time in a home, and nothing left over from an interrupted one."""
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "demo.lock")
    try:
        with lock.acquire(timeout=0):
            end_left_overs(home / "airflow")
            yield
    except Timeout:
        raise AirflowStackError(
            f"another demo is running in {home}. Mend: wait for it, or end it with Ctrl-C"
        ) from None


@contextmanager
def demo_stack(
    plan: DemoPlan, progress: Progress, *, keep_history: bool = False
) -> Iterator[AirflowStack]:
    """The demo company's systems and an Airflow that knows them; all of it ends with the block."""
    systems = DemoSystems(plan.home)
    stack = AirflowStack(plan.home / "airflow", _airflow_settings(systems))
    if not keep_history:
        # Airflow's metadata is no record of ours: lake, ledger and warehouse are.
        for left in (plan.home / "airflow").glob("airflow.db*"):
            left.unlink()
    try:
        with ThreadPoolExecutor(1) as beside:
            company = beside.submit(_generate, plan, progress)
            with progress.stage(
                "airflow", "starting scheduler, DAG processor, triggerer, API server"
            ):
                stack.start(say=lambda text: progress.say("airflow", text))
                _create_pool(stack)
            company.result()
        with progress.stage("systems", "starting the helpdesk API and the mail server"):
            systems.start()
        yield stack
    finally:
        progress.say("airflow", "stopping")
        stack.stop()
        systems.stop()


def _airflow_settings(systems: DemoSystems) -> dict[str, str]:
    programme = os.environ.get("CXLOOP_PROGRAMME", str(Path("programme/demo").resolve()))
    return systems.settings | {"CXLOOP_PROGRAMME": programme}


def _generate(plan: DemoPlan, progress: Progress) -> None:
    from cli.demo.company import generate

    text = f"generating {plan.customers:,} customers' three years (seed {plan.seed})"
    with progress.stage("company", text):
        generate(plan.home / "systems", customers=plan.customers, seed=plan.seed)
    progress.say("company", "ready")


def _create_pool(stack: AirflowStack) -> None:
    # A task whose pool does not exist waits for ever, without a word.
    known = stack.call("GET", "/pools")["pools"]
    if "duckdb" not in {pool["name"] for pool in known}:
        description = "one process writes the DuckDB file, and none reads meanwhile"
        pool = {"name": "duckdb", "slots": 1, "description": description}
        stack.call("POST", "/pools", json=pool)


def _ingest_dags(stack: AirflowStack, *, patience_seconds: float = 60.0) -> list[str]:
    """The ingest DAGs, once the DAG processor has parsed all files without an error."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        errors = stack.call("GET", "/importErrors")["import_errors"]
        if errors:
            told = "\n".join(error["stack_trace"].strip().splitlines()[-1] for error in errors)
            raise AirflowStackError(f"DAG files could not be read:\n{told}")
        dags = [dag["dag_id"] for dag in stack.call("GET", "/dags", params={"limit": 100})["dags"]]
        ingest = sorted(dag for dag in dags if dag.startswith("ingest_"))
        if ingest and "publish_reports" in dags and "build_warehouse" in dags:
            return ingest
        time.sleep(0.5)
    raise AirflowStackError("the DAG processor found no DAGs; see its log under airflow/logs")


def _follow_the_chain(stack: AirflowStack, progress: Progress) -> list[Run]:
    dags = _ingest_dags(stack)
    with progress.stage("chain", f"triggering {', '.join(dags)}"):
        for dag_id in dags:
            trigger(stack, dag_id, {"load_date": AS_OF})
        say: Callable[[str, str], None] = progress.say
        return follow(stack, say=say)


def serve(plan: DemoPlan, *, console: Console) -> None:
    """Airflow's UI with the demo's state behind it, until interrupted."""
    progress = Progress(console)
    history = {"keep_history": True}
    with _ended_by_signal(), demo_lock(plan.home), demo_stack(plan, progress, **history) as stack:
        _ingest_dags(stack)
        console.print(f"\n  Airflow   [bold]{stack.url}[/]   user admin, password {stack.password}")
        console.print("  Run the loop: trigger the ingest_* DAGs; the rest follows by itself.")
        console.print("  Ctrl-C ends it.\n")
        while True:
            stack.check_alive()
            time.sleep(1)
