"""`cxloop run`: the whole chain by hand, in the order in which the DAGs hand over."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.console import PROBLEM_FOUND, AsJson, day, is_named, one_of, print_json, tell_error
from cli.console import workplace as open_place
from cli.contracts import write_pages

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

    def fail(self, *texts: str) -> None:
        """Tell what failed at once, and remember it for the end."""
        for text in texts:
            tell_error(text)
            self.failures.append(text)

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

    @contextmanager
    def attempt(self, name: str) -> Iterator[dict[str, Any]]:
        """A step whose failure is told and does not stop the others of its stage."""
        try:
            with self.step(name) as facts:
                yield facts
        except Exception as error:
            if not is_named(error):
                raise
            self.fail(str(error), *getattr(error, "__notes__", ()))


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
        with work.attempt(f"collect {name}") as facts:
            extract(programme, settings, name, load_date=load_date, run_id=run_id)
            landed = land(programme, settings, ledger, name, run_id=run_id)
            facts["received"] = landed.counts.received
            facts["landed"] = landed.counts.landed
            facts["quarantined"] = landed.counts.quarantined
    with work.attempt("show data checks") as facts:
        facts["pages"] = [str(file) for file in write_pages(work.place)]


def _build(work: Run, *, full_refresh: bool) -> None:
    from analysis.dbt_build import BuildState, build, build_if_changed
    from connectors.landing import declare, lake_fingerprint
    from connectors.postgres_copy import copy_lake
    from connectors.standing import standing_partitions
    from ledger import Build

    programme, settings, ledger = work.place
    landed = ledger.as_of()
    as_of = work.as_of or landed
    with work.step("build warehouse") as facts:
        declare(programme, settings, as_of=as_of)
        lake, copied = lake_fingerprint(settings), copy_lake(settings)
        if copied is not None:
            facts["copied"] = str(copied)
        if full_refresh or as_of != landed:
            result = build(settings, as_of=as_of, full_refresh=full_refresh)
            ledger.record_build(Build(lake, as_of, result.nodes, result.failed))
            state = BuildState(as_of, result)
        else:
            partitions = standing_partitions(settings)
            state = build_if_changed(settings, ledger, lake=lake, partitions=partitions)
        facts["state"] = str(state)
        if state.result and state.result.warned:
            facts["warned"] = list(state.result.warned)


def _freeze(work: Run) -> None:
    from analysis.editions import freeze_benchmarks, freeze_experiment_if_due
    from analysis.registration import register_experiments

    programme, _, ledger = work.place
    with work.step("freeze experiments") as facts:
        names = register_experiments(programme, ledger, as_of=ledger.as_of())
        facts["editions"] = [str(freeze_experiment_if_due(*work.place, name)) for name in names]
    with work.step("freeze benchmarks") as facts:
        facts["editions"] = [str(state) for state in freeze_benchmarks(*work.place, wave=None)]


def _render(work: Run) -> None:
    """Every edition that a report is declared for; one that fails does not stop the others."""
    from reports.composing import reports_for
    from reports.rendering import render_edition

    programme, settings, ledger = work.place
    for edition in ledger.editions():
        if reports_for(programme, edition.kind, edition.subject):
            with work.attempt(f"render {edition.edition_id}") as facts:
                rendered = render_edition(programme, settings, edition.edition_id)
                facts["files"] = [str(report.html) for report in rendered]


def _send(work: Run) -> None:
    """What is due; the counts are told even where a mail did not go out."""
    from cli.mail_server import smtp_settings
    from reports.deliver import deliver_due, require_delivered
    from reports.errors import UndeliveredError

    with work.step("send") as facts:
        deliveries = deliver_due(*work.place, smtp=smtp_settings())
        facts.update(Counter(delivery.state for delivery in deliveries))
        try:
            require_delivered(deliveries)
        except UndeliveredError as error:
            work.fail(*error.mails)


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) if value else "none"
    return str(value)
