"""Column names from the rows that hold them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from connectors.reading.chunks import Opener, Place
from connectors.reading.decoding import undecodable, utf8_blocks
from connectors.reading.framing import Form, whole_rows
from connectors.rows import OWN_COLUMNS
from programme.systems import FileRead

_PIECE_BYTES = 1 << 20


@dataclass(frozen=True)
class Header:
    """Where the data of a CSV begin.

    Attributes:
        names: The columns.
        data_start: Where the first data row begins in all rows as UTF-8, in bytes.
    """

    names: tuple[str, ...]
    data_start: int


def csv_header(open_: Opener, read: FileRead, place: Place) -> Header:
    """Read the columns of a CSV.

    Raises:
        UnreadableFileError: when there is no header, it names a column twice, or it cannot be read.
    """
    wanted = rows_before_data(read)
    rows: list[str] = []
    end = 0
    for text, after in _first_rows(open_, read, place) if wanted else ():
        rows.append(text)
        end = after
        if len(rows) == wanted:
            break
    if read.names:
        return Header(distinct(read.names, place), end)
    cells = [_cells(row, read, place) for row in rows]
    return Header(names_of(cells, read, place), end)


def rows_before_data(read: FileRead) -> int:
    """How many rows stand before the first data row, title, header and unit rows together."""
    header = 0 if read.names else read.header_row - 1 + read.header_rows
    return header + read.skip_after_header


def names_of(
    rows: Sequence[Sequence[str]], read: FileRead, place: Place, *, filled: bool = False
) -> tuple[str, ...]:
    """Column names from the first rows of a file or sheet.

    Where several rows name the columns, an empty cell stands for its left neighbour in all but the
    last row, unless the merged cells are known and ``filled``. A word that repeats the one above it
    stands once.

    Raises:
        UnreadableFileError: when there is no header, or it names a column twice.
    """
    first = read.header_row - 1
    header = rows[first : first + read.header_rows]
    if len(header) < read.header_rows or not any(cell.strip() for row in header for cell in row):
        raise _no_header(rows, read, place)
    width = max(map(len, header))
    lines = [[*row, *[""] * (width - len(row))] for row in header]
    if len(lines) > 1:
        lines = lines if filled else [*map(_filled, lines[:-1]), lines[-1]]
        joined = [_joined(parts) for parts in zip(*lines, strict=True)]
    else:
        joined = lines[0]
    named = (name or f"column_{place}" for place, name in enumerate(joined, start=1))
    return distinct(tuple(named), place)


def distinct(names: Sequence[str], place: Place) -> tuple[str, ...]:
    """``names``, each of which stands there once.

    Raises:
        UnreadableFileError: naming those that stand there more than once, are reserved or hold a
            NUL.
    """
    reserved = [name for name in OWN_COLUMNS if name in names]
    if reserved:
        what = f"the header names {', '.join(reserved)}, which cxloop adds itself"
        raise place.unreadable(
            what, "have it renamed, or declare `names` and `skip_after_header: 1`"
        )
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        what = f"the header names {', '.join(double)} more than once"
        mend = "have every column named once, or declare `names` and `skip_after_header: 1`"
        raise place.unreadable(what, mend)
    if any("\0" in name for name in names):
        what = "the header holds NUL characters, as UTF-16 read in another encoding does"
        raise place.unreadable(what, "declare the file's `encoding`, for example utf-16")
    return tuple(names)


def skipped(read: FileRead) -> re.Pattern[str] | None:
    """The pattern of rows that are no data."""
    return None if read.skip_pattern is None else re.compile(read.skip_pattern)


def _no_header(rows: Sequence[Sequence[str]], read: FileRead, place: Place) -> Exception:
    if not any(cell for row in rows for cell in row):
        what = "the file is empty, without a header"
        mend = "have the file sent again; an export without rows still has its header"
        return place.unreadable(what, mend)
    last = read.header_row - 1 + read.header_rows
    what = f"there is no header in row {last}: {len(rows)} rows were read, the last one blank"
    if len(rows) < last:
        what = f"the header should end in row {last}, and there are only {len(rows)} rows"
    return place.unreadable(what, "correct `header_row` and `header_rows`")


def _joined(parts: Sequence[str]) -> str:
    return " ".join(word for word, _ in groupby(part.strip() for part in parts) if word)


def _filled(cells: list[str]) -> list[str]:
    filled: list[str] = []
    for cell in cells:
        filled.append(cell if cell.strip() or not filled else filled[-1])
    return filled


def _first_rows(open_: Opener, read: FileRead, place: Place) -> Iterator[tuple[str, int]]:
    """Every row that counts, as text without its line break, and where the next one begins."""
    pattern = skipped(read)
    pieces = partial(utf8_blocks, open_, read.encoding, place, block_bytes=_PIECE_BYTES)
    for block in whole_rows(pieces, Form(read.delimiter, read.quote), place):
        begins, ends = (places.tolist() for places in block.bounds())
        following = [*begins[1:], len(block.content)]
        for begin, end, after in zip(begins, ends, following, strict=True):
            try:
                text = block.content[begin:end].decode()
            except UnicodeDecodeError:
                raise undecodable(open_, read.encoding, place) from None
            if pattern is None or not pattern.match(text):
                yield text, block.start + after


def _cells(row: str, read: FileRead, place: Place) -> list[str]:
    if read.quote:
        reader = csv.reader([row], delimiter=read.delimiter, quotechar=read.quote)
    else:
        reader = csv.reader([row], delimiter=read.delimiter, quoting=csv.QUOTE_NONE)
    try:
        return next(iter(reader), [])
    except csv.Error as error:
        raise place.unreadable(f"its header cannot be read ({error})", "correct it") from None
