"""`cxloop demo` and `cxloop up`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from cli.console import PROBLEM_FOUND, AsJson, print_json, settings_of

CUSTOMERS = 20_000

Customers = Annotated[int, typer.Option(help="How many customers the company has.", min=600)]
Seed = Annotated[int, typer.Option(help="Seed of the company; the same seed, the same bytes.")]


def demo(
    ctx: typer.Context,
    customers: Customers = CUSTOMERS,
    seed: Seed = 20260705,
    as_json: AsJson = False,
) -> None:
    """Run the whole loop for the demo company on a real Airflow, from sources to mailboxes.

    Running it again continues where it stands: what has landed is not read again, and no mail goes
    out twice.
    """
    from cli.demo.run import DemoPlan, run_demo
    from cli.demo.summary import print_summary

    console = _console(stderr=as_json)
    plan = DemoPlan(settings_of(ctx).home, customers=customers, seed=seed)
    summary = run_demo(plan, console=console)
    if as_json:
        print_json(summary)
    else:
        print_summary(plan.home, summary, console)
    # Fewer customers are too few for some verdicts: a difference is then told, but no failure.
    is_whole = customers >= CUSTOMERS
    if is_whole and not all(finding["agrees"] for finding in summary["findings"]):
        raise typer.Exit(PROBLEM_FOUND)


def up(ctx: typer.Context, customers: Customers = CUSTOMERS, seed: Seed = 20260705) -> None:
    """Open Airflow's UI on the demo's state, until Ctrl-C."""
    from cli.demo.run import DemoPlan, serve

    console = _console()
    try:
        serve(DemoPlan(settings_of(ctx).home, customers=customers, seed=seed), console=console)
    except KeyboardInterrupt:
        console.print("ended")


def _console(*, stderr: bool = False) -> Console:
    """The terminal; into a file or a pipe, wide enough for the tables."""
    console = Console(stderr=stderr, soft_wrap=True)
    if not console.is_terminal:
        console.width = 120
    return console
