"""`cxloop health`: how customers and accounts do."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import AsJson, CommandError, one_of, print_json, print_rows, settings_of

if TYPE_CHECKING:
    from analysis.health import LevelRow
    from programme.health import Health

app = typer.Typer(name="health", help="How customers and accounts do.", no_args_is_help=True)
HealthId = Annotated[str, typer.Argument(help="A health score of `cxloop health list`.")]
_UNKNOWN = "unknown"


@app.command("list", epilog="Example: cxloop health list --json")
def list_health(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every declared health score, and how many units stand at each of its levels."""
    from analysis.health import health_levels
    from analysis.warehouse import Warehouse
    from programme import load_programme

    settings = settings_of(ctx)
    declared = load_programme(settings.programme_dir).health
    rows = []
    for name, health in sorted(declared.items()):
        levels = _by_level(health_levels(Warehouse.of(settings), name), health)
        rows.append({"health": name, "unit": health.unit, "owner": health.owner, **levels})
    print_rows(rows, as_json=as_json, empty="the programme declares no health score")


@app.command("show", epilog="Example: cxloop health show customer_health --unit C000123")
def show_health(
    ctx: typer.Context,
    name: HealthId,
    unit: Annotated[
        str | None, typer.Option(help="One customer or account, with the parts of its score.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """From which level to which the units went; or one unit's score and what it is made of."""
    from analysis.health import health_levels
    from analysis.warehouse import Warehouse
    from programme import load_programme

    settings = settings_of(ctx)
    health = one_of("health score", name, load_programme(settings.programme_dir).health)
    warehouse = Warehouse.of(settings)
    if unit is not None:
        _show_unit(warehouse, name, unit, as_json=as_json)
        return
    order = [*_levels(health), _UNKNOWN]
    rows = health_levels(warehouse, name)
    rows.sort(key=lambda row: (order.index(row.level), order.index(row.previous_level)))
    columns = ("previous_level", "level", "n_units", "mean_score", "mean_movement")
    shown = [asdict(row) for row in rows]
    print_rows(shown, as_json=as_json, empty="no unit has been scored yet", columns=columns)


def _show_unit(warehouse: Any, name: str, unit: str, *, as_json: bool) -> None:
    from analysis.health import health_of

    score, parts = health_of(warehouse, name, unit)
    if score is None:
        what = f"`{unit}` is no unit of `{name}`, or not known as of the last build"
        raise CommandError(what, "see that it is a customer or account of today, spelt as there")
    if as_json:
        print_json({"score": score, "components": parts})
        return
    print_rows([asdict(score)], as_json=False, empty="")
    rows = [{k: v for k, v in asdict(part).items() if k != "health_id"} for part in parts]
    print_rows(rows, as_json=False, empty="")


def _levels(health: Health) -> list[str]:
    """Level names, the best first."""
    return sorted(health.levels, key=lambda level: -health.levels[level].score_from)


def _by_level(rows: list[LevelRow], health: Health) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.level] += row.n_units
    return {level: counts[level] for level in [*_levels(health), _UNKNOWN]}
