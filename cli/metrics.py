"""`cxloop metrics`: what is measured, and what it means."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.catalog import current_catalog
from cli.console import AsJson, one_of, print_facts, print_rows, settings_of

if TYPE_CHECKING:
    from analysis.catalog import Catalog, Metric
    from programme import Programme, Settings

app = typer.Typer(name="metrics", help="What is measured, and what it means.", no_args_is_help=True)
InLanguage = Annotated[
    Literal["en", "ja"] | None,
    typer.Option("--language", help="Labels and descriptions in this language only."),
]


@app.command("list", epilog="Example: cxloop metrics list --language ja")
def list_metrics(
    ctx: typer.Context,
    language: InLanguage = None,
    questions: Annotated[
        bool, typer.Option("--questions", help="Also every declared question of the programme.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Every metric that the dbt project defines."""
    settings = settings_of(ctx)
    catalog = current_catalog(settings)
    if questions:
        catalog = _with_questions(catalog, _programme(settings))
    labels = (f"label_{language}",) if language else ("label_en", "label_ja")
    print_rows(
        [_facts(metric, language) for metric in catalog.metrics.values()],
        as_json=as_json,
        empty="the dbt project defines no metric",
        columns=("metric", *labels, "kind", "unit", "direction", "owner", "fact"),
    )


@app.command("show", epilog="Example: cxloop metrics show csat_top_two_rate --language ja")
def show_metric(
    ctx: typer.Context, name: str, language: InLanguage = None, as_json: AsJson = False
) -> None:
    """One metric's definition; a declared question is named question__<survey>__<question>."""
    settings = settings_of(ctx)
    catalog = current_catalog(settings)
    if name.startswith("question__"):
        catalog = _with_questions(catalog, _programme(settings))
    found = _facts(one_of("metric", name, catalog.metrics), language)
    definition = catalog.definitions.get(name)
    if language is not None and definition is not None:
        found |= asdict(definition)
    print_facts(found, as_json=as_json)


@app.command("page", epilog="Example: cxloop metrics page")
def page(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Write the catalogue of metrics as a page, in Japanese and in English."""
    from reports.catalogue_page import write_catalogue_pages

    settings = settings_of(ctx)
    programme = _programme(settings)
    catalog = _with_questions(current_catalog(settings), programme)
    files = write_catalogue_pages(catalog, programme, settings.reports)
    print_rows([{"page": file} for file in files], as_json=as_json, empty="")


@app.command("docs", epilog="Example: cxloop metrics docs")
def docs(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Write dbt's own documentation of every table, with its lineage, as one page."""
    from analysis.dbt_build import write_docs

    print_rows([{"page": write_docs(settings_of(ctx))}], as_json=as_json, empty="")


def _facts(metric: Metric, language: str | None) -> dict[str, Any]:
    """A metric's facts; of one language the texts of the other are left out."""
    left_out = {"en": "_ja", "ja": "_en"}.get(language or "", "none")
    return {key: value for key, value in asdict(metric).items() if not key.endswith(left_out)}


def _programme(settings: Settings) -> Programme:
    from programme import load_programme

    return load_programme(settings.programme_dir)


def _with_questions(catalog: Catalog, programme: Programme) -> Catalog:
    from analysis.catalog import with_questions

    return with_questions(catalog, programme.surveys)
