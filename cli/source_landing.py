"""`cxloop source pull`, `replay` and `withdraw`: rows into the lake, and what changed there."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import AsJson, day, note, one_of, print_json, print_rows, workplace

if TYPE_CHECKING:
    from connectors.extraction import EntityExtract
    from connectors.replay import Replay, Standing

Name = Annotated[str, typer.Argument(help="A source of `cxloop source list`.")]


def pull(
    ctx: typer.Context,
    name: Name,
    load_date: Annotated[
        str | None, typer.Option(help="The day to collect for; today (UTC) if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Collect what is new and land it; repeating it changes nothing that stands."""
    from connectors.extraction import extract
    from connectors.landing import land
    from connectors.replay import standing_counts

    programme, settings, ledger = workplace(ctx)
    one_of("source", name, programme.sources)
    now = datetime.now(UTC)
    run_id = f"manual__{now.isoformat()}"
    progress = _Progress(as_json=as_json)
    read = extract(
        programme,
        settings,
        name,
        load_date=day(load_date) or now.date(),
        run_id=run_id,
        on_entity=progress,
    )
    summary = land(programme, settings, ledger, name, run_id=run_id)
    rows = _count_rows(standing_counts(settings, name), set(summary.rewritten))
    written = [part for part in summary.load_dates if part.rewritten]
    warnings = [(part.load_date, text) for part in written for text in part.warnings]
    if as_json:
        facts = {"source": name, "load_date": read.load_date, "entities": read.entities}
        print_json({**facts, "landed": rows, "warnings": warnings})
        return
    print_rows(rows, as_json=False, empty="nothing new: what stands in the lake is as it was")
    for load_date_of, text in warnings:
        note(f"warning: {load_date_of}: {text}")
    if summary.counts.quarantined:
        note(f"see what was refused: cxloop quarantine list --source {name}")


def replay(
    ctx: typer.Context,
    name: Name,
    load_date: Annotated[
        str | None,
        typer.Option(help="Tell of this load date only; a dry run also lands no other."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Try it beside the lake, and change nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Land again from what was received, as after a mended mapping, and tell what changed.

    Load dates whose mapping and landing are those they were made from stay as they are. A dry run
    needs as much free space as `raw` of the source takes.
    """
    from connectors.replay import rehearse_replay
    from connectors.replay import replay as land_again

    programme, settings, ledger = workplace(ctx)
    one_of("source", name, programme.sources)
    only = day(load_date)
    if dry_run:
        result = rehearse_replay(programme, settings, name, load_date=only)
    else:
        run_id = f"replay__{datetime.now(UTC).isoformat()}"
        result = land_again(programme, settings, ledger, name, run_id=run_id)
    if as_json:
        print_json(account(result, only))
    else:
        tell_account(result, only)
    if result.failure is not None:
        raise result.failure


def withdraw(
    ctx: typer.Context,
    name: Name,
    entity: Annotated[str, typer.Argument(help="An entity of the source.")],
    batch: Annotated[str, typer.Argument(help="A batch, as `cxloop source state` names it.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept beside the batch.")],
    as_json: AsJson = False,
) -> None:
    """Take a batch out of landing, as after a fault at the source that holds it.

    Its data stay beside the others; the next pull reads from before it.
    """
    from connectors.extraction import withdraw as take_back

    programme, settings, _ = workplace(ctx)
    one_of("entity", entity, one_of("source", name, programme.sources).entities)
    take_back(settings, name, entity, batch, reason=reason)
    if as_json:
        print_json({"source": name, "entity": entity, "withdrawn": batch, "reason": reason})
        return
    typer.echo(f"withdrew {name}.{entity} {batch}")
    typer.echo(f"next: cxloop source pull {name}")


def account(result: Replay, only: date | None = None) -> dict[str, Any]:
    """The replay as data: counts before and after, and what became of quarantine."""
    return {
        "source": result.source,
        "is_rehearsal": result.is_rehearsal,
        "changes": [
            {
                "load_date": change.load_date,
                "entity": change.entity,
                "record": change.record,
                "before": change.before and asdict(change.before),
                "after": change.after and asdict(change.after),
            }
            for change in result.changes
            if change.is_one and only in (None, change.load_date)
        ],
        "left_quarantine": result.left,
        "entered_quarantine": result.entered,
        "remaining": [
            dict(zip(("record", "entity", "rule", "reason", "rows"), (*group, rows), strict=True))
            for group, rows in result.remaining.items()
        ],
        "failure": None if result.failure is None else str(result.failure),
    }


def tell_account(result: Replay, only: date | None = None) -> None:
    """The replay for people: one line per count that differs, then quarantine."""
    from connectors.partition import Counts

    names = list(asdict(Counts()))
    rows = []
    for change in result.changes:
        if change.is_one and only in (None, change.load_date):
            before = asdict(change.before) if change.before else {}
            after = asdict(change.after) if change.after else {}
            place = {"load_date": change.load_date, "entity": change.entity}
            counts = {name: _arrow(before.get(name), after.get(name)) for name in names}
            rows.append({**place, "record": change.record, **counts})
    same = "would change" if result.is_rehearsal else "changed"
    print_rows(rows, as_json=False, empty=f"no count {same}")
    verb = "would leave" if result.is_rehearsal else "left"
    entered = f", {result.entered} entered it" if result.entered else ""
    remaining = sum(result.remaining.values())
    typer.echo(f"{result.left} rows {verb} quarantine{entered}, {remaining} remain")
    for (record, entity, rule, reason), number in result.remaining.items():
        typer.echo(f"  {number} rows of {entity} as {record}: {rule}, {reason}")


def _arrow(before: int | None, after: int | None) -> str:
    if before == after:
        return str(after)
    return f"{'-' if before is None else before} → {'-' if after is None else after}"


def _count_rows(standing: Standing, load_dates: set[date]) -> list[dict[str, Any]]:
    return [
        {"load_date": load_date, "entity": entity, "record": record, **asdict(counts)}
        for (load_date, entity, record), counts in sorted(standing.items())
        if load_date in load_dates
    ]


class _Progress:
    """Tells of each entity as soon as it was read."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.began = time.monotonic()

    def __call__(self, read: EntityExtract) -> None:
        seconds = time.monotonic() - self.began
        self.began = time.monotonic()
        amount = f"{read.size / 1e6:.1f} MB" if read.size else f"{read.rows} rows"
        facts = [f"{amount} in {len(read.batches)} batches"]
        facts += [f"{read.already_landed} already landed"] if read.already_landed else []
        facts += [f"{file} repeats {same}" for file, same in read.repeated_files]
        facts += [f"new columns {', '.join(read.new_columns)}"] if read.new_columns else []
        line = f"{read.entity:<24} {', '.join(facts)}, {seconds:.1f} s"
        typer.echo(line, err=self.as_json)
