"""The plan of an experiment as it was locked, and how far the declared one has moved since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from analysis.canonical import canonical_json, sha256
from ledger import Ledger, Registration
from programme import Programme
from programme.experiments import Experiment

# What changes by itself while a test runs, and what exists to announce changes.
_NOT_LOCKED = {"status", "amendments"}
# Parts that decide which events count: numbers made under others answer another question.
_DATA_DEFINING = ("starts_on", "ends_on", "window_days", "pre_period_days", "unit", "variants")
REGISTERED_STATES = ("running", "concluded")


def plan_text(plan: Experiment) -> str:
    """Canonical JSON of all that is locked: the plan without status and amendments."""
    return canonical_json(plan.model_dump(mode="json", exclude=_NOT_LOCKED)).decode()


def register_experiments(programme: Programme, ledger: Ledger, *, as_of: date) -> list[str]:
    """Lock the plan of every running or concluded experiment that is not locked yet.

    Returns:
        Ids of all running and concluded experiments; each of them is registered now.
    """
    found = []
    for name, plan in sorted(programme.experiments.items()):
        if plan.status not in REGISTERED_STATES:
            continue
        if ledger.registration(name) is None:
            text = plan_text(plan)
            ledger.register(Registration(name, sha256(text.encode()), text, as_of))
        found.append(name)
    return found


def registered_plan(registration: Registration, declared: Experiment) -> Experiment:
    """The locked plan, with today's status and amendments."""
    locked = json.loads(registration.plan_text)
    # canonical JSON sorts keys; the arms keep the order in which they are declared
    order = [name for name in declared.variants if name in locked["variants"]]
    order += [name for name in locked["variants"] if name not in order]
    locked["variants"] = {name: locked["variants"][name] for name in order}
    open_parts = declared.model_dump(mode="json", include=_NOT_LOCKED)
    return Experiment.model_validate({**locked, **open_parts})


def deviations(registration: Registration, declared: Experiment) -> list[dict[str, Any]]:
    """Every leaf in which the declared plan differs from the locked one, by dotted path."""
    now = json.loads(plan_text(declared))
    before = json.loads(registration.plan_text)
    return [
        {"path": path, "registered": old, "now": new} for path, old, new in _moved(before, now, "")
    ]


def data_changes(found: list[dict[str, Any]]) -> list[str]:
    """Paths among the deviations that change which events are counted."""
    paths = [str(item["path"]) for item in found]
    return [
        path
        for path in paths
        if path.split(".")[0] in _DATA_DEFINING and ".description" not in path
    ]


def _moved(before: Any, now: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted(before.keys() | now.keys()):
            inside = f"{path}.{key}" if path else str(key)
            yield from _moved(before.get(key), now.get(key), inside)
    elif before != now:
        yield path, before, now
