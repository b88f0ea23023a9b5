"""`cxloop source`: what is collected, and how far."""

from __future__ import annotations

import typer

from cli import source_landing, source_look, source_new, source_state
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


app.command(
    "new",
    epilog="Example: cxloop source new files reviews --file exports/reviews_2026-07.csv; or: "
    "cxloop source new sql crm --url sqlite:///crm.db --table orders; or: "
    "cxloop source new qualtrics voice --survey SV_0123456789abcde",
)(source_new.new)
app.command("check", epilog="Example: cxloop source check reviews")(source_look.check)
app.command("sample", epilog="Example: cxloop source sample reviews --entity answers --rows 5")(
    source_look.sample
)
app.command("pull", epilog="Example: cxloop source pull reviews --load-date 2026-07-05")(
    source_landing.pull
)
app.command("replay", epilog="Example: cxloop source replay reviews --dry-run")(
    source_landing.replay
)
app.command("state", epilog="Example: cxloop source state reviews --json")(source_state.state)
app.command(
    "withdraw",
    epilog="Example: cxloop source withdraw reviews answers 000012-0123456789ab "
    "--reason 'the export was cut off'",
)(source_landing.withdraw)
