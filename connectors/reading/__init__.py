"""Files are read in chunks of bounded size; what is no row is set aside with its text."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import pyarrow as pa

from connectors.reading.chunks import Chunk, Opener, Place
from connectors.rows import JsonRows, Rows, TableRows
from programme.systems import FileRead

__all__ = ["Chunk", "Opener", "Place", "header_of", "read_chunks"]


def read_chunks(
    open_: Opener,
    read: FileRead,
    place: Place,
    *,
    withhold: bool = False,
    columns: Collection[str] | None = None,
) -> Iterator[Chunk]:
    """The rows of one file, some 16 MB of text at a time; one chunk at least, with its columns.

    Args:
        open_: Gives the decompressed content from its start; called more than once.
        read: How the file is written.
        place: For errors.
        withhold: Keep the text of rows that are none out of their refusals: it may be personal.
        columns: Those that are wanted; a CSV's others are read where they are asked for. None: all.

    Raises:
        UnreadableFileError: when the file is not what is declared; chunks may come before it.
    """
    is_empty = True
    for chunk in _chunks(open_, read, place, withhold=withhold, columns=columns):
        is_empty = False
        yield chunk
    if is_empty:
        yield Chunk(_no_rows(header_of(open_, read, place)))


def header_of(open_: Opener, read: FileRead, place: Place) -> list[str] | None:
    """The names of the columns; None for JSON, where each row has its own.

    Raises:
        UnreadableFileError: when the header is missing, names a column twice, or is not readable.
    """
    if read.format == "csv":
        from connectors.reading.headers import csv_header

        return list(csv_header(open_, read, place).names)
    if read.format == "excel":
        from connectors.reading.excel import excel_header

        return excel_header(open_, read, place)
    if read.format == "parquet":
        from connectors.reading.parquet import parquet_header

        return parquet_header(open_, place)
    return None


def _chunks(
    open_: Opener,
    read: FileRead,
    place: Place,
    *,
    withhold: bool,
    columns: Collection[str] | None,
) -> Iterator[Chunk]:
    if read.format == "csv":
        from connectors.reading.delimited import read_delimited

        return read_delimited(open_, read, place, withhold=withhold, columns=columns)
    if read.format == "excel":
        from connectors.reading.excel import read_excel

        return read_excel(open_, read, place, withhold=withhold)
    if read.format == "parquet":
        from connectors.reading.parquet import read_parquet

        return read_parquet(open_, place, withhold=withhold)
    return _json_chunks(open_, read, place, withhold=withhold)


def _no_rows(header: list[str] | None) -> Rows:
    if header is None:
        return JsonRows((), (), ())
    columns = [pa.field(name, pa.string()) for name in (*header, "_file")]
    return TableRows(pa.schema([*columns, pa.field("_row", pa.int64())]).empty_table())


def _json_chunks(open_: Opener, read: FileRead, place: Place, *, withhold: bool) -> Iterator[Chunk]:
    if read.format == "jsonl":
        from connectors.reading.json_lines import read_json_lines

        return read_json_lines(open_, read, place, withhold=withhold)
    if read.transcript is not None:
        from connectors.transcripts import read_transcripts

        return read_transcripts(open_, read, place, withhold=withhold)
    from connectors.reading.json_document import read_json_document

    return read_json_document(open_, read, place, withhold=withhold)
