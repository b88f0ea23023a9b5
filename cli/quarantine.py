"""`cxloop quarantine`: what was refused, by which rule."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.console import AsJson, one_of, print_json, print_rows, settings_of

app = typer.Typer(name="quarantine", help="Rows that were refused, and why.", no_args_is_help=True)
Source = Annotated[str | None, typer.Option(help="Only what came from this source.")]


@app.command("list", epilog="Example: cxloop quarantine list --source crm")
def list_refused(ctx: typer.Context, source: Source = None, as_json: AsJson = False) -> None:
    """How many rows each rule refused."""
    from dataclasses import asdict

    from connectors.quarantine import refused_groups

    groups = refused_groups(settings_of(ctx), source=source)
    print_rows([asdict(group) for group in groups], as_json=as_json, empty="nothing was refused")


@app.command("show", epilog="Example: cxloop quarantine show feedback --limit 5")
def show_refused(
    ctx: typer.Context,
    record: Annotated[str, typer.Argument(help="A canonical record, for example feedback.")],
    source: Source = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many rows.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Refused rows as they were received."""
    from connectors.quarantine import refused_rows
    from connectors.records import RECORDS

    one_of("record", record, RECORDS)
    rows = refused_rows(settings_of(ctx), record, source=source, limit=limit)
    if as_json:
        print_json(rows)
        return
    columns = ("source", "load_date", "entity", "rule", "reason", "column", "value", "payload")
    print_rows(rows, as_json=False, empty=f"no row of {record} was refused", columns=columns)
