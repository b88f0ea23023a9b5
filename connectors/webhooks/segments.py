"""The files that deliveries are kept in: JSON lines, one open segment, any number of closed ones.

``<home>/webhooks/<source>/<segment>.open`` is appended to; ``<segment>.jsonl`` is closed and only
ever changed by an erasure, which keeps the number of its lines. A segment is named by the time of
its first delivery, so that names ascend even where earlier segments are gone. Whoever appends,
closes or rewrites holds the folder's lock, for as long as one write takes.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock

LOCK_SECONDS = 10.0
_NAME = "%Y%m%dT%H%M%S%fZ"
_BLOCK_BYTES = 1 << 16


@dataclass(frozen=True)
class Delivery:
    """What was received.

    Attributes:
        delivery_id: Equal for repetitions.
        received_at: By the receiver's clock.
        event: The event's name, where the body has one.
        body: Exactly as received.
    """

    delivery_id: str
    received_at: datetime
    event: str | None
    body: bytes

    def line(self) -> bytes:
        """The delivery as one line. A body that is no UTF-8 is kept in base64."""
        content: dict[str, Any] = {
            "delivery_id": self.delivery_id,
            "received_at": self.received_at.astimezone(UTC).isoformat(),
            "event": self.event,
        }
        try:
            content["body"] = self.body.decode("utf-8")
        except UnicodeDecodeError:
            content["body_base64"] = base64.b64encode(self.body).decode("ascii")
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@dataclass(frozen=True)
class Segments:
    """The segments of one source."""

    folder: Path

    @classmethod
    def of(cls, home: Path, source: str) -> Segments:
        """Those of a source below ``CXLOOP_HOME``."""
        return cls(home / "webhooks" / source)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock; the operating system releases it when the process dies.

        Raises:
            TimeoutError: when another process holds it for longer than ten seconds.
        """
        with FileLock(self.folder / ".lock", timeout=LOCK_SECONDS):
            yield

    def closed(self) -> list[Path]:
        """The closed segments in the order of their deliveries."""
        return sorted(self.folder.glob("*.jsonl"))

    def active(self) -> Path | None:
        """The open segment; None where there is none yet."""
        return next(iter(sorted(self.folder.glob("*.open"))), None)

    def next_name(self, received_at: datetime) -> Path:
        """The path of a new open segment, after all that there are."""
        moment = received_at.astimezone(UTC)
        latest = max((path.stem for path in self.closed()), default="")
        if latest >= moment.strftime(_NAME):  # the clock went back
            moment = datetime.strptime(latest, _NAME).replace(tzinfo=UTC)
            moment += timedelta(microseconds=1)
        return self.folder / f"{moment.strftime(_NAME)}.open"

    def close_active(self) -> None:
        """Close the open segment, so that its bytes stay as they are; the lock must be held.

        Raises:
            OSError: when the disk does not take it.
        """
        path = self.active()
        if path is None or not mended(path):
            return
        path.rename(path.with_suffix(".jsonl"))
        sync(self.folder)


def mended(path: Path) -> int:
    """Cut off a last line that was not written to its end; the size that remains.

    Such a line was never acknowledged: its delivery comes again.
    """
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        whole = _end_of_last_line(file, size)
        if whole != size:
            file.truncate(whole)
        os.fsync(file.fileno())
    return whole


def _end_of_last_line(file: Any, size: int) -> int:
    end = size
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        file.seek(start)
        at: int = file.read(end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def sync(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_line(line: bytes) -> dict[str, Any] | None:
    """The content of one line; None where it is none, as after a damage of the disk."""
    try:
        content = json.loads(line)
    except ValueError:
        return None
    is_whole = isinstance(content, dict) and isinstance(content.get("delivery_id"), str)
    return content if is_whole else None
