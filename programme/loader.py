"""Reads a programme's directory; every problem is reported with its file and line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from programme.base import IDENTIFIER, Declaration
from programme.benchmarks import Benchmark, Company, Report
from programme.breaks import SeriesBreak
from programme.calendars import Calendar
from programme.documents import Document, line_of, read_document
from programme.errors import DeclarationError, Problem
from programme.experiments import Experiment
from programme.health import Health
from programme.journey import Journey
from programme.money import CostAllocation, CurrencyRates
from programme.refusals import IDENTIFIER_MEND, nearest, problems_of
from programme.service_levels import ServiceLevel
from programme.sources import Source
from programme.surveys import Survey

__all__ = ["Programme", "line_of", "load_programme", "nearest"]

T = TypeVar("T", bound=Declaration)
COMPANY = "programme"
JOURNEY = "touchpoints"


@dataclass(frozen=True)
class Programme:
    """All declarations of one company, keyed by id (the file's stem).

    ``files`` maps ``"<folder>/<id>"`` (``"programme"`` for the company itself, ``"touchpoints"``
    for its journey) to the file, and ``texts`` to its text as read, which is what gets hashed when
    a plan is registered.
    """

    root: Path
    company: Company
    sources: Mapping[str, Source]
    surveys: Mapping[str, Survey]
    experiments: Mapping[str, Experiment]
    benchmarks: Mapping[str, Benchmark]
    reports: Mapping[str, Report]
    files: Mapping[str, Path]
    texts: Mapping[str, str]
    health: Mapping[str, Health] = field(default_factory=dict)
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    service_levels: Mapping[str, ServiceLevel] = field(default_factory=dict)
    breaks: Mapping[str, SeriesBreak] = field(default_factory=dict)
    journey: Journey = field(default_factory=Journey)
    rates: Mapping[str, CurrencyRates] = field(default_factory=dict)
    allocations: Mapping[str, CostAllocation] = field(default_factory=dict)


_FOLDERS: dict[str, type[Declaration]] = {
    "sources": Source,
    "surveys": Survey,
    "experiments": Experiment,
    "benchmarks": Benchmark,
    "health": Health,
    "reports": Report,
    "calendars": Calendar,
    "service_levels": ServiceLevel,
    "breaks": SeriesBreak,
    "rates": CurrencyRates,
    "allocations": CostAllocation,
}
_AT_THE_ROOT = (f"{COMPANY}.yml", f"{JOURNEY}.yml")


def load_programme(root: Path) -> Programme:
    """Read and validate every YAML file of the programme in ``root``.

    Raises:
        DeclarationError: listing every problem found, each with file, line and mend.
    """
    home = root / "programme.yml"
    if not home.is_file():
        what = "this directory holds no programme.yml"
        mend = "point CXLOOP_PROGRAMME (or --programme) at a programme's directory"
        raise DeclarationError([Problem(root, 0, "programme", what, mend)])
    problems: list[Problem] = []
    documents: dict[str, Document] = {}
    company = _read(home, COMPANY, Company, documents, problems)
    found: dict[str, dict[str, Any]] = {folder: {} for folder in _FOLDERS}
    for folder, kind in _FOLDERS.items():
        for file in _files(root / folder, problems):
            declaration = _read(file, f"{folder}/{file.stem}", kind, documents, problems)
            if declaration is not None:
                found[folder][file.stem] = declaration
    journey = Journey()
    if (places := root / f"{JOURNEY}.yml").is_file():
        journey = _read(places, JOURNEY, Journey, documents, problems) or journey
    problems += _unknown_entries(root)
    if problems or company is None:
        raise DeclarationError(problems)
    return Programme(
        root=root,
        company=company,
        journey=journey,
        files={name: document.file for name, document in documents.items()},
        texts={name: document.text for name, document in documents.items()},
        **found,
    )


def _read(
    file: Path,
    name: str,
    kind: type[T],
    documents: dict[str, Document],
    problems: list[Problem],
) -> T | None:
    document = read_document(file)
    if isinstance(document, Problem):
        problems.append(document)
        return None
    documents[name] = document
    try:
        return kind.model_validate(document.content)
    except ValidationError as error:
        problems.extend(problems_of(document, kind, error))
        return None


def _files(folder: Path, problems: list[Problem]) -> list[Path]:
    """The folder's declarations; a file that would not be read, or hides another, is a problem."""
    files: dict[str, Path] = {}
    for entry in sorted(folder.iterdir()) if folder.is_dir() else []:
        if entry.name.startswith(".") or entry.suffix == ".md":
            continue
        if entry.suffix not in (".yml", ".yaml"):
            mend = "name it <id>.yml, or move it out of the programme"
            problems.append(Problem(entry, 0, "file name", "this is not read", mend))
        elif not IDENTIFIER.match(entry.stem):
            what = f"`{entry.stem}` is no identifier, and the file's name is the id"
            problems.append(Problem(entry, 0, "file name", what, IDENTIFIER_MEND))
        elif entry.stem in files:
            what = f"id `{entry.stem}` is declared by {files[entry.stem].name} as well"
            problems.append(Problem(entry, 0, "file name", what, "keep one of the two files"))
        else:
            files[entry.stem] = entry
    return list(files.values())


def _unknown_entries(root: Path) -> list[Problem]:
    problems = []
    for entry in sorted(root.iterdir()):
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir() and entry.name not in _FOLDERS:
            mend = nearest(entry.name, _FOLDERS)
            problems.append(Problem(entry, 0, "folder", f"unknown folder `{entry.name}`", mend))
        elif entry.suffix in (".yml", ".yaml") and entry.name not in _AT_THE_ROOT:
            mend = f"move it into one of the folders {', '.join(_FOLDERS)}"
            problems.append(Problem(entry, 0, "file name", "this is not read", mend))
    return problems
