"""`cxloop source state`: how far a source is, and what is in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import AsJson, note, one_of, print_facts, print_json, print_rows, settings_of

if TYPE_CHECKING:
    from connectors.state import SourceState

Name = Annotated[str, typer.Argument(help="A source of `cxloop source list`.")]


def state(ctx: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Cursors, batches, last load, held load dates and why, quarantine, warnings, size on disk."""
    from connectors.state import source_state
    from programme import load_programme

    settings = settings_of(ctx)
    programme = load_programme(settings.programme_dir)
    one_of("source", name, programme.sources)
    found = source_state(programme, settings, name)
    if as_json:
        print_json(found)
        return
    print_facts(_facts(found), as_json=False)
    typer.echo()
    columns = ("entity", "batches", "newest", "load_date", "rows", "size", "files", "cursor")
    rows: list[dict[str, Any]] = [vars(entity) for entity in found.entities]
    print_rows(rows, as_json=False, empty="", columns=columns)
    for held in found.held:
        place = ": ".join(part for part in (held.entity, held.where) if part)
        typer.secho(f"\nheld {held.load_date}: {place}: {held.what}", fg="red")
        typer.echo(f"mend: {held.mend}")
    if found.warnings:
        typer.echo(f"\nwarnings of {found.warnings[0][0]}:")
    for _, text in found.warnings:
        typer.echo(f"  {text}")
    _next(found)


def _facts(found: SourceState) -> dict[str, Any]:
    counts = found.counts
    span = (found.load_dates[0], found.load_dates[-1]) if found.load_dates else None
    return {
        "source": found.source,
        "load dates": f"{len(found.load_dates)}, {span[0]} to {span[1]}" if span else "none yet",
        "last visit": found.last_visit,
        "watermark": found.watermark,
        "landed": f"{counts.landed} of {counts.received} received, {counts.duplicate} duplicate, "
        f"{counts.not_applicable} not applicable",
        "quarantine": [f"{number} {rule}" for rule, number in found.refused.items()],
        "released": found.released,
        "lake": "up to date" if found.is_current else "behind landing or mapping",
        "on disk": [f"{layer} {size / 1e6:.1f} MB" for layer, size in found.bytes_on_disk.items()],
    }


def _next(found: SourceState) -> None:
    if not any(entity.batches for entity in found.entities):
        note(f"nothing was pulled yet: cxloop source pull {found.source}")
    elif not found.is_current:
        note(f"bring the lake up to date: cxloop source replay {found.source}")
    if found.refused:
        note(f"see what was refused: cxloop quarantine list --source {found.source}")
