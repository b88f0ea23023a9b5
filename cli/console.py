"""What every command shares: the settings it runs with, how it prints, and how it fails."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from ledger import Workplace
    from programme import Settings

AsJson = Annotated[bool, typer.Option("--json", help="Print data for machines on stdout.")]
ROOMS = ("programme", "ledger", "connectors", "analysis", "reports", "cli")
PROBLEM_FOUND = 1


class CommandError(Exception):
    """A command that cannot do what was asked: the fact and the mend."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(f"{what}. Mend: {mend}")


class GuardedGroup(TyperGroup):
    """Prints the project's own errors as one message; anything else is a defect and shows."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; exit code 1 for a named error."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if not is_named(error):
                raise
            for text in (str(error), *getattr(error, "__notes__", ())):
                tell_error(text)
            raise typer.Exit(PROBLEM_FOUND) from None


def is_named(error: BaseException) -> bool:
    """Whether one of the rooms defines the error, so that its message is written for people."""
    origin = type(error).__module__.split(".", maxsplit=1)[0]
    return origin in ROOMS


def tell_error(text: str) -> None:
    """What went wrong, on stderr."""
    typer.secho(f"error: {text}", fg="red", err=True)


def settings_of(ctx: typer.Context) -> Settings:
    """The settings that the global options chose."""
    settings: Settings = ctx.find_root().obj
    return settings


def workplace(ctx: typer.Context) -> Workplace:
    """The programme, its settings and its ledger."""
    from ledger import open_workplace

    return open_workplace(settings_of(ctx))


def note(text: str) -> None:
    """A remark for the person at the terminal, on stderr."""
    typer.secho(text, dim=True, err=True)


def print_json(data: object) -> None:
    """The data as JSON on stdout; dataclasses as objects, dates and paths as text."""
    text = json.dumps(data, default=_plain, ensure_ascii=False, indent=2)
    sys.stdout.write(text + "\n")


def print_rows(
    rows: Sequence[Mapping[str, Any]], *, as_json: bool, empty: str, columns: Sequence[str] = ()
) -> None:
    """A table (of some columns), or the same rows whole as JSON."""
    if as_json:
        print_json(list(rows))
        return
    if not rows:
        note(empty)
        return
    names = list(columns or rows[0])
    cells = [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(map(_width, column)) for column in zip(names, *cells, strict=True)]
    for number, line in enumerate([names, *cells]):
        padded = (
            text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=True)
        )
        typer.secho("  ".join(padded).rstrip(), bold=number == 0)


def print_facts(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """One thing's facts, a line each."""
    if as_json:
        print_json(facts)
        return
    longest = max(map(len, facts))
    for name, value in facts.items():
        typer.echo(f"{name:<{longest}}  {_cell(value)}")


def day(text: str | None) -> date | None:
    """A day written as YYYY-MM-DD.

    Raises:
        typer.BadParameter: for anything else.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"`{text}` is no day; write for example 2026-07-05") from None


def one_of(kind: str, name: str, known: Mapping[str, Any]) -> Any:
    """The named thing.

    Raises:
        CommandError: nothing is named so; with the closest name there is.
    """
    from programme.refusals import nearest

    if name not in known:
        raise CommandError(f"no {kind} `{name}`", nearest(name, known))
    return known[name]


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    dump: Callable[..., Any] | None = getattr(value, "model_dump", None)
    return dump(mode="json") if dump else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(map(_cell, value)) or "-"
    return " ".join(str(value).split())


def _width(text: str) -> int:
    # East Asian wide signs take two columns of a terminal.
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
