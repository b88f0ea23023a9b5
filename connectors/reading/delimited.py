"""CSV in every dialect: all columns as text, rows that are none set aside, memory bounded."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from connectors.reading.chunks import Chunk, Opener, Place, refusal
from connectors.reading.decoding import undecodable, utf8_blocks
from connectors.reading.framing import (
    BLOCK_BYTES,
    Block,
    Form,
    framed,
    whole_rows,
    without_footer,
)
from connectors.reading.headers import Header, csv_header, skipped
from connectors.rows import Refusal, TableRows
from connectors.unread import Unread
from programme.systems import FileRead

_MISPLACED = "a quote closes a value in its middle"
_NUL = "holds a NUL character"
_REPEATED = "repeats the header"
Numbers = npt.NDArray[np.int64]


def read_delimited(
    open_: Opener,
    read: FileRead,
    place: Place,
    *,
    withhold: bool,
    columns: Collection[str] | None = None,
) -> Iterator[Chunk]:
    """The rows of a CSV after its header; ``columns`` at once, others where they are asked for.

    Raises:
        UnreadableFileError: when it is not written as declared.
    """
    header = csv_header(open_, read, place)
    reader = _BlockReader(open_, read, place, header.names, withhold=withhold, columns=columns)
    form = Form(read.delimiter, read.quote)
    pieces = partial(utf8_blocks, open_, read.encoding, place, block_bytes=BLOCK_BYTES)
    blocks = _after(header, whole_rows(pieces, form, place), form)
    if read.skip_footer:
        blocks = without_footer(blocks, read.skip_footer, form)
    for block in blocks:
        yield reader.chunk(block)


def _after(header: Header, blocks: Iterable[Block], form: Form) -> Iterator[Block]:
    """The data of the blocks."""
    for block in blocks:
        before = header.data_start - block.start
        if before <= 0:
            yield block
        elif before < len(block.content):
            yield framed(block.content[before:], header.data_start, form)


class _RowBounds:
    """The rows of a block that are not blank."""

    def __init__(self, block: Block) -> None:
        self.content = block.content
        self.begins, self.ends = block.filled()

    def __len__(self) -> int:
        return len(self.begins)

    def text(self, row: int) -> str:
        """The row as received."""
        return self.content[self.begins[row] : self.ends[row]].decode(errors="replace")

    def holding(self, places: Numbers) -> list[int]:
        """The rows in which the places lie."""
        return sorted({int(row) for row in np.searchsorted(self.begins, places, "right") - 1})

    def without(self, rows: Sequence[int]) -> bytes:
        """The content without the rows."""
        kept, position = [], 0
        for row in sorted(rows):
            kept.append(self.content[position : self.begins[row]])
            position = int(self.ends[row])
        return b"".join([*kept, self.content[position:]])


class _BlockReader:
    """Turns blocks of one file into chunks, numbering the rows."""

    def __init__(
        self,
        open_: Opener,
        read: FileRead,
        place: Place,
        names: Sequence[str],
        *,
        withhold: bool,
        columns: Collection[str] | None,
    ) -> None:
        self.open_ = open_
        self.read = read
        self.place = place
        self.names = list(names)
        self.withhold = withhold
        self.skipped = skipped(read)
        self.count = 0
        # the first tells a header that is repeated
        wanted = [name for name in names[1:] if columns is None or name in columns]
        self.wanted = [*names[:1], *wanted]

    def chunk(self, block: Block) -> Chunk:
        """The rows of the block and what is wrong with the others."""
        parsing = _Parsing(self, block)
        bad = parsing.misread()
        left = parsing.left_out()
        apart = sorted({*bad, *left})
        if not apart and len(self.wanted) < len(self.names):
            chunk = self._ordinary(parsing)
            if chunk is not None:
                return chunk
        content = parsing.bounds.without(apart) if apart else block.content
        table, ragged = parsing.parsed(content)
        total = table.num_rows + len(ragged) + len(apart)
        numbers = np.delete(np.arange(total), apart) if apart else np.arange(total)
        for row, reason in ragged.items():
            bad[int(numbers[row])] = reason
        if ragged:
            numbers = np.delete(numbers, list(ragged))
        repeated = self._repeating_header(table)
        if repeated:
            bad |= dict.fromkeys(numbers[repeated].tolist(), _REPEATED)
            numbers = np.delete(numbers, repeated)
            table = table.take(np.delete(np.arange(table.num_rows), repeated))
        refusals = parsing.refusals({row: why for row, why in bad.items() if row not in left})
        numbers = numbers - self._left_before(numbers, left)
        rows = TableRows(self._numbered(table, numbers, self.count))
        self.count += total - len(left)
        return Chunk(rows, refusals, len(left) + block.left_out)

    def _ordinary(self, parsing: _Parsing) -> Chunk | None:
        """The wanted columns of a block in which every row is one; None where one is not."""
        table, ragged = parsing.parsed(parsing.block.content, self.wanted)
        if ragged or self._header_suspected(table):
            return None
        start, count = self.count, table.num_rows

        def all_columns() -> pa.Table:
            whole, _ = parsing.parsed(parsing.block.content)
            return self._numbered(whole, np.arange(count), start)

        unread = Unread((*self.names, "_file", "_row"), all_columns)
        self.count += count
        rows = TableRows(self._numbered(table, np.arange(count), start), unread)
        return Chunk(rows, (), parsing.block.left_out)

    def _numbered(self, table: pa.Table, numbers: Numbers, start: int) -> pa.Table:
        files = pa.repeat(pa.scalar(self.place.label), table.num_rows)
        rows = pa.array(numbers + start + 1, pa.int64())
        return table.append_column("_file", files).append_column("_row", rows)

    @staticmethod
    def _left_before(numbers: Numbers, left: Sequence[int]) -> Any:
        return np.searchsorted(np.array(left, np.int64), numbers) if left else 0

    def _repeating_header(self, table: pa.Table) -> list[int]:
        """Rows that are the header once more, as where exports were joined."""
        return [row for row in self._header_suspected(table) if self._is_header(table, row)]

    def _header_suspected(self, table: pa.Table) -> list[int]:
        """Rows whose first value is the name of the first column."""
        if len(self.names) < 2 or self.read.names:
            return []
        same = pc.equal(table.column(0), self.names[0]).to_numpy()
        return [int(row) for row in np.flatnonzero(same)]

    def _is_header(self, table: pa.Table, row: int) -> bool:
        return all(
            table.column(place)[row].as_py() == name for place, name in enumerate(self.names)
        )


class _Parsing:
    """One block being read."""

    def __init__(self, reader: _BlockReader, block: Block) -> None:
        self.reader = reader
        self.block = block

    @cached_property
    def bounds(self) -> _RowBounds:
        """Found only where something is out of the ordinary."""
        return _RowBounds(self.block)

    def misread(self) -> dict[int, str]:
        """Rows that must not be parsed, with the reason."""
        bad: dict[int, str] = {}
        if len(self.block.quoted.misplaced):
            rows = self.bounds.holding(self.block.quoted.misplaced)
            bad |= dict.fromkeys(rows, _MISPLACED)
        if b"\0" in self.block.content:
            places = np.flatnonzero(np.frombuffer(self.block.content, np.uint8) == 0)
            bad |= dict.fromkeys(self.bounds.holding(places), _NUL)
        return bad

    def left_out(self) -> list[int]:
        """Rows that the declaration says are no data."""
        pattern: re.Pattern[str] | None = self.reader.skipped
        if pattern is None:
            return []
        return [row for row in range(len(self.bounds)) if pattern.match(self.bounds.text(row))]

    def parsed(
        self, content: bytes, columns: Sequence[str] = ()
    ) -> tuple[pa.Table, dict[int, str]]:
        """The rows, with ``columns`` or all; position -> reason for those with other columns."""
        ragged: dict[int, str] = {}
        if not content:
            return pa.table({name: pa.array([], pa.string()) for name in self.reader.names}), ragged
        # before Arrow meets a row that is not even text, and cannot hand it over
        if not _is_utf8(content):
            raise undecodable(self.reader.open_, self.reader.read.encoding, self.reader.place)
        rows: list[Any] = []
        try:
            table = self._arrow(content, rows, columns)
        except pa.ArrowInvalid as error:
            mend = "declare the file's `encoding`, `delimiter` and `quote`"
            what = f"cannot be read as declared ({error})"
            raise self.reader.place.unreadable(what, mend) from None
        for row in rows:
            reason = f"{row.actual_columns} fields instead of {row.expected_columns}"
            ragged[row.number - 1] = reason
        return table, ragged

    def refusals(self, bad: dict[int, str]) -> tuple[Refusal, ...]:
        """In the order of the rows."""
        withhold = self.reader.withhold
        return tuple(
            refusal(reason, self.bounds.text(row), withhold=withhold)
            for row, reason in sorted(bad.items())
        )

    def _arrow(self, content: bytes, ragged: list[Any], columns: Sequence[str]) -> pa.Table:
        read, names = self.reader.read, self.reader.names

        def set_aside(row: Any) -> str:
            ragged.append(row)
            return "skip"

        return pa_csv.read_csv(
            pa.BufferReader(content),
            # as one block: only so are the rows numbered, and the columns in one piece
            read_options=pa_csv.ReadOptions(
                use_threads=False, block_size=len(content) + 1, column_names=names
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=read.delimiter,
                quote_char=read.quote or False,
                newlines_in_values=bool(read.quote),
                invalid_row_handler=set_aside,
            ),
            convert_options=pa_csv.ConvertOptions(
                strings_can_be_null=False,
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(columns),
            ),
        )


def _is_utf8(content: bytes) -> bool:
    offsets = pa.py_buffer(np.array([0, len(content)], np.int32))
    try:
        whole = pa.Array.from_buffers(pa.binary(), 1, [None, offsets, pa.py_buffer(content)])
        pc.cast(whole, pa.string())
    except pa.ArrowInvalid:
        return False
    return True
