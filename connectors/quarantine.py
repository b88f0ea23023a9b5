"""Reads the rows that were refused: by which rule, for which reason, and what was received."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from connectors.lake import fingerprint_of
from programme import Settings

_ID_DIGITS = 16
_ROWS_AT_ONCE = 20_000
_GROUP = ("entity", "rule", "reason", "column")


@dataclass(frozen=True)
class RefusedGroup:
    """Rows of one record, source and load date that one rule refused."""

    record: str
    source: str
    load_date: str
    entity: str
    rule: str
    reason: str
    column: str | None
    rows: int


@dataclass(frozen=True)
class RefusedRow:
    """One refused row.

    Attributes:
        row: Its id: the same for the same row, refused by the same rule.
        record: The canonical record it would have been.
        source: The declared source.
        load_date: The partition.
        entity: The entity it came with.
        rule: The rule it breaks.
        reason: Why, in words.
        column: The field or column; empty for the row as a whole.
        value: The offending value as text.
        payload: What was received.
        run_id: The run that refused it.
    """

    row: str
    record: str
    source: str
    load_date: str
    entity: str
    rule: str
    reason: str
    column: str
    value: str | None
    payload: str
    run_id: str


def row_id(record: str, entity: str, rule: str, column: str | None, payload: str) -> str:
    """The id of a refused row.

    Example:
        >>> row_id("order", "orders", "is_number", "amount", '{"amount": "x"}')
        '624fbae7213597c8'
    """
    return fingerprint_of([record, entity, rule, column or "", payload])[:_ID_DIGITS]


def refused_groups(settings: Settings, *, source: str | None = None) -> list[RefusedGroup]:
    """How many rows each rule refused (of one source), by record, source and load date."""
    found = []
    for path in _files(settings, source):
        counts: Counter[tuple[Any, ...]] = Counter()
        for rows in _read(path, _GROUP):
            counts.update(tuple(row[name] for name in _GROUP) for row in rows)
        for (entity, rule, reason, column), number in sorted(counts.items(), key=str):
            found.append(RefusedGroup(*_place(path), entity, rule, reason, column, number))
    return found


def refused_rows(
    settings: Settings, *, source: str | None = None, record: str | None = None
) -> Iterator[RefusedRow]:
    """The rows that were refused (of one source, of one record), read as they are asked for."""
    for path in _files(settings, source):
        name, from_source, load_date = _place(path)
        if record not in (None, name):
            continue
        for rows in _read(path, None):
            for content in rows:
                content["column"] = content["column"] or ""
                row = row_id(
                    name, content["entity"], content["rule"], content["column"], content["payload"]
                )
                yield RefusedRow(
                    row=row, record=name, source=from_source, load_date=load_date, **content
                )


def find_row(settings: Settings, row: str) -> RefusedRow | None:
    """The refused row with this id."""
    return next((found for found in refused_rows(settings) if found.row == row), None)


def _files(settings: Settings, source: str | None) -> Iterator[Path]:
    folder = f"source={source}" if source else "source=*"
    yield from sorted(settings.lake.glob(f"quarantine/*/{folder}/load_date=*/part-0.parquet"))


def _read(path: Path, columns: tuple[str, ...] | None) -> Iterator[list[dict[str, Any]]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns):
            yield batch.to_pylist()


def _place(path: Path) -> tuple[str, str, str]:
    source, load_date = (part.partition("=")[2] for part in path.parts[-3:-1])
    return path.parts[-4], source, load_date
