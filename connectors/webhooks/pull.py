"""What the receiver has taken in, as pages for the landing; the cursor is segment and line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from connectors.batches import CursorValue
from connectors.errors import LakeWriteError, SourceUnavailableError
from connectors.pages import Page
from connectors.payloads import parse, text_of, value_at
from connectors.webhooks.segments import Segments, read_line
from programme.webhooks import WebhookRead

_CURSOR = re.compile(r"(\d{8}T\d{12}Z):(\d{9})")
_PAGE_DELIVERIES = 500
_PAGE_BYTES = 8 << 20


def pages(
    home: Path, source: str, read: WebhookRead, *, since: CursorValue | None
) -> Iterator[Page]:
    """Deliveries taken in after ``since``, in their order; every page is resumable.

    The open segment is closed first, so that only bytes are read that stay as they are. A payload
    is an object with ``delivery_id``, ``received_at``, ``event`` and ``body``; a delivery that is
    no JSON comes as the line that holds it, a text, which the landing puts into quarantine.

    Args:
        home: ``CXLOOP_HOME``.
        source: The declared source.
        read: Which deliveries.
        since: The cursor of the last page that is durable; None, or a day, for everything there is.

    Raises:
        SourceUnavailableError: when segments that were read before are gone or shorter.
        LakeWriteError: when the open segment cannot be closed.
    """
    segments = Segments.of(home, source)
    if not segments.folder.is_dir():
        return
    try:
        with segments.locked():
            segments.close_active()
    except OSError as error:
        raise LakeWriteError.of(error, segments.folder, source) from None
    match = _CURSOR.fullmatch(since) if isinstance(since, str) else None
    name, line = (match[1], int(match[2])) if match else ("", 0)
    closed = segments.closed()
    if match and (not closed or closed[-1].stem < name):
        raise _gone(source, segments, f"the segments up to {name}, read before, are gone")
    page = _Filling()
    for path in closed:
        if path.stem < name:
            continue
        skipped = line if path.stem == name else 0
        yield from _of_segment(path, read, page, source, segments, skipped)
    if page.payloads:
        yield page.take()


def _of_segment(
    path: Path, read: WebhookRead, page: _Filling, source: str, segments: Segments, skipped: int
) -> Iterator[Page]:
    number = 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if number <= skipped:
                continue
            payload = _payload(raw, read)
            if payload is None:
                continue
            page.add(payload, len(raw), f"{path.stem}:{number:09d}")
            if page.is_full:
                yield page.take()
    if number < skipped:
        raise _gone(source, segments, f"{path.name} has {number} lines, {skipped} were read before")


def _payload(raw: bytes, read: WebhookRead) -> dict[str, Any] | str | None:
    """The delivery; its line where it is no JSON; None where it is another entity's or erased."""
    line = read_line(raw)
    if line is None:
        return raw.decode("utf-8", "replace").rstrip("\n")
    if line.get("is_erased"):
        return None
    try:
        body = parse(line["body"])
    except (KeyError, ValueError):
        return raw.decode("utf-8").rstrip("\n")
    event = line.get("event")
    if read.event_path is not None:
        event = text_of(value_at(body, read.event_path))
    if read.events and event not in read.events:
        return None
    kept = {name: line.get(name) for name in ("delivery_id", "received_at")}
    return {**kept, "event": event, "body": body}


def _gone(source: str, segments: Segments, what: str) -> SourceUnavailableError:
    return SourceUnavailableError(
        what,
        source=source,
        where=str(segments.folder),
        mend="restore them from a backup: what was not read from them would be lost",
    )


class _Filling:
    """The page that is being filled."""

    def __init__(self) -> None:
        self.payloads: list[Any] = []
        self._bytes = 0
        self._cursor = ""

    @property
    def is_full(self) -> bool:
        return len(self.payloads) >= _PAGE_DELIVERIES or self._bytes >= _PAGE_BYTES

    def add(self, payload: Any, size: int, cursor: str) -> None:
        self.payloads.append(payload)
        self._bytes += size
        self._cursor = cursor

    def take(self) -> Page:
        page = Page(tuple(self.payloads), self._cursor, resumable=True)
        self.payloads, self._bytes = [], 0
        return page
