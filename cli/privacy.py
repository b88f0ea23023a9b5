"""`cxloop privacy`: persons are erased with proof, and what is old is let go."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from cli.console import (
    PROBLEM_FOUND,
    AsJson,
    CommandError,
    day,
    note,
    one_of,
    print_json,
    print_rows,
    workplace,
)

if TYPE_CHECKING:
    from connectors.certificates import Place
    from connectors.erasure import PersonErasure
    from ledger import Workplace

app = typer.Typer(name="privacy", help="Persons erased, and data let go.", no_args_is_help=True)
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without it, only what would be done.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only tell; this is the default.")]


@dataclass
class _Warehouse:
    """The warehouse: dropped and built anew, so that no page of it holds what was there."""

    place: Workplace
    name: str = "warehouse"

    def rows(self, ids: Sequence[str]) -> dict[str, int]:
        from analysis.warehouse import Warehouse

        return Warehouse.of(self.place.settings).rows_with(ids)

    def erase(self) -> None:
        from analysis.dbt_build import build_if_changed
        from analysis.engines import engine_of
        from connectors.landing import declare, lake_fingerprint
        from connectors.postgres_copy import copy_lake

        programme, settings, ledger = self.place
        engine_of(settings).drop()
        declare(programme, settings, as_of=ledger.as_of())
        copy_lake(settings)
        build_if_changed(settings, ledger, lake=lake_fingerprint(settings))


@app.command("erase", epilog="Example: cxloop privacy erase --customer C-1017 --reason REQ-7 --yes")
def erase(
    ctx: typer.Context,
    customer: Annotated[
        list[str], typer.Option(help="An id of the person; repeat it for further ids.")
    ],
    reason: Annotated[str, typer.Option(help="Kept in the ledger; must not name the person.")] = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove a person from landing, raw, quarantine, deliveries and the warehouse, with proof."""
    from connectors.erasure import PersonErasure, Request

    if yes and dry_run:
        raise CommandError("--yes and --dry-run exclude each other", "give one of them")
    place = workplace(ctx)
    request = Request(tuple(dict.fromkeys(customer)), reason)
    erasure = PersonErasure(*place, request, environment=os.environ, others=[_Warehouse(place)])
    found = erasure.survey()
    if not yes:
        _preview(found, as_json=as_json)
        return
    if not reason:
        raise CommandError("an erasure needs a reason", "give --reason, such as a request's number")
    _carry_out(erasure, found, as_json=as_json)


def _preview(found: Sequence[Place], *, as_json: bool) -> None:
    rows = [asdict(place) for place in found]
    print_rows(rows, as_json=as_json, empty="nothing of this person was found")
    if rows:
        note("nothing was changed; repeat it with --yes")


def _carry_out(erasure: PersonErasure, found: Sequence[Place], *, as_json: bool) -> None:
    now = datetime.now(UTC)
    certificate = erasure.carry_out(found, now=now, run_id=f"erasure__{now.isoformat()}")
    if as_json:
        print_json(certificate.content())
    else:
        typer.echo("\n".join(certificate.lines()))
    if not certificate.is_complete:
        raise typer.Exit(PROBLEM_FOUND)


@app.command("erasures", epilog="Example: cxloop privacy erasures --json")
def erasures(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every erasure; one without `completed_at` was cut off: repeat its command."""
    rows = [
        {
            "erasure": one.erasure_id,
            "requested_at": one.requested_at,
            "completed_at": one.completed_at,
            "reason": one.reason,
        }
        for one in workplace(ctx).ledger.erasures()
    ]
    print_rows(rows, as_json=as_json, empty="nobody was erased")


@app.command("certificate", epilog="Example: cxloop privacy certificate 5f0c…")
def certificate(
    ctx: typer.Context, erasure: Annotated[str, typer.Argument(help="As `erasures` names it.")]
) -> None:
    """The proof of one erasure, as JSON."""
    known = {one.erasure_id: one for one in workplace(ctx).ledger.erasures()}
    found = one_of("erasure", erasure, known)
    if found.certificate is None:
        raise CommandError(f"erasure {erasure} was cut off", "repeat its command; see `erasures`")
    print_json(json.loads(found.certificate))


@app.command("sweep", epilog="Example: cxloop privacy sweep --since 2026-07-01")
def sweep(
    ctx: typer.Context,
    since: Annotated[str | None, typer.Option(help="Only load dates from this day on.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take erased persons out of landing where a source has sent them again."""
    from connectors.landing import land
    from connectors.returning import sweep

    programme, settings, ledger = workplace(ctx)
    run_id = f"sweep__{datetime.now(UTC).isoformat()}"
    done = []
    for source in sorted(programme.sources):
        found = sweep(programme, settings, ledger, source, environment=os.environ, since=day(since))
        if found.batches:
            land(programme, settings, ledger, source, run_id=run_id)
        done.append(asdict(found))
    print_rows(done, as_json=as_json, empty="the programme declares no source")


@app.command("retain", epilog="Example: cxloop privacy retain --as-of 2026-07-05 --yes")
def retain(
    ctx: typer.Context,
    as_of: Annotated[str, typer.Option(help="The day on which ages are counted.")],
    source: Annotated[
        list[str] | None, typer.Option(help="Only this source; may be repeated.")
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let go of what is older than its declared period; counts and totals stay."""
    from connectors.retention import retain

    if yes and dry_run:
        raise CommandError("--yes and --dry-run exclude each other", "give one of them")
    programme, settings, _ = workplace(ctx)
    today = day(as_of)
    assert today is not None  # noqa: S101 - the option has a value
    for name in source or ():
        one_of("source", name, programme.sources)
    found = [
        letting
        for name in source or sorted(programme.sources)
        for letting in retain(programme, settings, name, as_of=today, dry_run=not yes)
    ]
    rows = [asdict(letting) for letting in found]
    print_rows(rows, as_json=as_json, empty="nothing is older than its period")
    if rows and not yes:
        note("nothing was changed; repeat it with --yes")
