"""`cxloop webhook`: takes in what vendors send by themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.console import note, settings_of

app = typer.Typer(
    name="webhook", help="Take in what vendors send by themselves.", no_args_is_help=True
)


@app.command("serve", epilog="Example: cxloop webhook serve --port 8600")
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen at.")] = 8600,
) -> None:
    """Receive signed deliveries at /webhooks/<source> until interrupted."""
    from connectors.webhooks import service
    from programme import load_programme

    settings = settings_of(ctx)
    programme = load_programme(settings.programme_dir)
    for source in sorted(service.webhook_sources(programme)):
        note(f"{source}: http://{host}:{port}/webhooks/{source}")
    service.serve(programme, settings, host=host, port=port, now=lambda: datetime.now(UTC))
