"""`cxloop check`: every declaration and every name it uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.catalog import current_catalog
from cli.console import PROBLEM_FOUND, AsJson, is_named, note, print_json, settings_of

if TYPE_CHECKING:
    from analysis.catalog import Catalog
    from programme import Problem, Settings


def check(
    ctx: typer.Context,
    dbt: Annotated[
        bool, typer.Option(help="Ask the dbt project which metrics and segments exist.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Find what is wrong in the programme: file, line, fact and mend (exit code 1)."""
    from programme import DeclarationError

    settings = settings_of(ctx)
    skipped: list[str] = []
    try:
        problems = _problems(settings, skipped, dbt=dbt)
    except DeclarationError as error:
        problems = list(error.problems)
    if as_json:
        print_json(
            {"programme": settings.programme_dir, "problems": problems, "not_checked": skipped}
        )
    else:
        for problem in problems:
            typer.echo(str(problem))
        for text in skipped:
            note(f"not checked: {text}")
        count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}"
        note(f"{settings.programme_dir}: {count if problems else 'holds together'}")
    if problems:
        raise typer.Exit(PROBLEM_FOUND)


def _problems(settings: Settings, skipped: list[str], *, dbt: bool) -> list[Problem]:
    from connectors.records import RECORDS
    from programme import check, load_programme

    programme = load_programme(settings.programme_dir)
    catalog = _catalog(settings, skipped) if dbt else None
    if not dbt:
        skipped.append("names of metrics and segments (--no-dbt)")
    return check(
        programme,
        metrics=catalog.metrics.keys() if catalog else None,
        segments=catalog.segments.keys() if catalog else None,
        records={name: {field.name for field in record.fields} for name, record in RECORDS.items()},
        record_keys={name: record.key for name, record in RECORDS.items()},
    )


def _catalog(settings: Settings, skipped: list[str]) -> Catalog | None:
    try:
        return current_catalog(settings)
    except Exception as error:
        if not is_named(error):
            raise
        skipped.append(f"names of metrics and segments, because {error}")
        return None
