"""Batches while they are written: streamed to an unfinished file, committed or thrown away."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.batches import SUFFIXES, Batch, Form, write_manifest
from connectors.conversion import as_text
from connectors.lake import UNFINISHED, Lake, sha256_of, writing


class ColumnTypeError(Exception):
    """A column whose type changed after rows had been written: read it as text from the start."""

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(column)


class Draft(ABC):
    """One batch being written. Use as a context: what is not committed leaves no file.

    Memory does not grow with the number of rows or bytes added.
    """

    form: Form

    def __init__(self, lake: Lake, entity: str, *, sequence: int, load_date: date) -> None:
        self.lake = lake
        self.entity = entity
        self.sequence = sequence
        self.load_date = load_date
        self.rows = 0
        self.size = 0
        folder = lake.landing(entity) / f"load_date={load_date}"
        self._target = folder / f"{sequence:06d}{SUFFIXES[self.form]}"
        self._path = self._target.with_name(self._target.name + UNFINISHED)
        with self._writing():
            folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.discard()

    def discard(self) -> None:
        """Remove what was not committed."""
        self._close_quietly()
        self._path.unlink(missing_ok=True)

    def commit(self, *, run_id: str, **facts: Any) -> Batch:
        """Make the data durable, then write the manifest. ``facts`` are fields of ``Batch``.

        Raises:
            LakeWriteError: when the disk is full; the data is then an orphan or absent.
        """
        with self._writing():
            self._close()
            digest = sha256_of(self._path)
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
            name = f"{self.sequence:06d}-{digest[:12]}"
            self._path.replace(self._target)
            self._target.replace(self._target.with_name(f"{name}{SUFFIXES[self.form]}"))
        batch = Batch(
            name=name,
            sequence=self.sequence,
            load_date=self.load_date,
            rows=self.rows,
            size=self.size,
            sha256=digest,
            form=self.form,
            run_id=run_id,
            **facts,
        )
        write_manifest(self.lake, self.entity, batch)
        return batch

    @abstractmethod
    def _close(self) -> None:
        """Finish the file; once more does nothing."""

    def _close_quietly(self) -> None:
        try:
            self._close()
        except OSError:
            return  # a full disk was reported when it was written to

    @contextmanager
    def _writing(self) -> Iterator[Path]:
        with writing(self._path, self.lake.source):
            yield self._path


class RowsDraft(Draft):
    """Rows of a table or collection as parquet. The first rows decide the columns' types."""

    form: Form = "rows"
    _writer: pq.ParquetWriter | None = None

    def add(self, table: pa.Table) -> None:
        """Append rows.

        Raises:
            ColumnTypeError: when a column's type is not that of the first rows.
            LakeWriteError: when the disk is full.
        """
        if self._writer is not None:
            table = _as_first(table, self._writer.schema)
        with self._writing() as path:
            if self._writer is None:
                self._writer = pq.ParquetWriter(path, table.schema, compression="zstd")
            if table.num_rows or not self.rows:
                self._writer.write_table(table)
        self.rows += table.num_rows

    def _close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()


def _as_first(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = []
    for field in schema:
        column = table.column(field.name)
        if column.type != field.type:
            if pa.types.is_string(field.type):
                column = as_text(column.combine_chunks())
            elif column.null_count == len(column):
                column = pa.nulls(len(column), field.type)
            else:
                raise ColumnTypeError(field.name)
        columns.append(column)
    return pa.table(columns, schema=schema)


class BytesDraft(Draft):
    """A file's content as received, compressed."""

    form: Form = "bytes"
    _stream: Any = None

    def __init__(self, lake: Lake, entity: str, *, sequence: int, load_date: date) -> None:
        super().__init__(lake, entity, sequence=sequence, load_date=load_date)
        self._content = hashlib.sha256()
        self._hasher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cxloop-hasher")

    @property
    def content_sha256(self) -> str:
        """Hex sha256 of what was added."""
        return self._content.hexdigest()

    def add(self, block: bytes) -> None:
        """Append bytes.

        Raises:
            LakeWriteError: when the disk is full.
        """
        hashing = self._hasher.submit(self._content.update, block)
        with self._writing() as path:
            if self._stream is None:
                self._file = pa.OSFile(str(path), "wb")
                self._stream = pa.CompressedOutputStream(self._file, "zstd")
            self._stream.write(block)
        hashing.result()
        self.size += len(block)

    def _close(self) -> None:
        self._hasher.shutdown()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
            self._file.close()
