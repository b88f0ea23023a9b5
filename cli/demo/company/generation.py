"""Generates the company's source systems and its truth into one directory."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cli.demo.company import planted, truth
from cli.demo.company.back_office import write_back_office
from cli.demo.company.calendar import HISTORY_END, NEVER
from cli.demo.company.commitments import simulate_commitments, write_commitments
from cli.demo.company.crm import write_crm
from cli.demo.company.desk import write_helpdesk
from cli.demo.company.exports import write_exports
from cli.demo.company.orders import simulate_orders
from cli.demo.company.pilots import write_pilots
from cli.demo.company.population import Population, simulate_population
from cli.demo.company.records import write_json
from cli.demo.company.relationship import simulate_waves
from cli.demo.company.service_line import write_service_line
from cli.demo.company.streams import write_exposures, write_touchpoints
from cli.demo.company.tickets import Tickets, simulate_tickets
from cli.demo.company.touchpoints import (
    Questioning,
    ask_after_deliveries,
    ask_after_onboarding,
    ask_after_tickets,
)
from cli.demo.company.trials import Exposures, expose_app_users, expose_help_visitors
from cli.demo.company.usage import simulate_usage

SMALLEST = 600
"""Below this many customers a wave has too few answers to carry the planted dirt."""


@dataclass(frozen=True)
class CompanyFiles:
    """Where the systems of one generated company lie."""

    directory: Path

    @property
    def crm(self) -> Path:
        """The customer database."""
        return self.directory / "crm.sqlite"

    @property
    def helpdesk(self) -> Path:
        """The help desk's database, served by ``cli.demo.helpdesk``."""
        return self.directory / "helpdesk.sqlite"

    @property
    def surveys(self) -> Path:
        """CSV exports and JSON lines of the survey tool."""
        return self.directory / "surveys"

    @property
    def exposures(self) -> Path:
        """The experiments' exposure log."""
        return self.directory / "experiments" / "exposures.jsonl"

    @property
    def service(self) -> Path:
        """JSON lines of calls, of visits of the help site, and of the surveys on trial."""
        return self.directory / "service"

    @property
    def back_office(self) -> Path:
        """Files of booked costs and of the employees' survey."""
        return self.directory / "back_office"

    @property
    def truth_file(self) -> Path:
        """What was planted. The pipeline never reads it."""
        return self.directory / "truth.json"

    @property
    def marker(self) -> Path:
        """Written last: parameters of the generation and the sha256 of every file."""
        return self.directory / "generated.json"

    def truth(self) -> dict[str, Any]:
        """What was planted; see ``cli.demo.company.truth`` for the keys."""
        content: dict[str, Any] = json.loads(self.truth_file.read_text(encoding="utf-8"))
        return content


def generate(directory: Path, *, customers: int = 20_000, seed: int = 20260705) -> CompanyFiles:
    """Generate the company, the same bytes for the same customers and seed.

    A directory that holds a finished company of the same parameters is left as it is; an
    unfinished or different one is replaced.

    Raises:
        ValueError: for fewer customers than ``SMALLEST``.
    """
    if customers < SMALLEST:
        raise ValueError(f"customers={customers} is too few; mend: at least {SMALLEST}")
    files = CompanyFiles(directory)
    parameters = {"customers": customers, "seed": seed, "code": _code_hash()}
    if _is_finished(files, parameters):
        return files
    _clear(files)
    files.surveys.mkdir(parents=True)
    files.exposures.parent.mkdir(parents=True)
    files.service.mkdir(parents=True)
    _simulate(files, customers=customers, seed=seed)
    write_json(files.marker, {"parameters": parameters, "sha256": _hashes(directory)})
    return files


def _simulate(files: CompanyFiles, *, customers: int, seed: int) -> None:
    population = simulate_population(customers, seed)
    chatbot = expose_help_visitors(population, seed)
    tour = expose_app_users(population, seed)
    tickets = simulate_tickets(population, seed, chatbot=chatbot)
    orders = simulate_orders(population, seed)
    usage = simulate_usage(population, seed, tour=tour)
    waves = simulate_waves(population, seed)
    asked = [
        ask_after_tickets(population, tickets, seed),
        ask_after_deliveries(population, orders, seed),
        ask_after_onboarding(population, seed),
    ]
    trials = [tickets.callback, tour, chatbot]
    commitments = simulate_commitments(population, seed)
    write_crm(files.crm, population, orders=orders, usage=usage, commitments=commitments)
    write_commitments(files.crm, population, commitments, seed=seed)
    write_back_office(files.back_office, population, tickets, seed=seed)
    write_helpdesk(files.helpdesk, population, tickets, seed=seed)
    exported = write_exports(files.surveys, population, waves, seed=seed)
    streamed = write_touchpoints(
        files.surveys,
        population,
        tickets,
        questionings=asked,
        order_count=len(orders.customer),
        seed=seed,
    )
    served = write_service_line(files.service, population, tickets, seed=seed)
    piloted = write_pilots(files.service, seed=seed)
    logged = write_exposures(files.exposures, population, trials, seed=seed)
    known = {
        "parameters": {"customers": customers, "seed": seed, "as_of": "2026-07-05"},
        "nps": truth.nps_truth(waves),
        "mix_shift": truth.mix_truth(waves[-2], waves[-1]),
        "drivers": truth.driver_truth(waves[-1]),
        "breaks": [truth.break_truth(waves[1])],
        "experiments": {
            planted.CALLBACK.id: truth.callback_truth(tickets.callback, population, asked),
            planted.TOUR.id: truth.tour_truth(tour, population, usage),
            planted.CHATBOT.id: truth.chatbot_truth(chatbot),
        },
        "quarantined": truth.quarantine_truth(),
        "duplicates": {
            "survey_exports": exported.repeated_answers,
            "survey_stream": streamed.repeated_answers,
            "experimentation": logged.repeated_exposures,
        },
        "dirt": planted.DIRT,
        "service_line": served.truth,
        "pilots": piloted.truth,
        "health": {"log_hazard_weights": planted.HEALTH_WEIGHTS},
        "counts": _counts(population, tickets, asked, trials)
        | {"orders": len(orders.customer), "usage_months": len(usage.month)},
        "late_delivery_rate": float(orders.is_late.sum() / (orders.delivered != NEVER).sum()),
    }
    write_json(files.truth_file, known)


def _counts(
    population: Population,
    tickets: Tickets,
    asked: list[Questioning],
    trials: list[Exposures],
) -> dict[str, int]:
    answered = {
        f"{questioning.survey}_answers": int((questioning.answered != NEVER).sum())
        for questioning in asked
    }
    exposed = {f"exposed_{trial.trial.id}": len(trial.customer) for trial in trials}
    return {
        "customers": population.size,
        "active_customers": int(population.active(HISTORY_END).sum()),
        "renewals": len(population.renewals.customer),
        "renewed": int(np.count_nonzero(population.renewals.is_achieved)),
        "tickets": len(tickets.customer),
        **answered,
        **exposed,
    }


def _is_finished(files: CompanyFiles, parameters: dict[str, Any]) -> bool:
    try:
        marked = json.loads(files.marker.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if marked.get("parameters") != parameters:
        return False
    return all((files.directory / name).is_file() for name in marked["sha256"])


def _clear(files: CompanyFiles) -> None:
    """Remove what an earlier generation wrote, the marker first, and nothing else."""
    files.directory.mkdir(parents=True, exist_ok=True)
    single = (files.marker, files.crm, files.helpdesk, files.truth_file)
    for file in single:
        file.unlink(missing_ok=True)
    for folder in (files.surveys, files.exposures.parent, files.service, files.back_office):
        shutil.rmtree(folder, ignore_errors=True)


def _hashes(directory: Path) -> dict[str, str]:
    found = {}
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        found[file.relative_to(directory).as_posix()] = digest
    return found


def _code_hash() -> str:
    """A company generated by other code is another company."""
    digest = hashlib.sha256()
    for module in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:16]
