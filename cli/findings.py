"""What an examination of the installation finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import typer

from cli.console import PROBLEM_FOUND, is_named, note, print_json

State = Literal["ok", "warn", "fail"]
COLOURS: dict[State, str] = {"ok": "green", "warn": "yellow", "fail": "red"}


@dataclass(frozen=True)
class Finding:
    """One line of `cxloop doctor`; ``mend`` is empty where nothing is wrong."""

    topic: str
    state: State
    what: str
    mend: str = ""


def ok(topic: str, what: str) -> Finding:
    """Nothing to do."""
    return Finding(topic, "ok", what)


def warn(topic: str, what: str, mend: str) -> Finding:
    """Something will not work that not everybody needs, or not yet."""
    return Finding(topic, "warn", what, mend)


def fail(topic: str, what: str, mend: str) -> Finding:
    """Something will not work."""
    return Finding(topic, "fail", what, mend)


def examine(topic: str, examination: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """What an examination finds; an error that stops it is a finding as well."""
    found: list[Finding] = []
    try:
        found.extend(examination())
    except (OSError, ImportError) as error:
        found.append(fail(topic, str(error), "mend what the message names"))
    except Exception as error:
        if not is_named(error):
            raise
        what, _, mend = str(error).partition(". Mend: ")
        found.append(fail(topic, what, mend or "mend what the message names"))
    return found


def tell(found: list[Finding]) -> None:
    """A line for each finding, with its mend."""
    for finding in found:
        state = typer.style(f"{finding.state:<4}", fg=COLOURS[finding.state], bold=True)
        mend = f". Mend: {finding.mend}" if finding.mend else ""
        typer.echo(f"{state}  {finding.topic:<10} {finding.what}{mend}")


def conclude(found: list[Finding], *, as_json: bool, follows: str = "") -> None:
    """How many of each state, and what ``follows`` where nothing fails.

    Raises:
        typer.Exit: with the code of a problem where something fails.
    """
    counts: Counter[str] = Counter(finding.state for finding in found)
    if as_json:
        print_json(found)
    else:
        note(", ".join(f"{counts[state]} {state}" for state in COLOURS))
        if follows and not counts["fail"]:
            typer.echo(follows)
    if counts["fail"]:
        raise typer.Exit(PROBLEM_FOUND)
