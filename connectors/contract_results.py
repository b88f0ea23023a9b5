"""What the checks found, over all sources and load dates: from manifests and held load dates."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from connectors.contract_outcomes import mend_of
from connectors.holding import HeldDate, held_dates
from connectors.lake import Lake, read_json
from programme.contracts import Check


def check_results(lake: Path, *, source: str | None = None) -> list[dict[str, Any]]:
    """Every check of every load date, oldest first.

    Each is a summary (see `contract_outcomes.Outcome.summary`) with ``source``, ``load_date``,
    ``state`` (``landed`` or ``held``), ``mend``, and ``is_current``: whether it is about the
    source's newest load date, or about one that is held.
    """
    found = [
        {**check, "source": content["source"], "load_date": content["load_date"], "state": state}
        for state, content in _contents(lake, source)
        for check in content["checks"]
    ]
    newest: dict[str, str] = {}
    for result in found:
        name, day = result["source"], result["load_date"]
        newest[name] = max(day, newest.get(name, day))
    for result in found:
        is_newest = result["load_date"] == newest[result["source"]]
        result |= {"is_current": is_newest or result["state"] == "held", "mend": _mend(result)}
    return sorted(found, key=lambda result: (result["load_date"], result["source"]))


def failing(results: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """What a person should look at now: held load dates, then warnings, then rows set aside."""
    order = {"hold": 0, "warn": 1, "quarantine": 2}
    found = [part for part in results if part["is_current"] and not part["passed"]]
    return sorted(found, key=lambda part: (order[part["severity"]], part["source"]))


def batch_series(lake: Path, *, source: str | None = None) -> list[dict[str, Any]]:
    """Each question's rows and missing values over the load dates, for every record.

    Each has ``source``, ``entity``, ``record``, ``group`` and ``points``: per load date ``rows``,
    ``missing`` (mean share of missing values over the columns that ever had one; None without
    rows), ``compared_with`` and ``at_least`` (earlier load dates there are, and must be).
    """
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for state, content in _contents(lake, source):
        for key, profile in content.get("profiles", {}).items() if state == "landed" else ():
            entity, record, *_ = key.split("/")
            for group, counts in profile.get("groups", {}).items():
                place = (content["source"], entity, record, group)
                groups.setdefault(place, []).append(
                    {"load_date": content["load_date"], "counts": counts, "profile": profile}
                )
    return [_series(place, found) for place, found in sorted(groups.items())]


def _contents(lake: Path, source: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((lake / "manifests").glob(f"{source or '*'}/*.json")):
        yield "landed", read_json(path)
    folders = {path.parent.name for path in (lake / "held").glob(f"{source or '*'}/*.json")}
    for name in sorted(folders):
        for held in held_dates(Lake(lake, name)):
            checks = list(held.checks) or [_failure(held)]
            yield "held", {"source": name, "load_date": str(held.load_date), "checks": checks}


def _series(place: tuple[str, ...], found: list[dict[str, Any]]) -> dict[str, Any]:
    used = {
        name
        for part in found
        for name, column in part["counts"]["columns"].items()
        if column["present"] and "." not in name
    }
    points = [
        {
            "load_date": part["load_date"],
            "rows": part["counts"]["rows"],
            "missing": _missing(part["counts"], used),
            "compared_with": part["profile"].get("compared_with", 0),
            "at_least": part["profile"].get("at_least", 0),
        }
        for part in found
    ]
    return {
        **dict(zip(("source", "entity", "record", "group"), place, strict=True)),
        "points": points,
    }


def _missing(counts: Mapping[str, Any], used: set[str]) -> float | None:
    columns = [column for name, column in counts["columns"].items() if name in used]
    if not columns or not counts["rows"]:
        return None
    return float(sum(c["missing"] for c in columns) / len(columns) / counts["rows"])


def _failure(held: HeldDate) -> dict[str, Any]:
    return {
        "entity": held.entity,
        "record": "",
        "group": "",
        "expectation": "landing",
        "columns": [],
        "severity": "hold",
        "passed": False,
        "evaluated": 0,
        "failed": 0,
        "observed": f"{held.where}: {held.what}" if held.where else held.what,
        "error": "",
        "reason": "",
        "facts": {"mend": held.mend},
    }


def _mend(result: Mapping[str, Any]) -> str:
    if result["expectation"] == "landing":
        return str(result["facts"]["mend"])
    return mend_of(
        Check(record=result["record"], expectation=result["expectation"], severity="warn")
    )
