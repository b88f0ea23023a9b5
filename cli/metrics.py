"""`cxloop metrics`: what is measured, and what it means."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cli.catalog import current_catalog
from cli.console import AsJson, one_of, print_facts, print_rows, settings_of

app = typer.Typer(name="metrics", help="What is measured, and what it means.", no_args_is_help=True)


@app.command("list", epilog="Example: cxloop metrics list --json")
def list_metrics(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every metric that the dbt project defines."""
    catalog = current_catalog(settings_of(ctx))
    print_rows(
        [asdict(metric) for metric in catalog.metrics.values()],
        as_json=as_json,
        empty="the dbt project defines no metric",
        columns=("metric", "kind", "unit", "direction", "fact", "label_en", "label_ja"),
    )


@app.command("show", epilog="Example: cxloop metrics show csat_top_two_rate")
def show_metric(ctx: typer.Context, name: str, as_json: AsJson = False) -> None:
    """One metric's definition."""
    catalog = current_catalog(settings_of(ctx))
    print_facts(asdict(one_of("metric", name, catalog.metrics)), as_json=as_json)
