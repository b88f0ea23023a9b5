"""Where files lie: a local directory, an S3-compatible store or an SFTP server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from connectors.errors import SourceUnavailableError
from connectors.placeholders import Placeholders
from connectors.reading.chunks import Opener, Place
from connectors.reading.compression import content_of
from programme.systems import FileRead, FilesSystem

__all__ = ["Found", "decompressed", "find"]


@dataclass(frozen=True)
class Found:
    """One file that the pattern matches.

    Attributes:
        label: Its path below the root, with ``/``.
        size: In bytes, as it lies there.
        stamp: Changes whenever the file does: its size and time of change, or its tag.
        opener: Opens it.
    """

    label: str
    size: int
    stamp: str
    opener: Callable[[], BinaryIO] = field(repr=False, compare=False)

    def open(self) -> BinaryIO:
        """The file as it lies there.

        Raises:
            OSError: when it cannot be opened.
            SourceUnavailableError: when the server cannot be reached, now or while it is read.
        """
        return self.opener()


def find(
    system: FilesSystem,
    read: FileRead,
    placeholders: Placeholders,
    *,
    entity: str,
    seen_before: bool,
) -> list[Found]:
    """The files that the pattern matches, in the order of their labels.

    Raises:
        SourceUnavailableError: when the root is missing or cannot be reached, or nothing matches
            and nothing ever did (``seen_before``).
    """
    root = placeholders.fill(system.root)
    where, found = _local(root, read.pattern, placeholders.source, entity)
    if not found and not seen_before:
        raise SourceUnavailableError(
            f"no file matches `{read.pattern}`",
            source=placeholders.source,
            entity=entity,
            where=where,
            mend="correct `pattern`, or deliver the first file",
        )
    return sorted(found, key=lambda file: file.label)


def decompressed(found: Found, read: FileRead, place: Place) -> Opener:
    """What opens the content of a found file from its start, decompressed as its name says.

    The stream raises ``UnreadableFileError`` where the file is cut off or expands too far, and
    ``SourceUnavailableError`` where the connection is lost.
    """
    most_bytes = int(read.max_expanded_gb * 1e9)
    return content_of(found.open, place, size=found.size, most_bytes=most_bytes)


def _local(root: str, pattern: str, source: str, entity: str) -> tuple[str, list[Found]]:
    folder = Path(root)
    if not folder.is_dir():
        raise SourceUnavailableError(
            "this directory does not exist",
            source=source,
            entity=entity,
            where=root,
            mend="correct `root` or CXLOOP_DATA_ROOT",
        )
    paths = [path for path in folder.glob(pattern) if path.is_file()]
    return root, [_local_file(path, folder) for path in paths]


def _local_file(path: Path, folder: Path) -> Found:
    stat = path.stat()
    return Found(
        label=path.relative_to(folder).as_posix(),
        size=stat.st_size,
        stamp=f"{stat.st_size} {stat.st_mtime_ns}",
        opener=lambda: cast("BinaryIO", path.open("rb")),
    )
