"""`cxloop source`: what is collected, and how far."""

from __future__ import annotations

import typer

from cli.console import AsJson, print_rows, workplace

app = typer.Typer(name="source", help="What is collected, and how far.", no_args_is_help=True)


@app.command("list", epilog="Example: cxloop source list --json")
def list_sources(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every declared source with its newest load."""
    programme, _, ledger = workplace(ctx)
    newest = {load.source: load for load in ledger.loads()}
    rows = []
    for name, source in sorted(programme.sources.items()):
        load = newest.get(name)
        rows.append(
            {
                "source": name,
                "kind": source.system.kind,
                "owner": source.owner,
                "schedule": source.schedule,
                "entities": sorted(source.entities),
                "load_date": load and load.load_date,
                "received": load and load.received,
                "landed": load and load.landed,
                "quarantined": load and load.quarantined,
                "duplicate": load and load.duplicate,
            }
        )
    print_rows(rows, as_json=as_json, empty="the programme declares no source")
