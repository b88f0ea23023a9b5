"""What a bad file is, and what must become of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

FIELDS: dict[str, Any] = {
    "order_id": "id",
    "kind": {"const": "purchase"},
    "status": {"column": "note", "optional": True},
    "amount": {"column": "amount", "optional": True},
    "ordered_at": {"const": "2026-07-01"},
    "promised_at": {"column": "at", "optional": True},
}
SESSION: dict[str, Any] = {
    "session_id": "id",
    "started_at": {"const": "2026-07-01"},
    "page_count": {"column": "pages", "optional": True},
    "is_self_resolved": {"column": "solved", "optional": True},
}
COST: dict[str, Any] = {"cost_id": "id", "kind": {"const": "support"}, "cost_date": "on"}
Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One file that should not be as it is, or looks as if.

    Attributes:
        name: What is odd about it.
        content: Its bytes, or what makes them.
        landed: Every row that must land: key -> values, exactly.
        refused: Every row that must go to quarantine: (rule, part of the reason, part of the
            payload), in any order.
        left_out: Rows that the declaration leaves out.
        error: The error's name and a part of its text, where nothing may land.
        file: Its name; the source reads everything.
        read: How it is declared to be written.
        record: The canonical record.
        fields: The mapping.
        timezone: Of the source.
    """

    name: str
    content: bytes | Callable[[], bytes]
    landed: dict[str, Row] = field(default_factory=dict)
    refused: tuple[tuple[str, str, str], ...] = ()
    left_out: int = 0
    error: tuple[str, str] | None = None
    file: str = "in.csv"
    read: dict[str, Any] = field(default_factory=dict)
    record: str = "order"
    fields: dict[str, Any] = field(default_factory=lambda: FIELDS)
    timezone: str = "UTC"

    @property
    def body(self) -> bytes:
        """The file's bytes."""
        return self.content if isinstance(self.content, bytes) else self.content()


def numbers(name: str, good: dict[str, float], bad: list[str], reason: str = "no finite") -> Case:
    """A file of amounts: text -> the number that must land, and texts that are no numbers."""
    rows = [*good, *bad]
    lines = [f"{place}\t{text}" for place, text in enumerate(rows)]
    return Case(
        name,
        ("id\tamount\n" + "\n".join(lines)).encode(),
        read={"delimiter": "\t"},
        landed={str(place): {"amount": value} for place, value in enumerate(good.values())},
        refused=tuple(("is_number", reason, text) for text in bad),
    )


def integers(name: str, good: dict[str, int], bad: list[str]) -> Case:
    """A file of page counts."""
    rows = [*good, *bad]
    lines = [f"{place}\t{text}" for place, text in enumerate(rows)]
    return Case(
        name,
        ("id\tpages\n" + "\n".join(lines)).encode(),
        read={"delimiter": "\t"},
        landed={str(place): {"page_count": value} for place, value in enumerate(good.values())},
        refused=tuple(("is_integer", "no whole number", text) for text in bad),
        record="web_session",
        fields=SESSION,
    )


def flags(name: str, good: dict[str, bool], bad: list[str]) -> Case:
    """A file of yes and no."""
    rows = [*good, *bad]
    lines = [f"{place}\t{text}" for place, text in enumerate(rows)]
    return Case(
        name,
        ("id\tsolved\n" + "\n".join(lines)).encode(),
        read={"delimiter": "\t"},
        landed={
            str(place): {"is_self_resolved": value} for place, value in enumerate(good.values())
        },
        refused=tuple(("is_flag", "neither true nor false", text) for text in bad),
        record="web_session",
        fields=SESSION,
    )


def instants(
    name: str,
    good: dict[str, str],
    bad: list[str],
    *,
    reason: str = "",
    timezone: str = "UTC",
    formats: list[str] | None = None,
) -> Case:
    """A file of instants: text -> the UTC instant in ISO 8601 that must land."""
    rows = [*good, *bad]
    lines = [f"{place}\t{text}" for place, text in enumerate(rows)]
    return Case(
        name,
        ("id\tat\n" + "\n".join(lines)).encode(),
        read={"delimiter": "\t"},
        landed={
            str(place): {"promised_at": utc(value)} for place, value in enumerate(good.values())
        },
        refused=tuple(("is_instant", reason, text) for text in bad),
        fields={**FIELDS, "promised_at": {"column": "at", "formats": formats or []}},
        timezone=timezone,
    )


def utc(text: str) -> dt.datetime:
    """The instant that ISO 8601 text without an offset means in UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def texts(name: str, *values: str) -> Case:
    """A file of notes that must land exactly as they are."""
    lines = [f"{place}\t{text}" for place, text in enumerate(values)]
    return Case(
        name,
        ("id\tnote\n" + "\n".join(lines)).encode(),
        read={"delimiter": "\t"},
        landed={str(place): {"status": text} for place, text in enumerate(values)},
    )


def unreadable(name: str, content: bytes | Callable[[], bytes], problem: str, **more: Any) -> Case:
    """A file that must end in an error of its own."""
    return Case(name, content, error=("UnreadableFileError", problem), **more)
