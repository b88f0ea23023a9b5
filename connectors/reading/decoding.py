"""Any declared encoding becomes UTF-8, a block at a time; what cannot be decoded is located."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from connectors.errors import UnreadableFileError
from connectors.reading.chunks import Opener, Place

_SCANNED = 1 << 20
_UTF8 = ("utf-8", "utf-8-sig")
# a few of their characters can be UTF-8 by chance, as those of no other encoding can
_EAST_ASIAN = ("cp932", "cp949", "cp950", "shift", "euc", "gb", "big5", "johab", "hz", "iso2022")
_BY_CHANCE = 8
_MARKS = (
    (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
)
_MEND = "declare the `encoding` in which the file is written, for example utf-8, cp932 or cp1252"


def utf8_blocks(open_: Opener, encoding: str, place: Place, *, block_bytes: int) -> Iterator[bytes]:
    """The content in UTF-8, about ``block_bytes`` at a time.

    UTF-8 itself is passed on as it is, unchecked: whoever cannot decode it calls ``undecodable``.

    Raises:
        UnreadableFileError: for an unknown encoding, a byte order mark of another one, and bytes
            that the encoding does not have.
    """
    name = _codec(encoding, place)
    with open_() as file:
        first = _read(file, block_bytes)
        _require_declared(first, name, encoding, place)
        if name in _UTF8:
            yield from _as_it_is(first, file, block_bytes)
        else:
            yield from _transcoded(first, file, encoding, place, block_bytes)


def undecodable(open_: Opener, encoding: str, place: Place) -> UnreadableFileError:
    """The error that says where the content stops being of the declared encoding."""
    try:
        with open_() as file:
            for _ in _transcoded(file.read(_SCANNED), file, encoding, place, _SCANNED):
                pass
    except UnreadableFileError as error:
        return error
    return place.unreadable(f"cannot be read as {encoding}", _MEND)


def _codec(encoding: str, place: Place) -> str:
    try:
        "".encode(encoding)  # refuses what is no encoding of text, such as hex
        return codecs.lookup(encoding).name
    except LookupError:
        raise place.unreadable(f"`{encoding}` is no encoding", _MEND) from None


def _require_declared(first: bytes, name: str, encoding: str, place: Place) -> None:
    for mark, marked, exactly in _MARKS:
        if first.startswith(mark):
            if name not in (marked, exactly):
                what = f"begins with the byte order mark of {marked}, and {encoding} is declared"
                raise place.unreadable(what, f"declare `encoding: {marked}`")
            return
    wide = name.startswith(("utf-16", "utf-32"))
    if wide and first and b"\0" not in first:
        what = f"holds no zero byte, which every {encoding} file of rows does"
        raise place.unreadable(what, _MEND)
    least = _BY_CHANCE if name.startswith(_EAST_ASIAN) else 1
    if not wide and name not in _UTF8 and _is_utf8(first, least=least):
        what = f"reads as UTF-8 without a fault, and {encoding} is declared"
        raise place.unreadable(what, "declare `encoding: utf-8`")


def _is_utf8(block: bytes, *, least: int) -> bool:
    """Whether it is UTF-8 with ``least`` characters beyond ASCII; it may end in the middle."""
    if block.isascii():
        return False
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(block)
    except UnicodeDecodeError:
        return False
    return len(text) - len(text.encode("ascii", "ignore")) >= least


def _read(file: BinaryIO, count: int) -> bytes:
    """The next ``count`` bytes, fewer only at the end: some streams give less at a time."""
    block = file.read(count)
    if not block or len(block) == count:
        return block
    parts, missing = [block], count - len(block)
    while missing and (block := file.read(missing)):
        parts.append(block)
        missing -= len(block)
    return b"".join(parts)


def _as_it_is(block: bytes, file: BinaryIO, block_bytes: int) -> Iterator[bytes]:
    while block:
        yield block
        block = _read(file, block_bytes)


def _transcoded(
    block: bytes, file: BinaryIO, encoding: str, place: Place, block_bytes: int
) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    position, is_last = 0, False
    while not is_last:
        is_last = not block
        try:
            text = decoder.decode(block, final=is_last)
        except UnicodeDecodeError as error:
            # the decoder puts the bytes it held back before those it was given
            at = position - (len(error.object) - len(block)) + error.start
            found = error.object[error.start : error.start + 4].hex(" ")
            what = f"byte {at} ({found}) is no {encoding} ({error.reason})"
            raise place.unreadable(what, _MEND) from None
        except UnicodeError as error:
            what = f"cannot be read as {encoding} ({error})"
            raise place.unreadable(what, _MEND) from None
        if text:
            yield text.encode("utf-8", "surrogatepass")
        position += len(block)
        block = b"" if is_last else _read(file, block_bytes)
