"""`cxloop experiment`: the tests, their locked plans and their readouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import (
    AsJson,
    CommandError,
    one_of,
    print_facts,
    print_json,
    print_rows,
    workplace,
)
from cli.editions import print_edition

if TYPE_CHECKING:
    from ledger import Workplace

app = typer.Typer(
    name="experiment", help="Tests, their locked plans and readouts.", no_args_is_help=True
)
ExperimentId = Annotated[str, typer.Argument(help="The declared experiment (its file's name).")]


@app.command("list", epilog="Example: cxloop experiment list")
def list_experiments(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Every declared experiment."""
    place = workplace(ctx)
    rows = [_facts(place, name) for name in sorted(place.programme.experiments)]
    print_rows(rows, as_json=as_json, empty="the programme declares no experiment")


@app.command("show", epilog="Example: cxloop experiment show callback_within_one_hour")
def show_experiment(
    ctx: typer.Context, experiment_id: ExperimentId, as_json: AsJson = False
) -> None:
    """One experiment: its plan, its registration, and how far it has moved from it."""
    from analysis.registration import deviations

    place = workplace(ctx)
    plan = one_of("experiment", experiment_id, place.programme.experiments)
    registration = place.ledger.registration(experiment_id)
    moved = deviations(registration, plan) if registration else []
    if as_json:
        facts = _facts(place, experiment_id)
        print_json({**facts, "plan": plan, "registration": registration, "deviations": moved})
        return
    facts = {
        **_facts(place, experiment_id),
        "title": plan.title.en,
        "hypothesis": plan.hypothesis.en,
        "variants": [f"{name} {arm.share:g}" for name, arm in plan.variants.items()],
        "success": [f"{item.metric} {item.alternative}" for item in plan.success],
        "guardrails": [f"{item.metric} margin {item.margin:g}" for item in plan.guardrails],
        "secondary": plan.secondary,
        "deviations": [f"{item['path']}: {item['registered']} → {item['now']}" for item in moved],
    }
    print_facts(facts, as_json=False)


@app.command("register", epilog="Example: cxloop experiment register")
def register(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Lock the plan of every running or concluded experiment that is not locked yet."""
    from analysis.registration import register_experiments

    programme, _, ledger = workplace(ctx)
    locked = {name for name in programme.experiments if ledger.registration(name)}
    now = register_experiments(programme, ledger, as_of=ledger.as_of())
    rows = [{"experiment": name} for name in now if name not in locked]
    print_rows(rows, as_json=as_json, empty="nothing to register: every plan is locked")


@app.command("readout", epilog="Example: cxloop experiment readout callback_within_one_hour")
def readout(ctx: typer.Context, experiment_id: ExperimentId, as_json: AsJson = False) -> None:
    """The frozen readout; it is frozen now where it is due."""
    from analysis.editions import freeze_experiment_if_due
    from analysis.registration import register_experiments

    place = workplace(ctx)
    one_of("experiment", experiment_id, place.programme.experiments)
    edition_id = _edition_id(experiment_id)
    if place.ledger.edition(edition_id) is None:
        register_experiments(place.programme, place.ledger, as_of=place.ledger.as_of())
        state = freeze_experiment_if_due(*place, experiment_id)
        if state.state == "waiting":
            what = f"there is no readout of `{experiment_id}` yet: {state.detail}"
            raise CommandError(what, "run `cxloop run` once that has come")
    print_edition(place, edition_id, as_json=as_json)


def _edition_id(experiment_id: str) -> str:
    return f"experiment/{experiment_id}/r1"


def _facts(place: Workplace, name: str) -> dict[str, Any]:
    from datetime import timedelta

    plan = place.programme.experiments[name]
    registration = place.ledger.registration(name)
    edition = place.ledger.edition(_edition_id(name))
    return {
        "experiment": name,
        "status": plan.status,
        "starts_on": plan.starts_on,
        "ends_on": plan.ends_on,
        "closes_on": plan.ends_on + timedelta(days=plan.window_days),
        "registered_on": registration and registration.registered_on,
        "edition": edition and edition.edition_id,
        "state": edition and edition.state,
    }
