"""Compressed files as streams that say what is wrong with them and end at a declared size."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from connectors.errors import ConnectorError
from connectors.reading.chunks import Opener, Place

MOST_TIMES = 200  # text of any sense is not compressed further
FREE_BYTES = 1 << 27  # up to here the ratio says nothing
_BUFFER_BYTES = 1 << 20
_FAULTS = (EOFError, OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError)
_AGAIN = "have the file sent again; it was cut off or is not what its name says"


def content_of(
    open_: Opener, place: Place, *, size: int, most_bytes: int, at_end: Callable[[], None]
) -> Opener:
    """What opens the content of the file, decompressed as the end of its name says.

    Args:
        open_: Opens the file as it lies there.
        place: The file.
        size: Its size, in bytes.
        most_bytes: How large the content of a compressed file may be.
        at_end: Called where the content ends; may refuse what was read.

    The stream raises ``UnreadableFileError`` where the file is cut off, is no such archive, holds
    more than one file, or expands beyond ``most_bytes`` or to more than 200 times its size.
    """
    expand = _EXPAND.get(PurePosixPath(place.label.lower()).suffix)
    limit = None if expand is None else (most_bytes, max(FREE_BYTES, MOST_TIMES * size))

    def opened() -> BinaryIO:
        try:
            file = open_()
        except OSError as error:
            raise _named(error, place) from None
        try:
            content = file if expand is None else expand(file, place)
        except BaseException as error:
            file.close()
            raise _named(error, place) from None
        return cast("BinaryIO", io.BufferedReader(_Content(content, file, place, limit, at_end)))

    return opened


class _Content(io.RawIOBase):
    """A stream whose faults are named."""

    def __init__(
        self,
        content: Any,
        file: BinaryIO,
        place: Place,
        limit: tuple[int, int] | None,
        at_end: Callable[[], None],
    ) -> None:
        self.content = content
        self.file = file
        self.place = place
        self.limit = limit
        self.at_end = at_end
        self.count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        try:
            block = self.content.read(len(view))
            if not block:
                self.at_end()
        except _FAULTS as error:
            raise _named(error, self.place) from None
        view[: len(block)] = block
        self.count += len(block)
        if self.limit is not None and self.count > min(self.limit):
            raise self._too_large(*self.limit)
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self.content.close()
            self.file.close()
        super().close()

    def _too_large(self, most_bytes: int, by_ratio: int) -> ConnectorError:
        if self.count > most_bytes:
            what = f"expands to more than {most_bytes / 1e9:g} GB"
            return self.place.unreadable(
                what, "declare a larger `max_expanded_gb` if that is meant"
            )
        what = f"expands to more than {by_ratio} bytes, {MOST_TIMES} times its size"
        return self.place.unreadable(what, "have it sent uncompressed if that is its content")


def _named(error: BaseException, place: Place) -> BaseException:
    if isinstance(error, ConnectorError) or not isinstance(error, _FAULTS):
        return error
    if isinstance(error, OSError) and error.errno is not None:
        mend = "make the file readable for cxloop, then run again"
        return place.unreadable(f"cannot be read ({error.strerror})", mend)
    return place.unreadable(f"cannot be decompressed ({error})", _AGAIN)


def _gzip(file: BinaryIO, _: Place) -> Any:
    return gzip.GzipFile(fileobj=file, mode="rb")


def _zstd(file: BinaryIO, _: Place) -> Any:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd")


def _zip(file: BinaryIO, place: Place) -> Any:
    archive = zipfile.ZipFile(file)
    members = [member for member in archive.infolist() if not _is_beside(member.filename)]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:5]) or "none"
        what = f"holds {len(members)} files ({names}) instead of one"
        raise place.unreadable(what, "have each file sent in an archive of its own")
    if members[0].flag_bits & 1:
        raise place.unreadable("is encrypted", "have it sent without a password, over SFTP or S3")
    return archive.open(members[0])


def _is_beside(name: str) -> bool:
    """Folders, and what macOS puts into archives."""
    return name.endswith(("/", ".DS_Store")) or name.startswith("__MACOSX/")


_EXPAND: dict[str, Callable[[BinaryIO, Place], Any]] = {".gz": _gzip, ".zst": _zstd, ".zip": _zip}
