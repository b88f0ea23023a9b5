"""Files found at a source, and streams of them that say when the source is lost."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, BinaryIO, cast

from connectors.errors import SourceUnavailableError
from connectors.placeholders import Placeholders

_WINDOW_BYTES = 1 << 23  # one request of this size outweighs the way to the server


@dataclass(frozen=True)
class Root:
    """Where a source's files lie.

    Attributes:
        address: Directory or address, without credentials.
        placeholders: Of the source; knows its secrets.
        entity: What is looked for, for errors.
    """

    address: str
    placeholders: Placeholders
    entity: str

    @property
    def shown(self) -> str:
        """The address for errors: without a login, should one have been written into it."""
        return re.sub(r"://[^/]*@", "://", self.address)

    def unavailable(self, what: str, mend: str, *, label: str = "") -> SourceUnavailableError:
        """The error that says ``what`` of the root, or of a file in it."""
        return SourceUnavailableError(
            self.placeholders.redact(what),
            source=self.placeholders.source,
            entity=self.entity,
            where=f"{self.shown}/{label}" if label else self.shown,
            mend=mend,
        )


@dataclass(frozen=True)
class Glob:
    """A pattern, as a local directory's: ``*`` stays in its folder, ``**`` is any folders."""

    pattern: str

    @property
    def parts(self) -> list[str]:
        """Folders and name."""
        return self.pattern.strip("/").split("/")

    def matches(self, label: str) -> bool:
        """Whether a file of this path is meant."""
        return _holds(label.split("/"), self.parts)

    def may_hold(self, folder: str) -> bool:
        """Whether a file in this folder, or below it, can be meant."""
        for place, name in enumerate(folder.split("/")):
            if place >= len(self.parts) - 1 or self.parts[place] == "**":
                return "**" in self.parts[: place + 1]
            if not fnmatchcase(name, self.parts[place]):
                return False
        return True


def _holds(names: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(_holds(names[skip:], patterns[1:]) for skip in range(len(names) + 1))
    return bool(names and fnmatchcase(names[0], patterns[0]) and _holds(names[1:], patterns[1:]))


@dataclass(frozen=True)
class Found:
    """One file that the pattern matches.

    Attributes:
        label: Its path below the root, with ``/``.
        size: In bytes, as it lies there.
        stamp: Changes whenever the file does: its size and time of change.
        opener: Opens it.
        restamp: Its stamp now.
        root: Where it lies.
    """

    label: str
    size: int
    stamp: str
    opener: Callable[[], BinaryIO] = field(repr=False, compare=False)
    restamp: Callable[[], str] = field(repr=False, compare=False)
    root: Root = field(repr=False, compare=False)

    def open(self) -> BinaryIO:
        """The file as it lies there.

        Raises:
            OSError: when a local file cannot be opened.
            SourceUnavailableError: when the server cannot be reached, now or while it is read.
        """
        return self.opener()

    def require_unchanged(self) -> None:
        """Refuse what was read of a file that was still being written.

        Raises:
            SourceUnavailableError: when its stamp is another one by now.
        """
        try:
            stamp = self.restamp()
        except FileNotFoundError:
            stamp = ""
        if stamp != self.stamp:
            what = "changed while it was read: its delivery is not complete"
            raise self.root.unavailable(what, "run again when it is", label=self.label)


def remote_stream(
    size: int,
    fetch: Callable[[int, int], bytes],
    named: Callable[[BaseException], BaseException],
    close: Callable[[], None],
) -> BinaryIO:
    """A file on a server, read in large windows.

    Args:
        size: In bytes.
        fetch: The bytes from a place on, as many as given.
        named: What to raise for an error of ``fetch``.
        close: Lets go of the file.
    """
    raw = _RemoteFile(size, fetch, named, close)
    return cast("BinaryIO", io.BufferedReader(raw, _WINDOW_BYTES))


class _RemoteFile(io.RawIOBase):
    def __init__(
        self,
        size: int,
        fetch: Callable[[int, int], bytes],
        named: Callable[[BaseException], BaseException],
        close: Callable[[], None],
    ) -> None:
        self.size = size
        self.fetch = fetch
        self.named = named
        self.close_remote = close
        self.at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        self.at = base + offset
        return self.at

    def tell(self) -> int:
        return self.at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self.size - self.at)
        if wanted <= 0:
            return 0
        try:
            block = self.fetch(self.at, wanted)
        except Exception as error:
            raise self.named(error) from None
        view[: len(block)] = block
        self.at += len(block)
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self.close_remote()
        super().close()
