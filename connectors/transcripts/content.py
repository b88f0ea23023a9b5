"""The text of a transcript file: captions whole, JSON as a document, a list or lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from connectors.payloads import UnusableJsonError, parse
from connectors.reading.chunks import Opener, Place
from connectors.reading.decoding import undecodable, utf8_blocks
from connectors.transcripts.turns import TranscriptError

LONGEST_BYTES = 64 << 20
_BLOCK_BYTES = 1 << 20
_MEND = "deliver one call per file, or JSON lines"
_MARK = "\ufeff"


def whole_text(open_: Opener, encoding: str, place: Place) -> str:
    """The whole content.

    Raises:
        UnreadableFileError: when it is longer than 64 MiB or cannot be decoded.
    """
    content = bytearray()
    for block in utf8_blocks(open_, encoding, place, block_bytes=_BLOCK_BYTES):
        content += block
        _require_short(len(content), place)
    try:
        return content.decode("utf-8").removeprefix(_MARK)
    except UnicodeDecodeError:
        raise undecodable(open_, encoding, place) from None


def json_values(open_: Opener, encoding: str, place: Place) -> Iterator[tuple[Any, str | None]]:
    """The objects of a JSON document, of a list in it, or of JSON lines.

    With each comes its text where it stands alone, as in lines. Instead of what is no usable JSON
    comes the error that says so.

    Raises:
        UnreadableFileError: when the file is empty, when it or a line of it is longer than 64 MiB,
            or when it cannot be decoded.
    """
    lines = _lines(open_, encoding, place)
    first = next(lines, None)
    if first is None:
        raise place.unreadable("is empty", "have the file sent again")
    value = _parsed(first)
    if isinstance(value, list):
        yield from ((element, None) for element in value)
    elif isinstance(value, TranscriptError):
        rest, length = [first], len(first)
        for line in lines:
            length += len(line)
            _require_short(length, place)
            rest.append(line)
        yield from _document(rest)
        return
    else:
        yield value, first
    yield from ((_parsed(line), line) for line in lines)


def _document(lines: list[str]) -> Iterator[tuple[Any, str | None]]:
    """JSON written over several lines, or lines of which the first is none."""
    text = "\n".join(lines)
    value = _parsed(text)
    if not isinstance(value, TranscriptError):
        elements = value if isinstance(value, list) else [value]
        yield from ((element, None) for element in elements)
        return
    values = [_parsed(line) for line in lines]
    if not any(isinstance(found, dict) for found in values):
        yield value, text
        return
    yield from zip(values, lines, strict=True)


def _parsed(text: str) -> Any:
    try:
        return parse(text)
    except UnusableJsonError as error:
        return TranscriptError(str(error))
    except ValueError:
        return TranscriptError("no JSON object")


def _lines(open_: Opener, encoding: str, place: Place) -> Iterator[str]:
    """Lines with content."""
    held = b""
    try:
        for block in utf8_blocks(open_, encoding, place, block_bytes=_BLOCK_BYTES):
            whole, _, held = (held + block).rpartition(b"\n")
            _require_short(len(held), place)
            yield from _filled(whole)
        yield from _filled(held)
    except UnicodeDecodeError:
        raise undecodable(open_, encoding, place) from None


def _filled(content: bytes) -> Iterator[str]:
    for line in content.decode("utf-8").removeprefix(_MARK).split("\n"):
        if line.strip():
            yield line.strip()


def _require_short(length: int, place: Place) -> None:
    if length > LONGEST_BYTES:
        what = f"a transcript of more than {LONGEST_BYTES >> 20} MiB"
        raise place.unreadable(what, _MEND)
