"""Freezes what is due: once, when all data are in, and never again differently."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock

from analysis.benchmark import BenchmarkInputs, benchmark_edition
from analysis.canonical import canonical_json, code_version, sha256, write_atomically
from analysis.catalog import Catalog, read_catalog
from analysis.errors import EditionError
from analysis.experiment import ExperimentInputs, experiment_edition
from analysis.registration import REGISTERED_STATES, register_experiments
from analysis.warehouse import Warehouse
from ledger import Edition, Ledger, Load
from programme import Programme, Settings
from programme.benchmarks import HalfYear

log = logging.getLogger(__name__)


def edition_file(settings: Settings, edition_id: str) -> Path:
    """Where a frozen edition's content lies."""
    return settings.editions / edition_id.replace("/", "__") / "edition.json"


def freeze_due_benchmarks(programme: Programme, settings: Settings, ledger: Ledger) -> list[str]:
    """Freeze the latest ended wave of every benchmark whose grace is over and whose data are in.

    Returns:
        Ids frozen by this call. An edition that must wait for data is logged, and due again.
    """
    as_of = _as_of(ledger)
    found = []
    for name, benchmark in sorted(programme.benchmarks.items()):
        wave = _latest_ended(as_of)
        due_on = wave.ends_before + timedelta(days=benchmark.grace_days)
        edition_id = f"benchmark/{name}/{wave}/r1"
        too_early = wave.starts_on < HalfYear.parse(benchmark.first_wave).starts_on
        if too_early or as_of < due_on or _is_frozen(settings, ledger, edition_id):
            continue
        if _in(programme, ledger, edition_id, due_on):
            found.append(freeze_benchmark(programme, settings, ledger, name, str(wave)))
    return found


def freeze_benchmarks_of(
    programme: Programme, settings: Settings, ledger: Ledger, wave: str
) -> list[str]:
    """Freeze one wave of every benchmark by hand; see :func:`freeze_benchmark`."""
    names = sorted(programme.benchmarks)
    return [freeze_benchmark(programme, settings, ledger, name, wave) for name in names]


def freeze_benchmark(
    programme: Programme, settings: Settings, ledger: Ledger, benchmark_id: str, wave: str
) -> str:
    """Freeze one wave by hand, whatever has or has not arrived; a frozen one stays as it is.

    Raises:
        EditionError: unknown benchmark, no half-year, a wave that is not over or not measured.
    """
    half_year = _asked_wave(programme, benchmark_id, wave, as_of=_as_of(ledger))
    benchmark, as_of = programme.benchmarks[benchmark_id], _as_of(ledger)
    warehouse, catalog = Warehouse(settings.warehouse), _catalog(settings)
    inputs = BenchmarkInputs(
        benchmark_id=benchmark_id,
        benchmark=benchmark,
        wave=half_year,
        as_of=as_of,
        catalog=catalog,
        surveys=programme.surveys,
        wave_rows=warehouse.wave_moments(benchmark_id),
        driver_rows=warehouse.driver_moments(benchmark_id, wave),
        loads=_declared_loads(programme, ledger.loads(), as_of),
    )
    content = benchmark_edition(inputs, code_version=code_version())
    return _freeze(settings, ledger, content, period=wave)


def freeze_due_experiments(programme: Programme, settings: Settings, ledger: Ledger) -> list[str]:
    """Freeze every running or concluded experiment whose last outcome window is over.

    Plans that were never registered are registered first, as of today's data, so that the readout
    says how late that was.

    Returns:
        Ids frozen by this call.
    """
    register_experiments(programme, ledger, as_of=_as_of(ledger))
    tried = [
        freeze_experiment_if_due(programme, settings, ledger, name)
        for name in sorted(programme.experiments)
    ]
    return [edition_id for edition_id in tried if edition_id]


def freeze_experiment_if_due(
    programme: Programme, settings: Settings, ledger: Ledger, experiment_id: str
) -> str | None:
    """Freeze one registered experiment when its last outcome window is over and its data are in.

    Returns:
        The edition's id where this call froze it; None where it stands, waits or is not due.
    """
    plan = programme.experiments[experiment_id]
    due_on = plan.ends_on + timedelta(days=plan.window_days)
    edition_id = f"experiment/{experiment_id}/r1"
    is_due = plan.status in REGISTERED_STATES and _as_of(ledger) >= due_on
    if not is_due or _is_frozen(settings, ledger, edition_id):
        return None
    if not _in(programme, ledger, edition_id, due_on):
        return None
    return freeze_experiment(programme, settings, ledger, experiment_id)


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
    warehouse = Warehouse(settings.warehouse)
    inputs = ExperimentInputs(
        experiment_id=experiment_id,
        declared=plan,
        registration=registration,
        as_of=_as_of(ledger),
        catalog=_catalog(settings),
        unit_counts=warehouse.unit_counts(experiment_id),
        n_multiple=warehouse.multiple_exposures(experiment_id),
        arm_rows=warehouse.experiment_moments(experiment_id),
    )
    content = experiment_edition(inputs, code_version=code_version())
    return _freeze(settings, ledger, content, period=f"{plan.starts_on}_{plan.ends_on}")


def read_edition(settings: Settings, ledger: Ledger, edition_id: str) -> dict[str, Any]:
    """A frozen edition's content, after its hash is compared with the ledger's.

    Raises:
        EditionError: not frozen, its file is gone, or the file is not the frozen one.
    """
    edition = ledger.edition(edition_id)
    file = edition_file(settings, edition_id)
    if edition is None or not file.is_file():
        fact = "frozen, but its file is gone" if edition else "not frozen"
        what = f"edition `{edition_id}` is {fact}"
        raise EditionError(what, "run `cxloop run`, or restore the editions directory")
    content = file.read_bytes()
    if sha256(content) != edition.content_hash:
        what = f"{file} is not the content that was frozen"
        raise EditionError(what, "restore the file; a frozen edition is never edited")
    found: dict[str, Any] = json.loads(content)
    return found


def _freeze(settings: Settings, ledger: Ledger, content: dict[str, Any], *, period: str) -> str:
    edition_id, written = str(content["edition_id"]), canonical_json(content)
    file = edition_file(settings, edition_id)
    settings.editions.mkdir(parents=True, exist_ok=True)
    with FileLock(settings.editions / ".freeze.lock"):
        frozen = ledger.edition(edition_id)
        if frozen is None:
            # the file first: a crash in between leaves a file that the next run overwrites
            write_atomically(file, written)
            ledger.freeze(
                Edition(
                    edition_id=edition_id,
                    kind=content["kind"],
                    subject=str(content["subject"]),
                    period=period,
                    revision=1,
                    state=content["state"],
                    as_of=date.fromisoformat(content["as_of"]),
                    content_hash=sha256(written),
                    inputs_hash=str(content["inputs_hash"]),
                    code_version=str(content["code_version"]),
                    seed=int(content["seed"]),
                )
            )
        elif not file.is_file():
            if sha256(written) != frozen.content_hash:
                what = (
                    f"the file of frozen edition `{edition_id}` is gone and the data have moved on"
                )
                raise EditionError(what, f"restore {file} from a backup")
            write_atomically(file, written)
    return edition_id


def _is_frozen(settings: Settings, ledger: Ledger, edition_id: str) -> bool:
    return ledger.edition(edition_id) is not None and edition_file(settings, edition_id).is_file()


def _as_of(ledger: Ledger) -> date:
    build = ledger.latest_build()
    if build is None:
        raise EditionError("the warehouse was never built", "run `cxloop run` first")
    return build.as_of


def _catalog(settings: Settings) -> Catalog:
    return read_catalog(settings.dbt_state / "manifest.json")


def _latest_ended(as_of: date) -> HalfYear:
    return HalfYear.containing(as_of).previous


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


def _in(programme: Programme, ledger: Ledger, edition_id: str, day: date) -> bool:
    """The data gate: whether every declared source was loaded on or after the day."""
    newest: dict[str, date] = {}
    for load in ledger.loads():
        newest[load.source] = max(load.load_date, newest.get(load.source, load.load_date))
    late = [name for name in sorted(programme.sources) if newest.get(name, date.min) < day]
    if late:
        log.warning("%s waits for data up to %s from: %s", edition_id, day, ", ".join(late))
    return not late
