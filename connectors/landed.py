"""A landed batch as chunks of rows, whatever its form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from connectors.batches import Batch, open_bytes, read_rows, row_columns
from connectors.drift import columns_expected, columns_used, new_columns, require_columns
from connectors.lake import Lake
from connectors.reading import Chunk, Place, header_of, read_chunks
from connectors.rows import OWN_COLUMNS, Refusal, readable
from programme.sources import Entity


class LandedBatch:
    """One batch of one entity.

    Attributes:
        where: The file, or the batch's name, for errors.
        warnings: What was noticed while its chunks were read.
    """

    def __init__(
        self, lake: Lake, name: str, entity: Entity, batch: Batch, *, also: Iterable[str] = ()
    ) -> None:
        self.lake = lake
        self.name = name
        self.entity = entity
        self.batch = batch
        self.where = batch.file or batch.name
        self.warnings: list[str] = []
        used = (columns_used(mapping, optional=True) for mapping in entity.records)
        self._read_first = {*also, *chain.from_iterable(used)}
        self._names: set[str] = set()
        self._kept = [c for c in columns_expected(entity) if entity.personal.get(c) != "drop"]

    def chunks(self) -> Iterator[Chunk]:
        """The rows, a bounded number at a time.

        Raises:
            SchemaDriftError: when a declared column is missing.
            UnreadableFileError: when the file is not what it is declared to be.
        """
        header = self._header()
        if header is not None:
            self._require(header)
            self._note_new(new_columns(self.entity, header))
        absent: set[str] | None = None
        for chunk in self._read():
            if header is None and len(chunk.rows):
                self._names.update(chunk.rows.names())
                lacking = {c for c in self.entity.columns or [] if not chunk.rows.has(c)}
                absent = lacking if absent is None else absent & lacking
            yield chunk
        if self.entity.columns is not None and absent is not None:
            self.require_all([name for name in self._kept if name in absent])
            heads = {c.split(".")[0] for c in (*self.entity.columns, *self.entity.personal)}
            self._note_new(sorted(name for name in self._names if name not in heads))

    def require_all(self, absent: Iterable[str]) -> None:
        """Refuse the batch when a column that is read is in none of its rows.

        Raises:
            SchemaDriftError: naming the columns and the nearest existing names.
        """
        if absent:
            self._require(sorted(self._names - set(absent)), absent)

    def _read(self) -> Iterator[Chunk]:
        if self.batch.form == "bytes":
            assert self.entity.files is not None  # noqa: S101  (only files land as bytes)
            yield from read_chunks(
                self._open, self.entity.files, self._place, columns=self._read_first
            )
            return
        for table in read_rows(self.lake, self.name, self.batch):
            yield _chunk(table)

    @property
    def _place(self) -> Place:
        return Place(self.lake.source, self.name, self.where)

    def _open(self) -> BinaryIO:
        return open_bytes(self.lake, self.name, self.batch)

    def _header(self) -> list[str] | None:
        """The columns of a table; None for JSON, where each row has its own."""
        if self.batch.form == "bytes":
            assert self.entity.files is not None  # noqa: S101  (only files land as bytes)
            return header_of(self._open, self.entity.files, self._place)
        names = row_columns(self.lake, self.name, self.batch)
        return None if "_payload" in names else [n for n in names if n not in OWN_COLUMNS]

    def _require(self, present: Iterable[str], expected: Iterable[str] | None = None) -> None:
        require_columns(
            self._kept if expected is None else expected,
            present,
            source=self.lake.source,
            entity=self.name,
            where=self.where,
        )

    def _note_new(self, columns: Iterable[str]) -> None:
        fresh = list(columns) or list(self.batch.new_columns)
        if fresh:
            self.warnings.append(f"{self.where}: new columns {', '.join(fresh)}")


def _chunk(table: pa.Table) -> Chunk:
    refused: list[Refusal] = []
    if "_unreadable" in table.column_names:
        notes = table.column("_unreadable")
        refused = [Refusal(**json.loads(note)) for note in notes.drop_null().to_pylist()]
        table = table.filter(pc.is_null(notes)).drop_columns(["_unreadable"])
    rows, unreadable = readable(table)
    return Chunk(rows, (*refused, *unreadable))
