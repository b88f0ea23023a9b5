"""`cxloop quarantine`: what was refused, by which rule, and how it gets out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import (
    AsJson,
    CommandError,
    note,
    one_of,
    print_json,
    print_rows,
    settings_of,
    workplace,
)
from cli.source_landing import account, tell_account

if TYPE_CHECKING:
    from connectors.replay import Replay
    from ledger import Workplace

app = typer.Typer(name="quarantine", help="Rows that were refused, and why.", no_args_is_help=True)
Source = Annotated[str | None, typer.Option(help="Only what came from this source.")]


@app.command("list", epilog="Example: cxloop quarantine list --source crm")
def list_refused(ctx: typer.Context, source: Source = None, as_json: AsJson = False) -> None:
    """How many rows each rule refused."""
    from connectors.quarantine import refused_groups

    groups = refused_groups(settings_of(ctx), source=source)
    print_rows([asdict(group) for group in groups], as_json=as_json, empty="nothing was refused")


@app.command("show", epilog="Example: cxloop quarantine show feedback --rule recode --limit 5")
def show_refused(
    ctx: typer.Context,
    record: Annotated[str, typer.Argument(help="A canonical record, for example feedback.")],
    source: Source = None,
    rule: Annotated[str | None, typer.Option(help="Only what this rule refused.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many rows.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Refused rows as they were received; `row` is the id that `release --row` takes."""
    from connectors.quarantine import refused_rows
    from connectors.records import RECORDS

    one_of("record", record, RECORDS)
    found = refused_rows(settings_of(ctx), source=source, record=record)
    chosen = (row for row in found if rule in (None, row.rule))
    rows = [asdict(row) for row in islice(chosen, limit)]
    if as_json:
        print_json(rows)
        return
    columns = ("row", "source", "load_date", "entity", "rule", "reason", "column", "value")
    empty = f"no row of {record} was refused" + (f" by {rule}" if rule else "")
    print_rows(rows, as_json=False, empty=empty, columns=(*columns, "payload"))


@app.command(
    "release",
    epilog="Example: cxloop quarantine release --source crm; or: "
    "cxloop quarantine release --row 0123456789abcdef --reason 'confirmed by the shop'",
)
def release(
    ctx: typer.Context,
    source: Source = None,
    row: Annotated[
        str | None, typer.Option(help="Let this one row through although a check refuses it.")
    ] = None,
    reason: Annotated[str | None, typer.Option(help="Why that row is right; kept with it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Land again after a mapping was mended, and account for what was in quarantine.

    `raw` is made from what was received and the mapping, so nothing is released by hand: mend the
    mapping (a recode, `missing`, `formats`) or the check, then release. What still breaks a rule
    stays, and is told.

    One row that a check of your own refuses wrongly is let through with --row and --reason. This is
    kept in the lake and holds whenever the source is landed again. Rows that break a key, a type or
    a declared scale cannot be let through: they would be wrong numbers.
    """
    place = workplace(ctx)
    if row is not None:
        source = _let_through(place, row, reason)
    elif reason is not None:
        raise CommandError("--reason is about one row", "add --row, or leave it out")
    results = [_replayed(place, name) for name in _sources(place, source)]
    if as_json:
        print_json([account(result) for result in results])
    elif not results:
        note("nothing was refused")
    for result in results:
        if not as_json:
            typer.secho(result.source, bold=True)
            tell_account(result)
    for result in results:
        if result.failure is not None:
            raise result.failure


def _let_through(place: Workplace, row: str, reason: str | None) -> str:
    from connectors.release import release_row

    if not reason or not reason.strip():
        mend = "add --reason: whoever looks at the number later will ask for it"
        raise CommandError("a row is not let through without a reason", mend)
    programme, settings, _ = place
    today = datetime.now(UTC).date()
    return release_row(programme, settings, row, reason=reason.strip(), on=today).source


def _sources(place: Workplace, source: str | None) -> list[str]:
    from connectors.quarantine import refused_groups

    if source is not None:
        one_of("source", source, place.programme.sources)
        return [source]
    refused = {group.source for group in refused_groups(place.settings)}
    return sorted(refused & set(place.programme.sources))


def _replayed(place: Workplace, source: str) -> Replay:
    from connectors.replay import replay

    programme, settings, ledger = place
    run_id = f"release__{datetime.now(UTC).isoformat()}"
    return replay(programme, settings, ledger, source, run_id=run_id)
