"""How a cross-reference that leads nowhere becomes a problem with its file and line."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from programme.documents import line_of
from programme.errors import Problem
from programme.loader import Programme
from programme.refusals import nearest

Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Page:
    """One file of the programme under check; ``name`` is its key in ``programme.files``."""

    programme: Programme
    name: str

    def problem(self, at: Steps, what: str, mend: str) -> Problem:
        """Something wrong at a key of this file."""
        line = line_of(self.programme.texts[self.name], at)
        where = ".".join(str(step) for step in at) or "content"
        return Problem(self.programme.files[self.name], line, where, what, mend)

    def unknown(
        self, at: Steps, kind: str, name: str | None, known: Collection[str] | None
    ) -> Iterator[Problem]:
        """Yield a problem where ``name`` is not among the known ones (None: nothing is known)."""
        if name is not None and known is not None and name not in known:
            yield self.problem(at, f"unknown {kind} `{name}`", nearest(name, known))

    def each_unknown(
        self, at: Steps, kind: str, names: Collection[str], known: Collection[str] | None
    ) -> Iterator[Problem]:
        """The same for a list of names, each at its own line; a name written twice as well."""
        seen: set[str] = set()
        for place, name in enumerate(names):
            yield from self.unknown((*at, place), kind, name, known)
            if name in seen:
                yield self.problem(
                    (*at, place), f"{kind} `{name}` is named twice", "keep one of the two"
                )
            seen.add(name)

    def zone(self, at: Steps, name: str | None) -> Iterator[Problem]:
        """Yield a problem where the IANA database knows no such time zone."""
        if name is None:
            return
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            mend = "write an IANA name such as Asia/Tokyo or UTC"
            yield self.problem(at, f"unknown time zone `{name}`", mend)
