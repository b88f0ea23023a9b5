"""One source's deliveries on disk: each once, and durable before anybody hears that it is."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from connectors.webhooks.segments import Delivery, Segments, mended, read_line, sync

_log = logging.getLogger(__name__)
_MODE = 0o700  # bodies hold what customers wrote


class Journal:
    """Appends deliveries of one source; one process at a time."""

    def __init__(self, home: Path, source: str, *, segment_bytes: int) -> None:
        self.source = source
        self._segments = Segments.of(home, source)
        self._segment_bytes = segment_bytes
        self._known: set[bytes] = set()
        self._doubtful: tuple[Path, int] | None = None

    def open(self) -> int:
        """Mend what a killed process left, and learn what is there; the number of deliveries.

        Raises:
            OSError: when the folder cannot be written.
        """
        folder = self._segments.folder
        folder.mkdir(parents=True, exist_ok=True, mode=_MODE)
        for parent in (folder, folder.parent, folder.parent.parent):
            sync(parent)
        with self._segments.locked():
            active = self._segments.active()
            if active is not None:
                before = active.stat().st_size
                cut = before - mended(active)
                if cut:
                    _log.warning("%s: cut %d bytes of an unfinished delivery", self.source, cut)
            for path in [*self._segments.closed(), *([active] if active else [])]:
                self._learn(path)
        return len(self._known)

    def append(self, deliveries: Sequence[Delivery]) -> list[bool]:
        """Keep those that are new; which of them were. When this returns, all are durable.

        Raises:
            OSError: when the disk does not take them; then none of them is kept.
        """
        with self._segments.locked():
            self._settle_doubt()
            fresh: dict[bytes, Delivery] = {}
            is_new = []
            for delivery in deliveries:
                key = _key(delivery.delivery_id)
                is_new.append(key not in self._known and key not in fresh)
                if is_new[-1]:
                    fresh[key] = delivery
            if fresh:
                self._write(list(fresh.values()))
                self._known |= fresh.keys()
            return is_new

    def _write(self, deliveries: Sequence[Delivery]) -> None:
        path = self._segments.active()
        is_new = path is None
        if path is None:
            path = self._segments.next_name(deliveries[0].received_at)
        size = 0 if is_new else path.stat().st_size
        try:
            end = _append(path, b"".join(delivery.line() for delivery in deliveries))
            if is_new:
                sync(path.parent)
        except OSError:
            self._doubtful = (path, size)
            self._settle_doubt()
            raise
        if end >= self._segment_bytes:
            try:
                self._segments.close_active()
            except OSError as error:  # what was received is safe; the next one tries again
                _log.warning("%s: a segment stays open: %s", self.source, error.strerror)

    def _settle_doubt(self) -> None:
        """Take back what a failed write may have left.

        Raises:
            OSError: when even that fails; the next write tries again before it writes.
        """
        if self._doubtful is None:
            return
        path, size = self._doubtful
        if path.exists():
            descriptor = os.open(path, os.O_WRONLY)
            try:
                os.ftruncate(descriptor, size)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._doubtful = None

    def _learn(self, path: Path) -> None:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                content = read_line(line)
                if content is None:
                    _log.warning("%s: line %d of %s is damaged", self.source, number, path.name)
                else:
                    self._known.add(_key(content["delivery_id"]))


def _append(path: Path, content: bytes) -> int:
    """Write and wait until the disk has it; the size then."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def _key(delivery_id: str) -> bytes:
    # sixteen bytes each, however long the vendor's ids are
    return blake2b(delivery_id.encode("utf-8", "surrogatepass"), digest_size=16).digest()
