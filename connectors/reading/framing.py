"""Text in UTF-8 is cut into blocks of whole rows, with bounded memory."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

import numpy as np
import numpy.typing as npt

from connectors.errors import UnreadableFileError
from connectors.reading.chunks import Place
from connectors.reading.quoting import UNQUOTED, Places, Quoted, exactly_quoted, quoted_values

BLOCK_BYTES = 1 << 24
LONGEST_ROW_BYTES = 1 << 26
_MARK = re.compile(rb"(?<![^\r\n])(?:\xef\xbb\xbf)+")


@dataclass(frozen=True)
class Form:
    """How rows are told apart.

    Attributes:
        delimiter: Between values; unused where ``quote`` is empty.
        quote: Around values that may hold line breaks; empty where a line is a row.
    """

    delimiter: str = ","
    quote: str = '"'


@dataclass(frozen=True)
class Block:
    """Whole rows.

    Attributes:
        content: UTF-8.
        start: Where it begins in all rows as UTF-8, in bytes.
        quoted: Its quoted values.
        left_out: Rows of a footer that followed it.
        is_whole: False for the beginning of a row that is too long or never ends.
    """

    content: bytes
    start: int
    quoted: Quoted
    left_out: int = 0
    is_whole: bool = True

    @property
    def lines(self) -> int:
        """How many lines end in it."""
        codes = np.frombuffer(self.content, np.uint8)
        feeds = int(np.count_nonzero(codes == 10))
        if b"\r" not in self.content:
            return feeds
        return feeds + self.content.count(b"\r") - self.content.count(b"\r\n")

    def bounds(self) -> tuple[Places, Places]:
        """Begin and end of every row, blank ones included, without its line break."""
        codes = np.frombuffer(self.content, np.uint8)
        is_end = codes == 10
        returns = np.flatnonzero(codes == 13)
        alone = returns[~_followed_by_line_feed(codes, returns)]
        is_end[alone] = True
        ends = np.flatnonzero(is_end)
        ends = ends[~self.quoted.holds(ends)]
        begins = np.concatenate(([0], ends + 1))
        if begins[-1] == len(codes):
            begins = begins[:-1]
        else:
            ends = np.append(ends, len(codes))
        feeds = (ends > begins) & (ends < len(codes))
        shorten = np.zeros(len(ends), np.int64)
        at = ends[feeds]
        shorten[feeds] = (codes[at] == 10) & (codes[at - 1] == 13)
        return begins, ends - shorten

    def filled(self) -> tuple[Places, Places]:
        """Begin and end of every row that is not blank, without its line break."""
        begins, ends = self.bounds()
        return begins[begins < ends], ends[begins < ends]


def whole_rows(read: Callable[[], Iterable[bytes]], form: Form, place: Place) -> Iterator[Block]:
    """Cut what ``read`` gives where rows end; it is called again to say in which line it fails.

    A byte order mark at the beginning of a row is where files were joined, and is no data.

    Raises:
        UnreadableFileError: for a row that is too long, or a quoted value that is never closed.
    """
    rest = Block(b"", 0, UNQUOTED)
    for block in _cut_up(read(), form):
        if not block.is_whole:
            rest = block
            break
        yield block
    if rest.content:
        before = takewhile(lambda block: block.is_whole, _cut_up(read(), form))
        lines = 1 + sum(block.lines for block in before)
        raise _unreadable(rest, lines, form, place)


def _cut_up(pieces: Iterable[bytes], form: Form) -> Iterator[Block]:
    """Blocks of whole rows; the last one may be the beginning of a row that cannot be read."""
    position, rest = 0, b""
    for piece in pieces:
        rest += piece
        if b"\xef" in rest and codecs.BOM_UTF8 in rest:
            rest = _MARK.sub(b"", rest)
        block = _cut(rest, position, form)
        if block is None:
            if len(rest) > LONGEST_ROW_BYTES:
                yield replace(framed(rest, position, form), is_whole=False)
                return
            continue
        yield block
        consumed = len(block.content)
        rest, position = rest[consumed:], position + consumed
    if rest:
        block = framed(rest, position, form)
        yield replace(block, is_whole=not block.quoted.is_open)


def without_footer(blocks: Iterable[Block], rows: int, form: Form) -> Iterator[Block]:
    """``blocks`` without the last ``rows`` that are not blank."""
    held: list[tuple[Block, int]] = []
    for block in blocks:
        held.append((block, len(block.filled()[0])))
        while sum(count for _, count in held[1:]) >= rows:
            yield held.pop(0)[0]
    if held:
        end = framed(b"".join(block.content for block, _ in held), held[0][0].start, form)
        begins, _ = end.filled()
        kept = max(len(begins) - rows, 0)
        cut = _until(end, int(begins[kept])) if kept < len(begins) else end
        yield replace(cut, left_out=len(begins) - kept)


def framed(content: bytes, start: int, form: Form) -> Block:
    """``content``, which is whole rows, as a block."""
    quoted = quoted_values(content, quote=form.quote, delimiter=form.delimiter)
    return Block(content, start, quoted)


def _followed_by_line_feed(codes: npt.NDArray[np.uint8], places: Places) -> npt.NDArray[np.bool_]:
    following = np.minimum(places + 1, len(codes) - 1)
    feeds: npt.NDArray[np.bool_] = codes[following] == 10
    return feeds


def _cut(content: bytes, start: int, form: Form) -> Block | None:
    """The whole rows at the beginning of ``content``; None where not even one has ended."""
    quoted = quoted_values(content, quote=form.quote, delimiter=form.delimiter)
    # a line feed may still follow a carriage return at the very end
    limit = len(content) - content.endswith(b"\r")
    while True:
        end = max(content.rfind(b"\n", 0, limit), content.rfind(b"\r", 0, limit))
        if end < 0:
            return None
        opened = quoted.open_before(end)
        if opened is None:
            return _until(Block(content, start, quoted), end + 1)
        limit = opened


def _until(block: Block, end: int) -> Block:
    quoted = block.quoted
    if quoted is not UNQUOTED:
        count = int(np.searchsorted(quoted.opens, end))
        wrong = int(np.searchsorted(quoted.misplaced, end))
        opens, closes = quoted.opens[:count], quoted.closes[:count]
        quoted = Quoted(opens, closes, quoted.misplaced[:wrong], is_open=False)
    return Block(block.content[:end], block.start, quoted)


def _unreadable(block: Block, lines: int, form: Form, place: Place) -> UnreadableFileError:
    if block.quoted.is_open:
        return _never_closed(block, lines, form, place)
    what = f"line {lines} begins a row of more than {LONGEST_ROW_BYTES} bytes"
    return place.unreadable(what, "have the file sent again with a line break after every row")


def _never_closed(block: Block, lines: int, form: Form, place: Place) -> UnreadableFileError:
    quoted = exactly_quoted(block.content, quote=form.quote, delimiter=form.delimiter)
    opened = _until(block, int(quoted.opens[-1]))
    what = f"line {lines + opened.lines} begins a quoted value that is never closed"
    mend = 'have it sent again with whole quotes, or declare `quote: ""` if its quotes are text'
    return place.unreadable(what, mend)
