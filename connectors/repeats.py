"""Rows that the lookback reads a second time: landing keeps them once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa

from connectors.batches import Batch, CursorValue, Pulled, highest_cursor, read_rows
from connectors.cursors import cursor_value
from connectors.lake import Lake
from connectors.payloads import parse, value_at
from programme.sources import Entity

_POSITION = ("_row", "_page")


def without_landed(
    lake: Lake, name: str, entity: Entity, pulled: Pulled, earlier: list[Batch]
) -> Pulled | None:
    """``pulled`` without the rows that earlier batches hold unchanged; None where nothing is left.

    With a cursor a row is left out when an equal one was landed before. Without one the table is
    a snapshot: it is left out when it equals the last one.
    """
    if not pulled.table.num_rows:
        return None
    if not earlier:
        return pulled
    cursor = entity.sql.cursor if entity.sql else entity.rest.cursor if entity.rest else None
    if cursor is None:
        last = read_rows(lake, name, earlier[-1])
        return None if _rows(last) == _rows(pulled.table) else pulled
    highest = highest_cursor(earlier)
    values = _cursors(pulled.table, cursor)
    suspects = [i for i, value in enumerate(values) if value is None or not _after(value, highest)]
    landed: set[tuple[object, ...]] = set()
    lowest = None if any(values[i] is None for i in suspects) else _lowest(values, suspects)
    for batch in earlier if suspects else []:
        if lowest is None or batch.cursor is None or not _after(lowest, batch.cursor):
            landed.update(_rows(read_rows(lake, name, batch)))
    candidates = _rows(pulled.table.take(pa.array(suspects, pa.int64())))
    repeated = {i for i, row in zip(suspects, candidates, strict=True) if row in landed}
    left = [i for i in range(len(values)) if i not in repeated]
    if not left:
        return None
    return replace(
        pulled, table=pulled.table.take(pa.array(left, pa.int64())), already_landed=len(repeated)
    )


def _cursors(table: pa.Table, cursor: str) -> list[CursorValue | None]:
    if "_payload" not in table.column_names:
        return [cursor_value(value) for value in table.column(cursor).to_pylist()]
    return [
        cursor_value(value_at(parse(text), cursor)) for text in table.column("_payload").to_pylist()
    ]


def _lowest(values: list[CursorValue | None], places: list[int]) -> CursorValue | None:
    known = [value for place in places if (value := values[place]) is not None]
    return min(known, key=lambda value: (isinstance(value, str), value), default=None)


def _after(value: CursorValue | None, bound: CursorValue | None) -> bool:
    if isinstance(value, int) and isinstance(bound, int):
        return value > bound
    return str(value) > str(bound)


def _rows(table: pa.Table) -> list[tuple[object, ...]]:
    names = sorted(name for name in table.column_names if name not in _POSITION)
    return list(_tuples(table.select(names)))


def _tuples(table: pa.Table) -> Iterator[tuple[object, ...]]:
    columns = [column.to_pylist() for column in table.columns]
    return zip(*columns, strict=True)
