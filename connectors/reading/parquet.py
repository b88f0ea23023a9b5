"""Parquet: types as they are, nested values as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.reading.chunks import Chunk, Opener, Place, refusal
from connectors.reading.headers import distinct
from connectors.reading.spooling import seekable
from connectors.rows import TableRows

_CHUNK_ROWS = 65_536
_NUL = "holds a NUL character"
_BEYOND = "holds an instant outside the years 1 to 9999"


def read_parquet(open_: Opener, place: Place, *, withhold: bool) -> Iterator[Chunk]:
    """The rows, at most 65,536 at a time.

    Raises:
        UnreadableFileError: when it is no Parquet file, cut off or encrypted.
    """
    with seekable(open_, place) as content:
        file = _opened(content, place)
        count = 0
        try:
            for batch in file.iter_batches(batch_size=_CHUNK_ROWS):
                yield _chunk(batch, count, place, withhold=withhold)
                count += batch.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise _broken(error, place) from None


def parquet_header(open_: Opener, place: Place) -> list[str]:
    """The columns.

    Raises:
        UnreadableFileError: when it is no Parquet file, or names a column twice.
    """
    with seekable(open_, place) as content:
        return list(distinct(_opened(content, place).schema_arrow.names, place))


def _opened(content: Any, place: Place) -> Any:
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(content)
        distinct(file.schema_arrow.names, place)
    except (pa.ArrowInvalid, OSError) as error:
        raise _broken(error, place) from None
    return file


def _broken(error: Exception, place: Place) -> Exception:
    what = f"cannot be read as Parquet ({error})"
    return place.unreadable(what, "have the file sent again, or declare its `format`")


def _chunk(batch: pa.RecordBatch, count: int, place: Place, *, withhold: bool) -> Chunk:
    columns = {name: _plain(batch.column(name)) for name in batch.schema.names}
    columns["_file"] = pa.repeat(pa.scalar(place.label), batch.num_rows)
    columns["_row"] = pa.array(np.arange(count + 1, count + batch.num_rows + 1), pa.int64())
    table = pa.table(columns)
    bad = _unusable(table)
    if not bad:
        return Chunk(TableRows(table))
    shown = TableRows(pa.table({name: _shown(table.column(name)) for name in table.column_names}))
    refused = [
        refusal(why, shown.payload(row), withhold=withhold) for row, why in sorted(bad.items())
    ]
    good = np.delete(np.arange(table.num_rows), list(bad))
    return Chunk(TableRows(table.take(pa.array(good))), tuple(refused))


def _unusable(table: pa.Table) -> dict[int, str]:
    """Row -> reason."""
    bad: dict[int, str] = {}
    for values in table.columns:
        if pa.types.is_string(values.type):
            holds = pc.fill_null(pc.match_substring(values, "\0"), False)
            bad |= dict.fromkeys(np.flatnonzero(holds.to_numpy()).tolist(), _NUL)
        elif pa.types.is_timestamp(values.type):
            year = pc.year(values)
            beyond = pc.fill_null(pc.or_(pc.less(year, 1), pc.greater(year, 9999)), False)
            bad |= dict.fromkeys(np.flatnonzero(beyond.to_numpy()).tolist(), _BEYOND)
    return bad


def _shown(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Instants as text, because Python has none beyond its calendar."""
    return pc.cast(values, pa.string()) if pa.types.is_timestamp(values.type) else values


def _plain(values: pa.Array) -> pa.Array:
    """A type that records are made from: text, numbers, flags, days, instants in microseconds."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _plain(values.dictionary_decode())
    if pa.types.is_timestamp(kind):
        # what is finer than a microsecond is cut off; what is beyond its range is an error
        return pc.cast(values, pa.timestamp("us", kind.tz), safe=kind.unit != "ns")
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return pc.cast(values, pa.string())
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _text_or_hex(values)
    if pa.types.is_nested(kind):
        texts = [_json(value) for value in values.to_pylist()]
        return pa.array(texts, pa.string())
    if pa.types.is_duration(kind) or pa.types.is_fixed_size_binary(kind):
        return pa.array([_word(value) for value in values.to_pylist()], pa.string())
    return values


def _text_or_hex(values: pa.Array) -> pa.Array:
    try:
        return pc.cast(values, pa.string())
    except pa.ArrowInvalid:
        return pa.array([_word(value) for value in values.to_pylist()], pa.string())


def _word(value: Any) -> str | None:
    if value is None:
        return None
    return value.hex() if isinstance(value, bytes) else str(value)


def _json(value: Any) -> str | None:
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_word)
