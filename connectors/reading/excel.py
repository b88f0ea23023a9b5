"""One sheet of an Excel workbook as text, formulas as their values."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa

from connectors.reading.chunks import Chunk, Opener, Place, refusal
from connectors.reading.headers import distinct, names_of, rows_before_data, skipped
from connectors.reading.spooling import seekable
from connectors.reading.workbook_parts import cell_errors, require_sound
from connectors.rows import Refusal, TableRows
from programme.systems import FileRead

_CHUNK_ROWS = 20_000
_MOST_DIGITS = 1e15
_MERGED = "stands in a merged cell, whose value belongs to no single row and column"
_BEYOND = "has a value beyond the last named column"


@dataclass(frozen=True)
class SheetRow:
    """One row of a sheet.

    Attributes:
        cells: As text; empty where there is nothing.
        merged: Column from 0 -> what the merged cell holds that it belongs to.
    """

    cells: tuple[str, ...]
    merged: dict[int, str]

    @property
    def text(self) -> str:
        """The cells with tabs between them, as where the row is copied."""
        return "\t".join(self.cells).rstrip("\t")

    @property
    def filled(self) -> list[str]:
        """The cells, with a merged one's value in each of them."""
        return [self.merged.get(column, cell) for column, cell in enumerate(self.cells)]


def read_excel(open_: Opener, read: FileRead, place: Place, *, withhold: bool) -> Iterator[Chunk]:
    """The rows of a sheet after its header; blank ones are none.

    Raises:
        UnreadableFileError: when it is no workbook, or has no such sheet or header.
    """
    with seekable(open_, place) as file:
        left: list[SheetRow] = []
        rows = _counted(_sheet_rows(file, read, place), read, left)
        names = _names(rows, read, place)
        reader = _ChunkMaker(names, place, withhold=withhold)
        filled = (row for row in rows if row.text)
        data = _without_last(filled, read.skip_footer, left)
        while batch := list(islice(data, _CHUNK_ROWS)):
            yield reader.chunk(batch, left)


def excel_header(open_: Opener, read: FileRead, place: Place) -> list[str]:
    """The columns of the sheet.

    Raises:
        UnreadableFileError: when it is no workbook, or has no such sheet or header.
    """
    with seekable(open_, place) as file:
        return list(_names(_counted(_sheet_rows(file, read, place), read, []), read, place))


class _ChunkMaker:
    """Rows of one sheet become chunks; what cannot be one row of the named columns is refused."""

    def __init__(self, names: Sequence[str], place: Place, *, withhold: bool) -> None:
        self.names = names
        self.place = place
        self.withhold = withhold
        self.count = 0

    def chunk(self, rows: Sequence[SheetRow], left: list[SheetRow]) -> Chunk:
        """The next rows; ``left`` are those left out since, and is emptied."""
        width = len(self.names)
        good: list[SheetRow] = []
        numbers: list[int] = []
        refused: list[Refusal] = []
        for number, row in enumerate(rows, start=self.count + 1):
            problem = _MERGED if row.merged else _BEYOND if any(row.cells[width:]) else ""
            if problem:
                refused.append(refusal(problem, row.text, withhold=self.withhold))
            else:
                good.append(row)
                numbers.append(number)
        self.count += len(rows)
        columns: dict[str, Any] = {
            name: pa.array([row.cells[column] for row in good], pa.string())
            for column, name in enumerate(self.names)
        }
        columns["_file"] = pa.repeat(pa.scalar(self.place.label), len(good))
        columns["_row"] = pa.array(numbers, pa.int64())
        count = len(left)
        left.clear()
        return Chunk(TableRows(pa.table(columns)), tuple(refused), count)


def _names(rows: Iterator[SheetRow], read: FileRead, place: Place) -> tuple[str, ...]:
    header = [row.filled for row in islice(rows, rows_before_data(read))]
    if read.names:
        return distinct(read.names, place)
    width = max(
        (column + 1 for row in header for column, cell in enumerate(row) if cell), default=0
    )
    return names_of([row[:width] for row in header], read, place, filled=True)


def _counted(rows: Iterable[SheetRow], read: FileRead, left: list[SheetRow]) -> Iterator[SheetRow]:
    pattern = skipped(read)
    for row in rows:
        if pattern is not None and pattern.match(row.text):
            left.append(row)
        else:
            yield row


def _without_last(rows: Iterable[SheetRow], count: int, left: list[SheetRow]) -> Iterator[SheetRow]:
    held: deque[SheetRow] = deque()
    for row in rows:
        held.append(row)
        if len(held) > count:
            yield held.popleft()
    left.extend(held)


def _sheet_rows(file: BinaryIO, read: FileRead, place: Place) -> Iterator[SheetRow]:
    """Every row from the first of the sheet on, as wide as the widest one or the names."""
    require_sound(file, place, most_bytes=int(read.max_expanded_gb * 1e9))
    sheet = _sheet(file, read, place)
    if sheet.start is None:
        return
    errors = cell_errors(file, sheet.name, place)
    before = sheet.start[1]
    width = max(before + sheet.width, len(read.names))
    merged = _merged(sheet, before)
    for number, values in enumerate(sheet.iter_rows()):
        cells = [*[""] * before, *map(_text, values)]
        cells += [""] * (width - len(cells))
        for column, word in errors.get(number, {}).items():
            cells[column] = word
        yield SheetRow(tuple(cells), merged.get(number, {}))


def _sheet(file: BinaryIO, read: FileRead, place: Place) -> Any:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        file.seek(0)
        workbook = CalamineWorkbook.from_filelike(file)
        names = workbook.sheet_names
        name = names[read.sheet - 1] if isinstance(read.sheet, int) else read.sheet
        if name in names:
            return workbook.get_sheet_by_name(name)
    except IndexError:
        pass
    except CalamineError as error:
        mend = "have it sent as .xlsx, without a password"
        raise place.unreadable(f"is no Excel workbook that can be read ({error})", mend) from None
    what = f"has no sheet `{read.sheet}`; its sheets are {', '.join(names)}"
    raise place.unreadable(what, "correct `sheet`: a name, or a number from 1")


def _merged(sheet: Any, before: int) -> dict[int, dict[int, str]]:
    """Row -> column -> what the merged cell there holds; both from 0."""
    ranges = sheet.merged_cell_ranges or []
    if not ranges:
        return {}
    last = max(bottom for _, (bottom, _) in ranges)
    values = list(islice(sheet.iter_rows(), last + 1))
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for (top, left), (bottom, right) in ranges:
        inside = top < len(values) and 0 <= left - before < len(values[top])
        value = _text(values[top][left - before]) if inside else ""
        for row in range(top, bottom + 1):
            found[row] |= dict.fromkeys(range(left, right + 1), value)
    return found


def _text(value: Any) -> str:
    """A cell as text: whole numbers without a point, instants as ISO 8601, durations as H:MM:SS.

    Example:
        >>> _text(5.0), _text(0.1), _text(True), _text(dt.datetime(2026, 7, 1, 9, 30))
        ('5', '0.1', 'true', '2026-07-01T09:30:00')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _MOST_DIGITS else repr(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(value.total_seconds(), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours:.0f}:{minutes:02.0f}:{seconds:02.0f}"
    return str(value)
