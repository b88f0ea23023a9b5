"""Where the quoted values of a CSV begin and end, and which quotes are out of place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
_LINE_ENDS = (10, 13)
_NONE: Places = np.empty(0, np.int64)


@dataclass(frozen=True)
class Quoted:
    """The quoted values of a piece of CSV that begins with a row.

    Attributes:
        opens: Place of each opening quote, ascending. Of two quotes inside a value the first may
            count as closing and the second as opening, which leaves nothing outside.
        closes: Place of its closing quote; the length of the piece where it is still open.
        misplaced: Quotes that close a value in its middle.
        is_open: Whether the piece ends inside a quoted value.
    """

    opens: Places
    closes: Places
    misplaced: Places
    is_open: bool

    def holds(self, places: Places) -> Flags:
        """Which places lie inside a quoted value."""
        before = np.searchsorted(self.opens, places, side="right") - 1
        inside = before >= 0
        inside[inside] = places[inside] < self.closes[before[inside]]
        return inside

    def open_before(self, place: int) -> int | None:
        """The opening quote of the value that ``place`` lies in."""
        before = int(np.searchsorted(self.opens, place, side="right")) - 1
        return int(self.opens[before]) if before >= 0 and place < self.closes[before] else None


UNQUOTED = Quoted(_NONE, _NONE, _NONE, is_open=False)


def quoted_values(piece: bytes, *, quote: str, delimiter: str) -> Quoted:
    """Find the quoted values of ``piece``.

    A quote opens a value only at its beginning and closes it only at its end; two quotes inside are
    one character. A quote inside a value that did not begin with one is an ordinary character.
    """
    if not quote or quote.encode() not in piece:
        return UNQUOTED
    codes = np.frombuffer(piece, np.uint8)
    places = np.flatnonzero(codes == ord(quote))
    # as if every quote were in its place: they open and close in turn
    opens, closes = places[::2].copy(), places[1::2].copy()
    neighbours = np.zeros(256, np.bool_)
    neighbours[[ord(quote), ord(delimiter), *_LINE_ENDS]] = True
    begins = neighbours[codes[np.maximum(opens - 1, 0)]]
    ends = neighbours[codes[np.minimum(closes + 1, len(codes) - 1)]]
    if begins.all() and ends.all():
        return _of(opens, closes, _NONE, length=len(piece))
    return exactly_quoted(piece, quote=quote, delimiter=delimiter)


def exactly_quoted(piece: bytes, *, quote: str, delimiter: str) -> Quoted:
    """The same, each value from its first quote to its last, wherever quotes are out of place."""
    codes = np.frombuffer(piece, np.uint8)
    places = np.flatnonzero(codes == ord(quote))
    heads = np.flatnonzero(np.diff(places, prepend=-2) != 1)
    starts = places[heads]
    lengths = np.diff(heads, append=len(places))
    begins = _at_boundary(codes, starts - 1, delimiter)
    ends = _at_boundary(codes, starts + lengths, delimiter)
    opens: list[int] = []
    closes: list[int] = []
    misplaced: list[int] = []
    inside = False
    runs = zip(starts.tolist(), lengths.tolist(), begins.tolist(), ends.tolist(), strict=True)
    for start, count, at_begin, at_end in runs:
        if inside:
            closing = count % 2 == 1
        elif at_begin:
            opens.append(start)
            closing = count % 2 == 0
            inside = True
        else:
            continue
        if closing:
            inside = False
            closes.append(start + count - 1)
            if not at_end:
                misplaced.append(start + count - 1)
    found = (np.array(part, np.int64) for part in (opens, closes, misplaced))
    return _of(*found, length=len(piece))


def _of(opens: Places, closes: Places, misplaced: Places, *, length: int) -> Quoted:
    is_open = len(opens) > len(closes)
    if is_open:
        closes = np.append(closes, length)
    return Quoted(opens, closes, misplaced, is_open)


def _at_boundary(codes: Bytes, places: Places, delimiter: str) -> Flags:
    outside = (places < 0) | (places >= len(codes))
    found = codes[np.clip(places, 0, len(codes) - 1)]
    boundary: Flags = outside | np.isin(found, [ord(delimiter), *_LINE_ENDS])
    return boundary
