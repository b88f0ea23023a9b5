"""What the lake already holds of a record's field, for checks of references."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.contract import Contains
from connectors.row_hashes import Hashes, HashSet, row_hashes
from programme.contracts import Reference


class KnownValues:
    """Values of a record's field in ``raw``, and in what is being landed just now.

    Sixteen bytes a row. An entity that is referred to stands before those that refer to it.
    """

    def __init__(self, lake: Path) -> None:
        self.lake = lake
        self._sets: dict[tuple[str, str], HashSet] = {}
        self._fields: dict[str, set[str]] = defaultdict(set)

    def expect(self, references: Iterable[Reference]) -> None:
        """Remember from now on what these refer to."""
        for reference in references:
            self(reference.record, reference.field or reference.column)

    def __call__(self, record: str, field: str) -> Contains | None:
        """What says of values whether the lake holds them; None where it holds no row yet."""
        key = (record, field)
        if key not in self._sets:
            self._sets[key] = HashSet()
            self._fields[record].add(field)
            for values in self._read(record, field):
                self._sets[key].add(_hashes(values))
        known = self._sets[key]
        return (lambda values: pa.array(known.holds(_hashes(values)))) if len(known) else None

    def note(self, record: str, table: pa.Table) -> None:
        """Remember rows that are being landed, where something refers to their record."""
        for field in self._fields[record]:
            self._sets[record, field].add(_hashes(table.column(field).combine_chunks()))

    def _read(self, record: str, field: str) -> Iterator[pa.Array]:
        for path in sorted((self.lake / "raw" / record).glob("source=*/*/*.parquet")):
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(columns=[field]):
                    yield batch.column(0)


def _hashes(values: pa.Array) -> Hashes:
    return row_hashes(pa.table({"value": values.cast(pa.string())}))
