"""Takes a person out of landed batches: which rows, counted first, then rewritten.

A batch of bytes becomes one of rows without the person's. It keeps name, sequence and the sha256 of
the file's content, so that the file is not read in again; it can no longer be read with a mended
encoding or delimiter. The data are replaced first, then the manifest: whatever is killed in
between, the batch can be read and a second run completes it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.batches import SUFFIXES, Batch, committed, read_manifest
from connectors.errors import UnreadableFileError
from connectors.lake import UNFINISHED, Lake, sha256_of, write_json, writing
from connectors.mapping import Context
from connectors.persons import Flags, RowSearch, Who
from connectors.reading import Chunk, Place, read_chunks
from connectors.rows import JsonRows, Rows, TableRows, json_rows
from connectors.scrubbing import Tokens
from connectors.unread import Positions
from programme import Programme
from programme.sources import Entity

_ROWS_AT_ONCE = 50_000


@dataclass(frozen=True)
class LandedPlace:
    """One batch that holds something of the person.

    Attributes:
        entity: The entity.
        batch: The batch.
        folder: Where it lies.
        rows: Rows that are theirs.
        changed: Other rows in which something of theirs stands.
        unreadable: Why the batch could not be searched row by row; empty where it could.
    """

    entity: str
    batch: Batch
    folder: Path
    rows: int
    changed: int
    unreadable: str = ""

    @property
    def path(self) -> Path:
        """The batch's own file."""
        return self.folder / f"{self.batch.name}{SUFFIXES[self.batch.form]}"


@dataclass
class _Tally:
    rows: int = 0
    changed: int = 0


class LandingSearch:
    """The landed batches of one source (of load dates from ``since`` on), searched for persons."""

    def __init__(
        self,
        programme: Programme,
        lake: Lake,
        who: Who,
        tokens: Tokens,
        *,
        since: date | None = None,
    ) -> None:
        self.since = since or date.min
        self.programme = programme
        self.lake = lake
        self.who = who
        self.tokens = tokens
        self.links: dict[str, set[str]] = {}

    def places(self) -> list[LandedPlace]:
        """Every batch, withdrawn or not, that holds something of theirs. Fills ``links``."""
        found = [self._searched(*place) for place in self._batches()]
        return [place for place in found if place.rows or place.changed or place.unreadable]

    def rewrite(self, place: LandedPlace) -> Batch:
        """Put the batch's content in place without what is theirs.

        Raises:
            LakeWriteError: when the disk is full; the batch is then as it was.
        """
        tally = _Tally()
        target = place.folder / f"{place.batch.name}{SUFFIXES['rows']}"
        unfinished = target.with_name(target.name + UNFINISHED)
        with writing(target, self.lake.source):
            try:
                rows = _write(unfinished, self._cleaned(place.entity, place, tally))
                digest = sha256_of(unfinished)
                unfinished.replace(target)
            finally:
                unfinished.unlink(missing_ok=True)
        batch = replace(
            place.batch,
            form="rows",
            rows=rows,
            size=0,
            sha256=digest,
            erased=place.batch.erased + max(tally.rows, place.rows),
        )
        self.write_manifest(place.folder, batch)
        self.remove_other_form(place.folder, batch)
        return batch

    def write_manifest(self, folder: Path, batch: Batch) -> None:
        """Replace the batch's manifest."""
        content = asdict(batch) | {"load_date": str(batch.load_date)}
        write_json(folder / f"{batch.name}.json", content, source=self.lake.source)

    def clear_up(self) -> None:
        """Complete rewritings that were cut off before the former data were deleted."""
        for _, folder, batch in self._batches():
            self.remove_other_form(folder, batch)

    def remove_other_form(self, folder: Path, batch: Batch) -> None:
        """Delete what a rewriting that was cut off left of the batch's former form."""
        for form, suffix in SUFFIXES.items():
            if form != batch.form:
                (folder / f"{batch.name}{suffix}").unlink(missing_ok=True)

    def _batches(self) -> Iterator[tuple[str, Path, Batch]]:
        for name in self.programme.sources[self.lake.source].entities:
            for batch in committed(self.lake, name):
                if batch.expired or batch.load_date < self.since:
                    continue
                yield name, self.lake.landing(name) / f"load_date={batch.load_date}", batch
            apart = self.lake.landing(name) / "withdrawn"
            for path in sorted(apart.glob("*.json")):
                if not path.name.endswith(".reason.json"):
                    yield name, apart, read_manifest(path)

    def _searched(self, entity: str, folder: Path, batch: Batch) -> LandedPlace:
        place, tally = LandedPlace(entity, batch, folder, 0, 0), _Tally()
        try:
            for _ in self._cleaned(entity, place, tally):
                pass
        except UnreadableFileError as error:
            return replace(place, unreadable=error.what)
        if batch.form == "rows" and sha256_of(place.path) != batch.sha256:
            # an earlier attempt was cut off between the data and the manifest
            with pq.ParquetFile(place.path) as file:
                tally.rows += batch.rows - file.metadata.num_rows
            tally.changed += 1
        return replace(place, rows=tally.rows, changed=tally.changed)

    def _cleaned(self, entity: str, place: LandedPlace, tally: _Tally) -> Iterator[pa.Table]:
        declared = self.programme.sources[self.lake.source].entities[entity]
        search = RowSearch(declared, self._context(entity, place.batch))
        for table in _tables(place.path, place.batch, declared, self._place(entity, place.batch)):
            clean, changed = self.tokens.without_in_table(self._without_rows(search, table, tally))
            tally.changed += changed
            yield clean

    def _without_rows(self, search: RowSearch, table: pa.Table, tally: _Tally) -> pa.Table:
        places, rows, keep = _readable_rows(table)
        if "_unreadable" in table.column_names:
            # a line that is no row and holds the id is theirs
            notes = table.column("_unreadable").to_pylist()
            keep &= np.array([not self.tokens.in_text(note or "") for note in notes], dtype=bool)
        theirs = search.find(rows, self.who)
        for name, ids in theirs.links.items():
            self.links.setdefault(name, set()).update(ids)
        for row, payload in theirs.payloads.items():
            table = _with_payload(table, int(places[row]), payload)
        keep[places[theirs.rows]] = False
        tally.rows += int((~keep).sum())
        tally.changed += len(theirs.payloads)
        return table if keep.all() else table.filter(pa.array(keep))

    def _context(self, entity: str, batch: Batch) -> Context:
        return Context(
            source=self.lake.source,
            entity=entity,
            where=batch.file or batch.name,
            timezone=self.programme.sources[self.lake.source].timezone,
            surveys=self.programme.surveys,
        )

    def _place(self, entity: str, batch: Batch) -> Place:
        return Place(self.lake.source, entity, batch.file or batch.name)


def rows_table(chunk: Chunk) -> pa.Table:
    """A chunk of a file as a batch of rows holds it: refused lines under ``_unreadable``."""
    if isinstance(chunk.rows, JsonRows):
        table = pa.table({"_payload": pa.array(chunk.rows.texts, pa.string())})
    else:
        table = cast("TableRows", chunk.rows).table
    notes = [json.dumps(asdict(refusal), ensure_ascii=False) for refusal in chunk.refusals]
    unreadable = pa.array([None] * table.num_rows + notes, pa.string())
    if notes:
        blank = {field.name: pa.nulls(len(notes), field.type) for field in table.schema}
        table = pa.concat_tables([table, pa.table(blank, schema=table.schema)])
    return table.append_column("_unreadable", unreadable)


def _tables(path: Path, batch: Batch, entity: Entity, place: Place) -> Iterator[pa.Table]:
    if batch.form == "rows":
        with pq.ParquetFile(path) as file:
            for part in file.iter_batches(batch_size=_ROWS_AT_ONCE):
                yield pa.Table.from_batches([part])
        return

    def opened() -> BinaryIO:
        return cast("BinaryIO", pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))

    assert entity.files is not None  # noqa: S101 - only files land as bytes
    for chunk in read_chunks(opened, entity.files, place):
        yield rows_table(chunk)


def _readable_rows(table: pa.Table) -> tuple[Positions, Rows, Flags]:
    """Positions of the rows that are rows, these rows, and that all stay so far."""
    keep = np.ones(table.num_rows, dtype=bool)
    places = np.arange(table.num_rows)
    if "_unreadable" in table.column_names:
        is_row = pc.is_null(table.column("_unreadable")).to_numpy(zero_copy_only=False)
        places = places[is_row]
    if "_payload" not in table.column_names:
        return places, TableRows(table.take(pa.array(places))), keep
    texts = table.column("_payload").take(pa.array(places)).to_pylist()
    rows, reasons = json_rows(texts)
    return np.delete(places, sorted(reasons)), rows, keep


def _with_payload(table: pa.Table, row: int, payload: object) -> pa.Table:
    """The table with a row's JSON replaced; in a table the columns whose text is a list."""
    names = (
        ["_payload"]
        if "_payload" in table.column_names
        else list(cast("dict[str, object]", payload))
    )
    for name in names:
        value = payload if name == "_payload" else cast("dict[str, object]", payload)[name]
        if name != "_payload" and not isinstance(value, list):
            continue
        position = table.column_names.index(name)
        column = table.column(position).to_pylist()
        column[row] = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        table = table.set_column(position, table.schema.field(position), pa.array(column))
    return table


def _write(path: Path, tables: Iterator[pa.Table]) -> int:
    """Write the tables as one file and wait until the disk has it; how many rows."""
    rows, writer = 0, None
    for table in tables:
        writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
        if table.num_rows:
            writer.write_table(table.cast(writer.schema))
        rows += table.num_rows
    if writer is None:
        pq.write_table(pa.table({"_unreadable": pa.nulls(0, pa.string())}), path)
    else:
        writer.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return rows
