"""The first rows of a declared entity as they would land: protected, and written nowhere."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.cursors import read_from
from connectors.drift import columns_expected, new_columns, require_columns
from connectors.extract_files import landing_rows
from connectors.intake import PayloadParts
from connectors.locations import decompressed, find
from connectors.opening import open_pages
from connectors.personal import Privacy
from connectors.placeholders import Placeholders
from connectors.reading import Place, header_of, read_chunks
from connectors.rows import OWN_COLUMNS
from programme import Programme, Settings
from programme.sources import Entity, Source
from programme.systems import FilesSystem, SqlSystem


@dataclass(frozen=True)
class FirstRows:
    """The first rows of one entity.

    Attributes:
        entity: Its name.
        where: The newest file, the table, or the address, without credentials.
        table: The rows in the form in which they land.
        new_columns: Columns that the declaration does not list.
    """

    entity: str
    where: str
    table: pa.Table
    new_columns: tuple[str, ...] = ()

    def received(self) -> list[dict[str, Any]]:
        """The rows: their columns, or the parsed payloads; what is no row is left out."""
        table = self.table
        if "_payload" in table.column_names:
            return [json.loads(text) for text in table.column("_payload").drop_null().to_pylist()]
        if "_unreadable" in table.column_names:
            table = table.filter(pc.is_null(table.column("_unreadable")))
        names = [name for name in table.column_names if name not in OWN_COLUMNS]
        found: list[dict[str, Any]] = table.select(names).to_pylist()
        return found


def first_rows(
    programme: Programme,
    settings: Settings,
    source_id: str,
    entity: str,
    *,
    rows: int,
    recent_from: date | None = None,
) -> FirstRows:
    """Read the first rows of an entity as an initial pull would: of files, those of the newest.

    Args:
        programme: What is declared.
        settings: Where relative data lie.
        source_id: The source.
        entity: Its entity.
        rows: How many.
        recent_from: For APIs: ask for what changed since then first, so that no vendor prepares
            years of data for a look at some rows.

    Raises:
        ConnectorError: when the source cannot be read or lacks a column.
    """
    source = programme.sources[source_id]
    reader = _Reader(source, settings, source_id, entity, rows)
    if isinstance(source.system, FilesSystem):
        return reader.of_files(source.system)
    if isinstance(source.system, SqlSystem):
        return reader.of_table(source.system)
    found = reader.of_pages(recent_from)
    return found if found.table.num_rows or recent_from is None else reader.of_pages(None)


class _Reader:
    """One entity about to be looked at."""

    def __init__(
        self, source: Source, settings: Settings, source_id: str, name: str, rows: int
    ) -> None:
        self.source = source
        self.settings = settings
        self.name = name
        self.rows = rows
        self.entity: Entity = source.entities[name]
        self.placeholders = Placeholders(source_id, settings.data_root)
        self.privacy = Privacy.of(self.entity.personal, os.environ, source=source_id)

    def of_files(self, system: FilesSystem) -> FirstRows:
        read = self.entity.files
        assert read is not None  # noqa: S101  (the declaration's validator sees to it)
        found = find(system, read, self.placeholders, entity=self.name, seen_before=False)[-1]
        place = Place(self.placeholders.source, self.name, found.label)
        opener = decompressed(found, read, place)
        header = header_of(opener, read, place)
        fresh: tuple[str, ...] = ()
        if header is not None:
            self._require(header, found.label)
            fresh = new_columns(self.entity, header)
        withhold = bool(self.privacy.treatments)
        with closing(read_chunks(opener, read, place, withhold=withhold)) as chunks:  # type: ignore[type-var]
            tables = (landing_rows(chunk, self.privacy) for chunk in chunks)
            table = _first(tables, self.rows, columns=header or ())
        return FirstRows(self.name, found.label, table, fresh)

    def of_table(self, system: SqlSystem) -> FirstRows:
        from connectors.extract_sql import table_parts

        read = self.entity.sql
        assert read is not None  # noqa: S101  (the declaration's validator sees to it)
        present: list[str] = []
        parts = table_parts(
            system,
            self.entity,
            self.placeholders,
            name=self.name,
            since=read_from(
                None,
                lookback_minutes=self.entity.lookback_minutes,
                history_from=self.source.history_from,
            ),
            privacy=self.privacy,
            found=present,
        )
        with closing(parts):  # type: ignore[type-var]
            table = _first((part.table for part in parts), self.rows)
        return FirstRows(self.name, read.table, table, new_columns(self.entity, present))

    def of_pages(self, recent_from: date | None) -> FirstRows:
        with open_pages(
            self.source.system,
            self.entity,
            self.placeholders,
            name=self.name,
            home=self.settings.home,
            highest=None,
            history_from=recent_from or self.source.history_from,
        ) as pages:
            parts = PayloadParts(
                pages, self.privacy, source=self.placeholders.source, entity=self.name
            )
            table = _first((part.table for part in parts), self.rows)
        return FirstRows(self.name, getattr(self.source.system, "base_url", self.name), table)

    def _require(self, present: list[str], where: str) -> None:
        require_columns(
            columns_expected(self.entity),
            present,
            source=self.placeholders.source,
            entity=self.name,
            where=where,
        )


def _first(tables: Iterator[pa.Table], rows: int, *, columns: Sequence[str] = ()) -> pa.Table:
    found: list[pa.Table] = []
    for table in tables:
        found.append(table)
        if sum(part.num_rows for part in found) >= rows:
            break
    if not found:
        return pa.table({name: pa.array([], pa.string()) for name in columns})
    whole = pa.concat_tables(found, promote_options="permissive")
    if "_unreadable" not in whole.column_names:
        return whole.slice(0, rows)
    is_row = pc.is_null(whole.column("_unreadable"))
    kept = [whole.filter(part).slice(0, rows) for part in (is_row, pc.invert(is_row))]
    return pa.concat_tables(kept)
