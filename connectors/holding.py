"""Load dates that could not be landed, and why: noted until they can be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from connectors.errors import ConnectorError
from connectors.lake import Lake, read_json, write_json


@dataclass(frozen=True)
class HeldDate:
    """One load date of which nothing, or nothing new, stands in ``raw``.

    Attributes:
        load_date: The partition.
        kind: The error's class.
        entity: Of the source; empty where it is about the source as a whole.
        where: File, table or load date.
        what: The fact.
        mend: What to do.
        run_id: The run that tried.
        checks: Summaries of the checks made, as a manifest holds them.
    """

    load_date: date
    kind: str
    entity: str
    where: str
    what: str
    mend: str
    run_id: str
    checks: tuple[dict[str, Any], ...] = field(default=(), repr=False)


def note_held(lake: Lake, load_date: date, error: ConnectorError, *, run_id: str) -> None:
    """Remember why the load date could not be landed.

    Raises:
        LakeWriteError: when the disk is full.
    """
    held = HeldDate(
        load_date=load_date,
        kind=type(error).__name__,
        entity=error.entity,
        where=error.where,
        what=error.what,
        mend=error.mend,
        run_id=run_id,
        checks=tuple(getattr(error, "checks", ())),
    )
    content = asdict(held) | {"load_date": str(load_date), "checks": list(held.checks)}
    write_json(lake.held(load_date), content, source=lake.source)


def forget_held(lake: Lake, load_date: date) -> None:
    """The load date has landed."""
    lake.held(load_date).unlink(missing_ok=True)


def held_dates(lake: Lake) -> list[HeldDate]:
    """What could not be landed when it was last tried, oldest load date first."""
    return sorted(_read(lake), key=lambda held: held.load_date)


def _read(lake: Lake) -> Iterator[HeldDate]:
    for path in lake.held(date.min).parent.glob("*.json"):
        content = read_json(path)
        content["load_date"] = date.fromisoformat(content["load_date"])
        content["checks"] = tuple(content["checks"])
        yield HeldDate(**content)
