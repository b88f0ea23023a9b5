"""Whether a build may make anew only what has changed since the last one, and what that is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

Partitions = Mapping[str, str]


@dataclass(frozen=True)
class Standing:
    """What a build saw: its day, what rows meant to it, and every partition's fingerprint.

    Attributes:
        as_of: The day it was built for.
        meaning: Hash of dbt sources, declared tables and the warehouse's place.
        partitions: ``source/load_date`` -> fingerprint.
    """

    as_of: date
    meaning: str
    partitions: Partitions

    def write(self, path: Path) -> None:
        """Keep it for the next build."""
        content = {
            "as_of": self.as_of.isoformat(),
            "meaning": self.meaning,
            "partitions": dict(sorted(self.partitions.items())),
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Standing | None:
        """What the last build kept; None where it failed or kept nothing."""
        if not path.is_file():
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(date.fromisoformat(content["as_of"]), content["meaning"], content["partitions"])


@dataclass(frozen=True)
class Whole:
    """Every model is built from nothing, and why."""

    reason: str

    def __str__(self) -> str:
        return f"built whole: {self.reason}"


@dataclass(frozen=True)
class Increment:
    """Only what has changed is made anew.

    Attributes:
        as_of: The day of the last build.
        partitions: Source and load date of each new partition.
    """

    as_of: date
    partitions: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"built in part: {len(self.partitions)} new partitions since {self.as_of}"

    @property
    def variables(self) -> dict[str, Any]:
        """What dbt is told."""
        pairs = [list(pair) for pair in self.partitions]
        return {"increment": {"as_of": self.as_of.isoformat(), "partitions": pairs}}


def plan_build(
    last: Standing | None, now: Standing, *, raw_bytes: int, least_bytes: int
) -> Increment | Whole:
    """An increment where everything the last build saw still stands, else the whole.

    Args:
        last: What the last build that succeeded saw.
        now: What this one sees.
        raw_bytes: Size of ``raw``.
        least_bytes: Below it the whole is as quick, and repeats to the last bit.

    Example:
        >>> monday = Standing(date(2026, 7, 6), "m", {"crm/2026-07-06": "a"})
        >>> tuesday = Standing(date(2026, 7, 7), "m", {**monday.partitions, "crm/2026-07-07": "b"})
        >>> print(plan_build(monday, tuesday, raw_bytes=9, least_bytes=0))
        built in part: 1 new partitions since 2026-07-06
    """
    if last is None:
        return Whole("no earlier build of this warehouse succeeded")
    if raw_bytes < least_bytes:
        return Whole(f"the lake is small ({raw_bytes} of {least_bytes} bytes)")
    if last.meaning != now.meaning:
        return Whole("dbt models, declarations or the warehouse's place have changed")
    if now.as_of < last.as_of:
        return Whole(f"the as-of day went back from {last.as_of} to {now.as_of}")
    gone = sorted(set(last.partitions) - set(now.partitions))
    if gone:
        return Whole(f"{_listed(gone)} gone from the lake")
    rewritten = [name for name, seen in last.partitions.items() if now.partitions[name] != seen]
    if rewritten:
        return Whole(f"{_listed(sorted(rewritten))} rewritten")
    new = sorted(set(now.partitions) - set(last.partitions))
    pairs = [name.rsplit("/", maxsplit=1) for name in new]
    return Increment(last.as_of, tuple((source, load_date) for source, load_date in pairs))


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more} {'are' if more else 'is'}"
