"""`cxloop benchmark`: the half-yearly measurement."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Literal

import typer

from cli.console import AsJson, CommandError, one_of, print_rows, workplace
from cli.editions import print_edition

app = typer.Typer(name="benchmark", help="The half-yearly measurement.", no_args_is_help=True)
BenchmarkId = Annotated[
    str | None, typer.Argument(help="The declared benchmark; may be left out if there is one.")
]
Wave = Annotated[str | None, typer.Option(help="A half-year, for example 2026H1.")]


@app.command("list", epilog="Example: cxloop benchmark list --json")
def list_benchmarks(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every declared benchmark and its newest edition."""
    programme, _, ledger = workplace(ctx)
    newest = {
        edition.subject: edition
        for edition in sorted(ledger.editions("benchmark"), key=lambda edition: edition.period)
    }
    rows = []
    for name, benchmark in sorted(programme.benchmarks.items()):
        edition = newest.get(name)
        rows.append(
            {
                "benchmark": name,
                "owner": benchmark.owner,
                "headline": benchmark.headline,
                "metrics": len(benchmark.metrics),
                "first_wave": benchmark.first_wave,
                "edition": edition and edition.edition_id,
                "state": edition and edition.state,
            }
        )
    print_rows(rows, as_json=as_json, empty="the programme declares no benchmark")


@app.command("run", epilog="Example: cxloop benchmark run --wave 2026H1")
def run_benchmark(
    ctx: typer.Context, benchmark_id: BenchmarkId = None, wave: Wave = None, as_json: AsJson = False
) -> None:
    """Freeze what is due, or the given wave whatever has arrived; a frozen one stays as it is."""
    from analysis.editions import freeze_benchmark, freeze_benchmark_if_due

    place = workplace(ctx)
    declared = place.programme.benchmarks
    names = sorted(declared) if benchmark_id is None else [benchmark_id]
    for name in names:
        one_of("benchmark", name, declared)
    if wave is None:
        states = [freeze_benchmark_if_due(*place, name) for name in names]
        rows = [asdict(state) for state in states]
    else:
        editions = [freeze_benchmark(*place, name, wave) for name in names]
        rows = [{"edition_id": name, "state": "frozen", "detail": ""} for name in editions]
    print_rows(rows, as_json=as_json, empty="the programme declares no benchmark")


@app.command("show", epilog="Example: cxloop benchmark show customer_half_year --wave 2026H1")
def show_benchmark(
    ctx: typer.Context, benchmark_id: BenchmarkId = None, wave: Wave = None, as_json: AsJson = False
) -> None:
    """The newest frozen edition, or that of a wave."""
    place = workplace(ctx)
    name = _chosen(list(place.programme.benchmarks), benchmark_id)
    one_of("benchmark", name, place.programme.benchmarks)
    periods = {
        edition.period: edition.edition_id
        for edition in place.ledger.editions("benchmark")
        if edition.subject == name
    }
    if not periods:
        raise CommandError(f"no wave of `{name}` is frozen", "`cxloop benchmark run --wave 2026H1`")
    found = one_of("frozen wave", wave or max(periods), periods)
    print_edition(place, found, as_json=as_json)


@app.command("journey", epilog="Example: cxloop benchmark journey --wave 2026H1 --by department")
def show_journey(
    ctx: typer.Context,
    benchmark_id: BenchmarkId = None,
    wave: Wave = None,
    by: Annotated[
        Literal["journey_stage", "department", "touchpoint"], typer.Option(help="What a row is.")
    ] = "touchpoint",
    as_json: AsJson = False,
) -> None:
    """Every metric by stage of the journey, touchpoint and owning department, as built now."""
    from analysis.catalog import read_catalog, with_questions
    from analysis.journey import journey_levels
    from analysis.warehouse import Warehouse

    programme, settings, _ = workplace(ctx)
    name = _chosen(list(programme.benchmarks), benchmark_id)
    benchmark = one_of("benchmark", name, programme.benchmarks)
    rows = Warehouse.of(settings).journey_scorecard(name)
    waves = {row.wave: row for row in rows}
    if not waves:
        raise CommandError(f"nothing of `{name}` is measured", "`cxloop run`")
    chosen = wave or max(waves)
    one_of("measured wave", chosen, waves)
    catalog = with_questions(read_catalog(settings.dbt_state / "manifest.json"), programme.surveys)
    levels = journey_levels(rows, catalog.metrics, benchmark, wave=chosen, breakdown=by)
    found = [{**place.as_dict(by), "wave": chosen} for place in levels]
    print_rows(found, as_json=as_json, empty=f"nothing of {chosen} is measured")


def _chosen(known: list[str], asked: str | None) -> str:
    if asked is None and len(known) != 1:
        raise typer.BadParameter(f"name one of: {', '.join(sorted(known)) or 'none is declared'}")
    return asked or known[0]
