"""Freezes what is due: once, when all data are in, and never again differently."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from analysis.benchmark import BenchmarkInputs, benchmark_edition
from analysis.canonical import code_version
from analysis.catalog import Catalog, read_catalog, with_questions
from analysis.edition_store import edition_file, is_kept, keep, read_edition
from analysis.errors import EditionError
from analysis.experiment import ExperimentInputs, experiment_edition
from analysis.registration import REGISTERED_STATES, register_experiments
from analysis.warehouse import Warehouse
from ledger import Ledger, Load
from programme import Programme, Settings
from programme.benchmarks import HalfYear

__all__ = [
    "Freezing",
    "edition_file",
    "freeze_benchmark",
    "freeze_benchmark_if_due",
    "freeze_benchmarks",
    "freeze_due_benchmarks",
    "freeze_due_experiments",
    "freeze_experiment",
    "freeze_experiment_if_due",
    "read_edition",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Freezing:
    """What became of an edition that might be due.

    Attributes:
        edition_id: The edition.
        state: ``frozen`` now, ``kept`` from before, ``waiting`` for a day or for sources.
        detail: What it waits for; empty otherwise.
    """

    edition_id: str
    state: Literal["frozen", "kept", "waiting"]
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.edition_id}: {self.state}{': ' if self.detail else ''}{self.detail}"


def freeze_due_benchmarks(programme: Programme, settings: Settings, ledger: Ledger) -> list[str]:
    """Freeze the latest ended wave of every benchmark whose grace is over and whose data are in.

    Returns:
        Ids frozen by this call. An edition that must wait for data is logged, and due again.
    """
    found = freeze_benchmarks(programme, settings, ledger, wave=None)
    return [one.edition_id for one in found if one.state == "frozen"]


def freeze_benchmarks(
    programme: Programme, settings: Settings, ledger: Ledger, *, wave: str | None
) -> list[Freezing]:
    """Every benchmark: what is due, or by hand the given wave whatever has arrived."""
    found = []
    for name in sorted(programme.benchmarks):
        if wave is None:
            found.append(freeze_benchmark_if_due(programme, settings, ledger, name))
            continue
        was_kept = is_kept(settings, ledger, f"benchmark/{name}/{wave}/r1")
        edition_id = freeze_benchmark(programme, settings, ledger, name, wave)
        found.append(Freezing(edition_id, "kept" if was_kept else "frozen"))
    return found


def freeze_benchmark_if_due(
    programme: Programme, settings: Settings, ledger: Ledger, benchmark_id: str
) -> Freezing:
    """Freeze the latest ended wave once its days of grace are over and every source has landed."""
    benchmark, as_of = programme.benchmarks[benchmark_id], _as_of(ledger)
    wave = HalfYear.containing(as_of).previous
    edition_id = f"benchmark/{benchmark_id}/{wave}/r1"
    if wave.starts_on < HalfYear.parse(benchmark.first_wave).starts_on:
        return Freezing(edition_id, "waiting", f"the first wave is {benchmark.first_wave}")
    due_on = wave.ends_before + timedelta(days=benchmark.grace_days)
    outcome = _gate(programme, settings, ledger, edition_id, due_on)
    if outcome.state == "frozen":
        freeze_benchmark(programme, settings, ledger, benchmark_id, str(wave))
    return outcome


def freeze_benchmark(
    programme: Programme, settings: Settings, ledger: Ledger, benchmark_id: str, wave: str
) -> str:
    """Freeze one wave by hand, whatever has or has not arrived; a frozen one stays as it is.

    Raises:
        EditionError: unknown benchmark, no half-year, a wave that is not over or not measured.
    """
    as_of = _as_of(ledger)
    half_year = _asked_wave(programme, benchmark_id, wave, as_of=as_of)
    warehouse = Warehouse.of(settings)
    inputs = BenchmarkInputs(
        benchmark_id=benchmark_id,
        benchmark=programme.benchmarks[benchmark_id],
        wave=half_year,
        as_of=as_of,
        catalog=with_questions(_catalog(settings), programme.surveys),
        surveys=programme.surveys,
        wave_rows=warehouse.wave_moments(benchmark_id),
        driver_rows=warehouse.driver_moments(benchmark_id, wave),
        breaks=warehouse.wave_breaks(benchmark_id),
        loads=_declared_loads(programme, ledger.loads(), as_of),
    )
    content = benchmark_edition(inputs, code_version=code_version())
    return keep(settings, ledger, content, period=wave)


def freeze_due_experiments(programme: Programme, settings: Settings, ledger: Ledger) -> list[str]:
    """Freeze every running or concluded experiment whose last outcome window is over.

    Plans that were never registered are registered first, as of today's data, so that the readout
    says how late that was.

    Returns:
        Ids frozen by this call.
    """
    registered = register_experiments(programme, ledger, as_of=_as_of(ledger))
    found = [freeze_experiment_if_due(programme, settings, ledger, name) for name in registered]
    return [one.edition_id for one in found if one.state == "frozen"]


def freeze_experiment_if_due(
    programme: Programme, settings: Settings, ledger: Ledger, experiment_id: str
) -> Freezing:
    """Freeze one readout once its last outcome window is over and every source has landed."""
    plan = programme.experiments[experiment_id]
    edition_id = f"experiment/{experiment_id}/r1"
    if plan.status not in REGISTERED_STATES:
        return Freezing(edition_id, "waiting", f"the experiment's status is {plan.status}")
    due_on = plan.ends_on + timedelta(days=plan.window_days)
    outcome = _gate(programme, settings, ledger, edition_id, due_on)
    if outcome.state == "frozen":
        freeze_experiment(programme, settings, ledger, experiment_id)
    return outcome


def freeze_experiment(
    programme: Programme, settings: Settings, ledger: Ledger, experiment_id: str
) -> str:
    """Freeze one readout by hand; a frozen one stays as it is.

    Raises:
        EditionError: unknown experiment, or one that is not registered.
    """
    plan = programme.experiments.get(experiment_id)
    registration = ledger.registration(experiment_id)
    if plan is None or registration is None:
        what = f"experiment `{experiment_id}` is not {'registered' if plan else 'declared'}"
        raise EditionError(what, "declare it with status running and run `cxloop run`")
    warehouse = Warehouse.of(settings)
    if plan.is_clustered:
        arm_rows = [row.as_arm() for row in warehouse.cluster_moments(experiment_id)]
    else:
        arm_rows = warehouse.experiment_moments(experiment_id)
    inputs = ExperimentInputs(
        experiment_id=experiment_id,
        declared=plan,
        registration=registration,
        as_of=_as_of(ledger),
        catalog=_catalog(settings),
        unit_counts=warehouse.unit_counts(experiment_id),
        n_multiple=warehouse.multiple_exposures(experiment_id),
        arm_rows=arm_rows,
    )
    content = experiment_edition(inputs, code_version=code_version())
    return keep(settings, ledger, content, period=f"{plan.starts_on}_{plan.ends_on}")


def _gate(
    programme: Programme, settings: Settings, ledger: Ledger, edition_id: str, due_on: date
) -> Freezing:
    """``frozen`` says that nothing stands in the way: the day has come and all data are in."""
    if is_kept(settings, ledger, edition_id):
        return Freezing(edition_id, "kept")
    as_of = _as_of(ledger)
    if as_of < due_on:
        return Freezing(edition_id, "waiting", f"due on {due_on}, the data end on {as_of}")
    newest: dict[str, date] = {}
    for load in ledger.loads():
        newest[load.source] = max(load.load_date, newest.get(load.source, load.load_date))
    late = [name for name in sorted(programme.sources) if newest.get(name, date.min) < due_on]
    if late:
        detail = f"no data up to {due_on} from {', '.join(late)}"
        log.warning("%s waits: %s", edition_id, detail)
        return Freezing(edition_id, "waiting", detail)
    return Freezing(edition_id, "frozen")


def _as_of(ledger: Ledger) -> date:
    build = ledger.latest_build()
    if build is None:
        raise EditionError("the warehouse was never built", "run `cxloop run` first")
    return build.as_of


def _catalog(settings: Settings) -> Catalog:
    return read_catalog(settings.dbt_state / "manifest.json")


def _asked_wave(programme: Programme, benchmark_id: str, wave: str, *, as_of: date) -> HalfYear:
    benchmark = programme.benchmarks.get(benchmark_id)
    if benchmark is None:
        known = ", ".join(sorted(programme.benchmarks)) or "none"
        raise EditionError(f"no benchmark `{benchmark_id}` is declared", f"declared: {known}")
    try:
        found = HalfYear.parse(wave)
    except ValueError as error:
        raise EditionError(str(error), "write for example 2026H1") from error
    if found.starts_on < HalfYear.parse(benchmark.first_wave).starts_on:
        what = f"wave {wave} lies before the first wave {benchmark.first_wave}"
        raise EditionError(what, "choose a later wave, or declare an earlier `first_wave`")
    if as_of < found.ends_before:
        what = f"wave {wave} is not over: the data end on {as_of}"
        raise EditionError(what, f"wait for data up to {found.last_day}")
    return found


def _declared_loads(programme: Programme, loads: Iterable[Load], as_of: date) -> list[Load]:
    return [load for load in loads if load.source in programme.sources and load.load_date <= as_of]
