"""`cxloop run`: the whole chain by hand, in the order in which the DAGs hand over."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import PROBLEM_FOUND, AsJson, day, is_named, one_of, print_json, tell_error
from cli.console import workplace as open_place

if TYPE_CHECKING:
    from ledger import Workplace


class Stage(StrEnum):
    """What a run consists of, in order."""

    COLLECT = "collect"
    BUILD = "build"
    FREEZE = "freeze"
    RENDER = "render"


@dataclass
class Run:
    """One run: what it works on, what it did so far, and whether something failed."""

    place: Workplace
    as_of: date | None
    as_json: bool
    done: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[dict[str, Any]]:
        """Time a step and tell how it went; facts put into the dict are told and kept."""
        began = time.monotonic()
        facts: dict[str, Any] = {}
        typer.secho(f"{name:<24} …", err=self.as_json, dim=True)
        yield facts
        facts["seconds"] = round(time.monotonic() - began, 1)
        self.done[name] = facts
        told = ", ".join(f"{key} {_told(value)}" for key, value in facts.items())
        typer.echo(f"{name:<24} {told}", err=self.as_json)


def run(
    ctx: typer.Context,
    source: Annotated[
        list[str] | None, typer.Option(help="Collect only this source; may be repeated.")
    ] = None,
    only: Annotated[
        list[Stage] | None, typer.Option(help="Only this stage; may be repeated.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(help="The day to collect for and to build up to; today (UTC) if left out."),
    ] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Mail what was rendered to its recipients.")
    ] = False,
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Rebuild every model from nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Collect, build, freeze and render; repeating it changes nothing that stands."""
    stages = only or list(Stage)
    place = open_place(ctx)
    for name in source or ():
        one_of("source", name, place.programme.sources)
    work = Run(place, day(as_of), as_json)
    if Stage.COLLECT in stages:
        _collect(work, source or sorted(place.programme.sources))
    if Stage.BUILD in stages:
        _build(work, full_refresh=full_refresh)
    if Stage.FREEZE in stages:
        _freeze(work)
    if Stage.RENDER in stages:
        _render(work)
    if send:
        _send(work)
    if as_json:
        print_json({"steps": work.done, "failures": work.failures})
    if work.failures:
        raise typer.Exit(PROBLEM_FOUND)


def _collect(work: Run, sources: list[str]) -> None:
    """Every source; one that fails does not stop the others, nor what can be said without it."""
    from connectors.extraction import extract
    from connectors.landing import land

    now = datetime.now(UTC)
    load_date, run_id = work.as_of or now.date(), f"manual__{now.isoformat()}"
    programme, settings, ledger = work.place
    for name in sources:
        try:
            with work.step(f"collect {name}") as facts:
                read = extract(programme, settings, name, load_date=load_date, run_id=run_id)
                landed = land(programme, settings, ledger, name, run_id=run_id)
                facts["read"] = read.rows
                facts["landed"] = landed.counts.landed
                facts["quarantined"] = landed.counts.quarantined
        except Exception as error:
            if not is_named(error):
                raise
            tell_error(error)
            work.failures.append(str(error))


def _build(work: Run, *, full_refresh: bool) -> None:
    from analysis.dbt_build import build
    from connectors.landing import declare, lake_fingerprint
    from ledger import Build

    programme, settings, ledger = work.place
    as_of = work.as_of or ledger.as_of()
    with work.step("build warehouse") as facts:
        declare(programme, settings, as_of=as_of)
        lake = lake_fingerprint(settings)
        result = build(settings, as_of=as_of, full_refresh=full_refresh)
        ledger.record_build(Build(lake, as_of, result.nodes, result.failed))
        facts["as of"] = as_of
        facts["nodes"] = result.nodes
        if result.warned:
            facts["warned"] = list(result.warned)


def _freeze(work: Run) -> None:
    from analysis.editions import freeze_due_benchmarks, freeze_due_experiments
    from analysis.registration import register_experiments

    programme, _, ledger = work.place
    with work.step("freeze experiments") as facts:
        as_of = work.as_of or ledger.as_of()
        facts["registered"] = register_experiments(programme, ledger, as_of=as_of)
        facts["frozen"] = freeze_due_experiments(*work.place)
    with work.step("freeze benchmarks") as facts:
        facts["frozen"] = freeze_due_benchmarks(*work.place)


def _render(work: Run) -> None:
    from reports.rendering import render_edition, reports_for

    programme, settings, ledger = work.place
    for edition in ledger.editions():
        if reports_for(programme, edition.kind, edition.subject):
            with work.step(f"render {edition.subject}") as facts:
                rendered = render_edition(programme, settings, edition.edition_id)
                facts["files"] = [str(report.html) for report in rendered]


def _send(work: Run) -> None:
    from reports.deliver import deliver_due

    from cli.mail_server import smtp_settings

    with work.step("send") as facts:
        deliveries = deliver_due(*work.place, smtp=smtp_settings())
        facts["mails"] = [str(delivery) for delivery in deliveries]


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) if value else "none"
    return str(value)
