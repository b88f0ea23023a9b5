"""`cxloop contracts`: what collected data had to hold, and whether it did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import AsJson, note, one_of, print_rows, workplace

if TYPE_CHECKING:
    from ledger import Workplace

app = typer.Typer(
    name="contracts", help="What collected data must hold, and does.", no_args_is_help=True
)
_VERDICTS = {"hold": "held", "warn": "warning", "quarantine": "set aside"}


@app.command("show", epilog="Example: cxloop contracts show --source crm")
def show(
    ctx: typer.Context,
    source: Annotated[str | None, typer.Option(help="Only checks of this source.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what holds, and earlier load dates.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Checks that fail on each source's newest load date, and on every one that is held."""
    from connectors.contract_results import check_results, failing

    programme, settings, _ = workplace(ctx)
    if source is not None:
        one_of("source", source, programme.sources)
    results = check_results(settings.lake, source=source)
    found = results if everything else failing(results)
    if as_json:
        print_rows(found, as_json=True, empty="")
        return
    if not found:
        held = sum(part["is_current"] for part in results)
        note(f"all {held} checks on the newest loads hold" if held else "no check was made")
    for result in found:
        _print(result)


@app.command("page", epilog="Example: cxloop contracts page")
def page(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Write the page of all results, in Japanese and in English."""
    files = write_pages(workplace(ctx))
    print_rows([{"page": file} for file in files], as_json=as_json, empty="")


def write_pages(place: Workplace) -> list[Path]:
    """The pages of what stands in the lake now."""
    from connectors.contract_results import batch_series, check_results
    from reports.contract_page import write_contract_pages

    programme, settings, _ = place
    results, series = check_results(settings.lake), batch_series(settings.lake)
    company = programme.company.name
    return write_contract_pages(results, series, settings.reports, company=company)


def _print(result: Mapping[str, Any]) -> None:
    """One check: its verdict, its place, what was found, and what to do."""
    verdict = "holds" if result["passed"] else _VERDICTS[result["severity"]]
    place = " ".join(filter(None, (result["record"], result.get("group", ""))))
    check = f"{result['expectation']}({', '.join(result['columns'])})"
    rows = f"{result['failed']} of {result['evaluated']} rows fail" if result["failed"] else ""
    found = result["error"] or result["observed"] or rows
    where = f"{result['source']}.{result['entity']} {result['load_date']} {place}".rstrip()
    colour = {"hold": "red", "warn": "yellow"}.get(result["severity"])
    typer.secho(verdict, fg=None if result["passed"] else colour, bold=True, nl=False)
    typer.echo(f"  {where}: {check}" + (f": {found}" if found else ""))
    if not result["passed"]:
        for name in ("reason", "mend"):
            if result[name]:
                typer.echo(f"  {name}: {result[name]}")
