"""The `cxloop` command: its global options and its commands."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from cli import (
    benchmarks,
    checking,
    contracts,
    doctor,
    editions,
    experiments,
    health,
    metrics,
    outbox,
    privacy,
    quarantine,
    records,
    running,
    sources,
    warehouse,
    webhook,
)
from cli.console import GuardedGroup
from cli.demo import commands as demo_commands

app = typer.Typer(
    name="cxloop",
    cls=GuardedGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Example: cxloop --programme programme/demo check",
)
app.command("check", epilog="Example: cxloop --programme /path/to/acme check --json")(
    checking.check
)
app.command("doctor", epilog="Example: cxloop doctor")(doctor.doctor)
app.command("demo", epilog="Example: cxloop demo --customers 3000")(demo_commands.demo)
app.command("up", epilog="Example: cxloop up")(demo_commands.up)
app.command("records", epilog="Example: cxloop records feedback")(records.records)
app.command("run", epilog="Example: cxloop run --as-of 2026-07-05 --send")(running.run)
for _group in (
    sources.app,
    webhook.app,
    experiments.app,
    benchmarks.app,
    health.app,
    editions.app,
    outbox.app,
    quarantine.app,
    contracts.app,
    privacy.app,
    metrics.app,
    warehouse.app,
):
    app.add_typer(_group)


@app.callback()
def options(
    ctx: typer.Context,
    programme: Annotated[
        Path | None,
        typer.Option(help="Directory of the programme's YAML.", show_default="CXLOOP_PROGRAMME"),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            help="Where everything generated lies: lake, warehouse, ledger, reports.",
            show_default="CXLOOP_HOME",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more, on stderr.")] = False,
) -> None:
    """Run a customer-experience programme by hand: what the DAGs do by schedule."""
    from programme.settings import Settings

    chosen = {"CXLOOP_PROGRAMME": programme, "CXLOOP_HOME": home}
    given = {name: str(path.resolve()) for name, path in chosen.items() if path is not None}
    # Subprocesses and the DAGs read the environment.
    os.environ.update(given)
    ctx.obj = Settings.from_environment()
    handler = logging.StreamHandler()
    # On the handler: packages set levels of their own loggers.
    handler.setLevel(logging.INFO if verbose else logging.WARNING)
    form = "%(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[handler], force=True)
