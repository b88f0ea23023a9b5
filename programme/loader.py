"""Reads a programme's directory; every problem is reported with its file and line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from programme.base import Declaration
from programme.benchmarks import Benchmark, Company, Report
from programme.errors import DeclarationError, Problem
from programme.experiments import Experiment
from programme.sources import Source
from programme.surveys import Survey

T = TypeVar("T", bound=Declaration)


@dataclass(frozen=True)
class Programme:
    """All declarations of one company, keyed by id (the file's stem).

    ``files`` maps ``"<folder>/<id>"`` to the file, and ``texts`` to its text as read, which is what
    gets hashed when a plan is registered.
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


_FOLDERS: dict[str, type[Declaration]] = {
    "sources": Source,
    "surveys": Survey,
    "experiments": Experiment,
    "benchmarks": Benchmark,
    "reports": Report,
}


def load_programme(root: Path) -> Programme:
    """Read and validate every YAML file of the programme in ``root``.

    Raises:
        DeclarationError: listing every problem found, each with file, line and mend.
    """
    problems: list[Problem] = []
    if not (root / "programme.yml").is_file():
        what = "this directory holds no programme.yml"
        mend = "point CXLOOP_PROGRAMME (or --programme) at a programme's directory"
        raise DeclarationError([Problem(root, 0, "programme", what, mend)])
    company = _read(root / "programme.yml", Company, problems)
    found: dict[str, dict[str, Any]] = {folder: {} for folder in _FOLDERS}
    files: dict[str, Path] = {}
    texts: dict[str, str] = {}
    for folder, kind in _FOLDERS.items():
        for file in sorted((root / folder).glob("*.y*ml")):
            declaration = _read(file, kind, problems)
            files[f"{folder}/{file.stem}"] = file
            texts[f"{folder}/{file.stem}"] = file.read_text(encoding="utf-8", errors="replace")
            if declaration is not None:
                found[folder][file.stem] = declaration
    problems += _unknown_folders(root)
    if problems or company is None:
        raise DeclarationError(problems)
    return Programme(root=root, company=company, files=files, texts=texts, **found)


def line_of(text: str, path: Sequence[str | int]) -> int:
    """The line (from 1) of a key in a YAML text; the nearest parent's line where the key is absent."""
    try:
        node = YAML(typ="rt").load(text)
    except MarkedYAMLError:
        return 0
    line = 0
    for step in path:
        if isinstance(node, CommentedMap) and step in node:
            line = node.lc.key(step)[0] + 1
            node = node[step]
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0] + 1
            node = node[step]
        else:
            # pydantic adds the tag of a union and names of types to its path: skip those
            continue
    return line


def nearest(name: str, known: Iterable[str]) -> str:
    """A mend for a misspelt name: the closest known one, or the list of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"known here: {', '.join(names) or 'none'}"


def _read(file: Path, kind: type[T], problems: list[Problem]) -> T | None:
    try:
        text = file.read_text(encoding="utf-8")
        content = YAML(typ="safe").load(text)
    except UnicodeDecodeError as error:
        what = f"not UTF-8 at byte {error.start}"
        problems.append(Problem(file, 0, "encoding", what, "save the file as UTF-8"))
        return None
    except MarkedYAMLError as error:
        mark = error.problem_mark
        what = f"not valid YAML: {error.problem}"
        mend = "check the indentation, quotes and colons of this line and the one above"
        problems.append(Problem(file, mark.line + 1 if mark else 0, "syntax", what, mend))
        return None
    if not isinstance(content, dict):
        mend = "write `key: value` lines; see programme/demo for an example"
        problems.append(Problem(file, 0, "content", "the file holds no mapping", mend))
        return None
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        problems.extend(_problems_of(file, text, kind, error))
        return None


def _problems_of(
    file: Path, text: str, kind: type[Declaration], error: ValidationError
) -> list[Problem]:
    found = []
    for detail in error.errors():
        path = [step for step in detail["loc"]]
        where = ".".join(str(step) for step in path) or "content"
        what = detail["msg"].removeprefix("Value error, ")
        mend = "correct the value"
        if detail["type"] == "extra_forbidden":
            what = f"unknown key `{path[-1]}`"
            mend = nearest(str(path[-1]), _fields_at(kind, path[:-1]))
        elif detail["type"] == "missing":
            what = f"key `{path[-1]}` is missing"
            mend = f"add `{path[-1]}:`"
        elif detail["type"] != "value_error":
            what = f"{what}; found `{detail['input']!r}`"
        found.append(Problem(file, line_of(text, path), where, what, mend))
    return found


def _fields_at(kind: type[Declaration], path: Sequence[str | int]) -> list[str]:
    """Names that a key could have had: those of every type reachable at that depth of the schema."""
    schema = kind.model_json_schema()
    if not path:
        return sorted(schema.get("properties", {}))
    names = set(schema.get("properties", {}))
    for part in schema.get("$defs", {}).values():
        names |= set(part.get("properties", {}))
    return sorted(names)


def _unknown_folders(root: Path) -> list[Problem]:
    problems = []
    for entry in sorted(root.iterdir()):
        if entry.is_dir() and entry.name not in _FOLDERS and not entry.name.startswith((".", "_")):
            mend = nearest(entry.name, _FOLDERS)
            problems.append(Problem(entry, 0, "folder", f"unknown folder `{entry.name}`", mend))
    return problems
