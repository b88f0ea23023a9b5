"""JSON lines: one object a line, kept as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from connectors.reading.chunks import Chunk, Opener, Place, refusal
from connectors.reading.decoding import undecodable, utf8_blocks
from connectors.reading.framing import Block, Form, whole_rows
from connectors.rows import json_rows
from programme.systems import FileRead

_BLOCK_BYTES = 1 << 22  # parsed JSON takes some ten times its text
_LINES = Form(quote="")


def read_json_lines(
    open_: Opener, read: FileRead, place: Place, *, withhold: bool
) -> Iterator[Chunk]:
    """The objects of a file of JSON lines; blank lines are none.

    Raises:
        UnreadableFileError: when it is not in the declared encoding, or a line is too long.
    """
    pieces = partial(utf8_blocks, open_, read.encoding, place, block_bytes=_BLOCK_BYTES)
    for block in whole_rows(pieces, _LINES, place):
        try:
            texts = _lines(block)
        except UnicodeDecodeError:
            raise undecodable(open_, read.encoding, place) from None
        rows, reasons = json_rows(texts)
        refusals = (refusal(why, texts[row], withhold=withhold) for row, why in reasons.items())
        yield Chunk(rows, tuple(refusals))


def _lines(block: Block) -> list[str]:
    text = block.content.decode()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return [line.strip() for line in text.split("\n") if line and not line.isspace()]
