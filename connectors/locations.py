"""Where files lie: a local directory, an S3-compatible store or an SFTP server."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, cast

from connectors.errors import UnusableDeclarationError
from connectors.found_files import Found, Glob, Root
from connectors.placeholders import Placeholders
from connectors.reading.chunks import Opener, Place
from connectors.reading.compression import content_of
from programme.systems import FileRead, FilesSystem

__all__ = ["Found", "decompressed", "find"]


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
        UnusableDeclarationError: when the root is of a kind that the declaration does not describe.
    """
    root = Root(placeholders.fill_address(system.root), placeholders, entity)
    found = _listing(system, read, root)
    if not found and not seen_before:
        what = f"no file matches `{read.pattern}`"
        raise root.unavailable(what, "correct `pattern`, or deliver the first file")
    return sorted(found, key=lambda file: file.label)


def decompressed(found: Found, read: FileRead, place: Place) -> Opener:
    """What opens the content of a found file from its start, decompressed as its name says.

    The stream raises ``UnreadableFileError`` where the file is cut off or expands too far, and
    ``SourceUnavailableError`` where the connection is lost or the file changed since it was found.
    """
    most_bytes = int(read.max_expanded_gb * 1e9)
    return content_of(
        found.open, place, size=found.size, most_bytes=most_bytes, at_end=found.require_unchanged
    )


def _listing(system: FilesSystem, read: FileRead, root: Root) -> list[Found]:
    glob = Glob(read.pattern)
    if root.address.startswith("s3://") and system.s3 is not None:
        from connectors.s3_files import list_s3

        return list_s3(system.s3, root, glob)
    if root.address.startswith("sftp://") and system.sftp is not None:
        from connectors.sftp_files import list_sftp

        return list_sftp(system.sftp, root, glob)
    if "://" in root.address:
        raise UnusableDeclarationError(
            "nothing says how this root is reached",
            source=root.placeholders.source,
            entity=root.entity,
            where=root.shown,
            mend="declare `s3:` or `sftp:` beside `root`",
        )
    return _list_local(root, read.pattern)


def _list_local(root: Root, pattern: str) -> list[Found]:
    folder = Path(root.address)
    if not folder.is_dir():
        mend = "correct `root` or CXLOOP_DATA_ROOT"
        raise root.unavailable("this directory does not exist", mend)
    paths = [path for path in folder.glob(pattern) if path.is_file()]
    return [_local_file(path, root, path.relative_to(folder).as_posix()) for path in paths]


def _local_file(path: Path, root: Root, label: str) -> Found:
    return Found(
        label=label,
        size=path.stat().st_size,
        stamp=_local_stamp(path),
        opener=lambda: cast("BinaryIO", path.open("rb")),
        restamp=lambda: _local_stamp(path),
        root=root,
    )


def _local_stamp(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_size} {stat.st_mtime_ns}"
