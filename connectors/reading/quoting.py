"""Where the quoted values of a CSV begin and end, and which quotes are out of place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
_NONE: Places = np.empty(0, np.int64)


@dataclass(frozen=True)
class Quoted:
    """The quoted values of a piece of CSV that begins with a row.

    Attributes:
        opens: Place of each opening quote, ascending.
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
    heads = np.flatnonzero(np.diff(places, prepend=-2) != 1)
    starts = places[heads]
    lengths = np.diff(heads, append=len(places))
    begins = _at_boundary(codes, starts - 1, delimiter)
    ends = _at_boundary(codes, starts + lengths, delimiter)
    is_odd = lengths % 2 == 1
    # as if every quote were in its place: each odd run opens or closes
    inside = (np.cumsum(is_odd) - is_odd) % 2 == 1
    wrong = np.where(inside, is_odd & ~ends, ~begins | (~is_odd & ~ends))
    if not wrong.any():
        toggles = starts[is_odd]
        ended = (starts + lengths - 1)[is_odd]
        opens, closes = toggles[::2], ended[1::2]
        return _of(opens, closes, _NONE, length=len(piece))
    return _one_by_one(starts, lengths, begins, ends, len(piece))


def _of(opens: Places, closes: Places, misplaced: Places, *, length: int) -> Quoted:
    is_open = len(opens) > len(closes)
    if is_open:
        closes = np.append(closes, length)
    return Quoted(opens, closes, misplaced, is_open)


def _at_boundary(codes: Bytes, places: Places, delimiter: str) -> Flags:
    outside = (places < 0) | (places >= len(codes))
    found = codes[np.clip(places, 0, len(codes) - 1)]
    boundary: Flags = outside | (found == ord(delimiter)) | (found == 10) | (found == 13)
    return boundary


def _one_by_one(
    starts: Places,
    lengths: Places,
    begins: Flags,
    ends: Flags,
    length: int,
) -> Quoted:
    """The same where some quote is out of place, so that what follows depends on it."""
    opens: list[int] = []
    closes: list[int] = []
    misplaced: list[int] = []
    inside = False
    rows = zip(starts.tolist(), lengths.tolist(), begins.tolist(), ends.tolist(), strict=True)
    for start, count, at_begin, at_end in rows:
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
    found = (np.array(places, np.int64) for places in (opens, closes, misplaced))
    return _of(*found, length=length)
