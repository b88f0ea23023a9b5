"""The files of one load date while they are made: streamed beside the old ones, then put in place.

Memory does not grow with the rows: they are buffered to row groups and written.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from connectors.lake import UNFINISHED, Lake, remove_unfinished, sha256_of, writing
from connectors.records import RECORDS
from connectors.repetitions import Repetitions, repetitions
from connectors.rows import Refusal

QUARANTINE = pa.schema(
    [
        pa.field(name, pa.string())
        for name in ("rule", "reason", "column", "value", "payload", "entity", "run_id")
    ]
)
_GROUP_ROWS = 120_000
_HEAD_ROWS = 2_000


class RecordFile:
    """One parquet file of a load date, with the entity of each of its rows.

    Of the ``searched`` columns the file tells each row group's least and greatest value.
    """

    def __init__(
        self, target: Path, schema: pa.Schema, source: str, *, searched: Sequence[str] = ()
    ) -> None:
        self.target = target
        self.source = source
        self.schema = schema
        self._searched = list(searched) or False
        self.entities: list[tuple[str, int]] = []
        self.rows = 0
        self._path = target.with_name(target.name + UNFINISHED)
        self._buffer: list[pa.Table] = []
        self._writing_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="cxloop-writer")
        self._under_way: Future[None] | None = None
        self._writer: pq.ParquetWriter | None = None
        self._buffered = 0
        with writing(target, source):
            target.parent.mkdir(parents=True, exist_ok=True)
            remove_unfinished(target.parent)

    def add(self, entity: str, table: pa.Table) -> None:
        """Append rows of an entity."""
        self.entities.append((entity, table.num_rows))
        self.rows += table.num_rows
        self._buffer.append(table)
        self._buffered += table.num_rows
        if self._buffered >= _GROUP_ROWS:
            self._flush()

    def without_repetitions(self, key: Iterable[str]) -> tuple[Repetitions, Counter[str]]:
        """Leave out rows that come again, and count them by entity."""
        self._close()
        found = repetitions(self._path, tuple(key), scratch=self.target.parent)
        dropped: Counter[str] = Counter()
        if not len(found.positions):
            return found, dropped
        ends, names, end = [], [], 0
        for entity, rows in self.entities:
            end += rows
            ends.append(end)
            names.append(entity)
        for place in np.searchsorted(ends, found.positions, side="right"):
            dropped[names[place]] += 1
        self._rewrite(found)
        return found, dropped

    def put_in_place(self) -> dict[str, Any] | None:
        """Replace the old file; rows and digest, or None where there are no rows."""
        with writing(self.target, self.source):
            self._close()
            if not self.rows:
                self.discard()
                return None
            digest = sha256_of(self._path)
            with self._path.open("rb") as file:
                os.fsync(file.fileno())
            self._path.replace(self.target)
        return {"rows": self.rows, "sha256": digest}

    def discard(self) -> None:
        """Remove what is not in place."""
        self._writing_thread.shutdown()
        writer, self._writer = self._writer, None
        if writer is not None:
            with suppress(OSError):  # a full disk was reported when it was written to
                writer.close()
        self._path.unlink(missing_ok=True)
        if self.target.parent.is_dir() and not any(self.target.parent.iterdir()):
            self.target.parent.rmdir()

    def _flush(self) -> None:
        if self._buffer:
            table = pa.concat_tables(self._buffer)
            self._wait()
            if self._writer is None:
                self._writer = self._opened(table)
            self._under_way = self._writing_thread.submit(self._write, self._writer, table)
        self._buffer, self._buffered = [], 0

    def _opened(self, table: pa.Table) -> pq.ParquetWriter:
        """A writer that builds dictionaries only where values repeat: ids have none."""
        head = table.slice(0, _HEAD_ROWS)
        repeating = [
            name
            for name in table.column_names
            if len(head.column(name).unique()) <= _HEAD_ROWS // 2 or head.num_rows < _HEAD_ROWS
        ]
        with writing(self.target, self.source):
            return pq.ParquetWriter(
                self._path,
                self.schema,
                compression="zstd",
                use_dictionary=repeating,
                write_statistics=self._searched,
            )

    def _write(self, writer: pq.ParquetWriter, table: pa.Table) -> None:
        with writing(self.target, self.source):
            writer.write_table(table, row_group_size=max(table.num_rows, 1))

    def _wait(self) -> None:
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def _close(self) -> None:
        self._flush()
        self._wait()
        writer, self._writer = self._writer, None
        if writer is not None:
            with writing(self.target, self.source):
                writer.close()

    def _rewrite(self, found: Repetitions) -> None:
        whole = self._path.with_name(self._path.name + ".all")
        self._path.replace(whole)
        self.rows, start = 0, 0
        try:
            with pq.ParquetFile(whole) as file:
                for batch in file.iter_batches(batch_size=_GROUP_ROWS):
                    table = pa.Table.from_batches([batch])
                    table = table.filter(pa.array(found.keep(start, table.num_rows)))
                    start += batch.num_rows
                    self.add("", table)
            self._close()
        finally:
            whole.unlink()


class PartitionFiles:
    """All files of one load date. Use as a context: what was not put in place is removed."""

    def __init__(self, lake: Lake, load_date: date, run_id: str) -> None:
        self.lake = lake
        self.load_date = load_date
        self.run_id = run_id
        self._raw: dict[str, RecordFile] = {}
        self._refused: dict[str, RecordFile] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in [*self._raw.values(), *self._refused.values()]:
            file.discard()

    def add(self, entity: str, record: str, table: pa.Table) -> None:
        """Append canonical rows."""
        if record not in self._raw:
            path = self.lake.raw(record, self.load_date)
            kind = RECORDS[record]
            self._raw[record] = RecordFile(
                path, kind.schema, self.lake.source, searched=(*kind.key, kind.occurred, "version")
            )
        self._raw[record].add(entity, table)

    def refuse(self, entity: str, record: str, refusals: Iterable[Refusal]) -> int:
        """Append rows to quarantine; how many."""
        content = [
            {**asdict(refusal), "entity": entity, "run_id": self.run_id} for refusal in refusals
        ]
        if content:
            if record not in self._refused:
                path = self.lake.quarantine(record, self.load_date)
                self._refused[record] = RecordFile(path, QUARANTINE, self.lake.source)
            table = pa.Table.from_pylist(content, schema=QUARANTINE)
            self._refused[record].add(entity, table)
        return len(content)

    def raw_files(self) -> Iterator[tuple[str, RecordFile]]:
        """(record, file) of the canonical rows, in the order of the records' names."""
        yield from sorted(self._raw.items())

    def put_in_place(self) -> dict[str, Any]:
        """Replace the load date's files; layer -> record -> rows and digest.

        The manifest must be gone before: from here on the load date is unfinished.
        """
        outputs: dict[str, Any] = {}
        for layer, files, place in (
            ("raw", self._raw, self.lake.raw),
            ("quarantine", self._refused, self.lake.quarantine),
        ):
            for record in RECORDS:
                path = place(record, self.load_date)
                written = files[record].put_in_place() if record in files else None
                if written is not None:
                    outputs.setdefault(layer, {})[record] = written
                elif path.exists():
                    path.unlink()
                    path.parent.rmdir()
                remove_unfinished(path.parent)
        return outputs
