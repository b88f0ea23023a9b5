"""Tables of a database as received: typed columns, read in chunks in the order of the cursor."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from sqlalchemy.types import NullType

from connectors.batches import CursorValue
from connectors.cursors import as_instant, cursor_value
from connectors.drift import columns_expected, require_columns
from connectors.errors import (
    SchemaDriftError,
    SourceUnavailableError,
    UnusableDeclarationError,
)
from connectors.intake import Part
from connectors.personal import Privacy
from connectors.placeholders import Placeholders
from programme.sources import Entity
from programme.systems import SqlRead, SqlSystem

_CHUNK_ROWS = 50_000


def table_parts(
    system: SqlSystem,
    entity: Entity,
    placeholders: Placeholders,
    *,
    name: str,
    since: CursorValue | None,
    privacy: Privacy,
    as_text: frozenset[str] = frozenset(),
    found: list[str] | None = None,
) -> Iterator[Part]:
    """Read the table whole, or from the cursor on, a bounded number of rows at a time.

    Rows at the cursor itself are read again, because others may have been written in the same
    moment; the caller leaves out those it has. Columns in ``as_text`` are taken as text whatever
    their type. The table's columns are put into ``found`` before the first part.

    Raises:
        SourceUnavailableError: when the database does not answer.
        SchemaDriftError: when the table or a column is missing.
    """
    read = entity.sql
    assert read is not None  # noqa: S101  (the declaration's validator sees to it)
    reader = TableReader(placeholders, name, read, system)
    try:
        engine = reader.engine()
        try:
            with engine.connect() as connection:
                table = reader.reflected(connection)
                present = [column.name for column in table.columns]
                expected = [*columns_expected(entity), *([read.cursor] if read.cursor else [])]
                require_columns(
                    expected, present, source=reader.source, entity=name, where=read.table
                )
                if found is not None:
                    found[:] = present
                for rows in reader.chunks(connection, table, since, as_text):
                    cursor = _highest(rows, read.cursor) if read.cursor else None
                    # read in the order of the cursor: what comes later is not earlier
                    resumable = read.cursor is not None
                    blank = rows.column(read.cursor).null_count if read.cursor else 0
                    yield Part(privacy.protect_table(rows), cursor, resumable, blank)
        finally:
            engine.dispose()
    except sa.exc.SQLAlchemyError as error:
        raise reader.unavailable(error) from None


class TableReader:
    """One table of a source's database, with all it takes to say what is wrong with it."""

    def __init__(
        self, placeholders: Placeholders, entity: str, read: SqlRead, system: SqlSystem
    ) -> None:
        self.placeholders = placeholders
        self.source = placeholders.source
        self.entity = entity
        self.read = read
        try:
            self.url = sa.make_url(placeholders.fill_address(system.url))
        except (sa.exc.ArgumentError, ValueError):
            raise UnusableDeclarationError(
                "`url` is no database address once its placeholders are filled",
                source=self.source,
                entity=entity,
                mend="write for example postgresql+psycopg2://user:${env:PASSWORD}@host:5432/db",
            ) from None

    def engine(self) -> sa.Engine:
        """An engine; a missing SQLite file is an error instead of a new empty database."""
        path = self.url.database
        if self.url.get_backend_name() == "sqlite" and path and not Path(path).is_file():
            mend = "correct `url` or CXLOOP_DATA_ROOT"
            raise SourceUnavailableError(
                "this database file does not exist",
                source=self.source,
                entity=self.entity,
                where=path,
                mend=mend,
            )
        return sa.create_engine(self.url)

    def reflected(self, connection: sa.Connection) -> sa.Table:
        """The table or view as the database describes it."""
        schema, _, table = self.read.table.rpartition(".")
        try:
            return sa.Table(table, sa.MetaData(), schema=schema or None, autoload_with=connection)
        except sa.exc.NoSuchTableError:
            known = sa.inspect(connection)
            names = [*known.get_table_names(schema or None), *known.get_view_names(schema or None)]
            close = difflib.get_close_matches(table, names, n=1)
            nearest = f" (nearest: `{close[0]}`)" if close else ""
            raise SchemaDriftError(
                f"there is no table or view `{self.read.table}`{nearest}",
                source=self.source,
                entity=self.entity,
                where=self._address(),
                mend="correct `table`",
            ) from None

    def chunks(
        self,
        connection: sa.Connection,
        table: sa.Table,
        since: CursorValue | None,
        as_text: frozenset[str],
    ) -> Iterator[pa.Table]:
        """All rows from ``since`` on, in a stable order, and ``_row`` from 1."""
        plain = self.url.get_backend_name() == "sqlite"
        # SQLite keeps what it was given whatever the column's type says: take that, uninterpreted
        columns = {
            column.name: sa.type_coerce(column, NullType()) if plain else column
            for column in table.columns
        }
        query = sa.select(*(column.label(name) for name, column in columns.items()))
        order = [columns[column.name] for column in table.primary_key] or list(columns.values())
        if self.read.cursor:
            cursor = columns[self.read.cursor]
            order = [cursor, *order]
            if since is not None:
                start = _as_bound(since, table.columns[self.read.cursor], plain=plain)
                if start is not None:
                    query = query.where(sa.or_(cursor.is_(None), cursor >= start))
        result = connection.execution_options(yield_per=_CHUNK_ROWS).execute(query.order_by(*order))
        row = 0
        for chunk in result.partitions(_CHUNK_ROWS):
            yield _arrow(list(columns), chunk, as_text, first_row=row + 1)
            row += len(chunk)

    def unavailable(self, error: sa.exc.SQLAlchemyError) -> SourceUnavailableError:
        """``error`` without credentials and without the statement's values."""
        cause = str(getattr(error, "orig", None) or error).splitlines()[0]
        return SourceUnavailableError(
            f"the database refused: {self.placeholders.redact(cause)}",
            source=self.source,
            entity=self.entity,
            where=self._address(),
            mend="check that the database runs, and the account's password and rights",
        )

    def _address(self) -> str:
        address = self.url.set(query={}).render_as_string(hide_password=True)
        return self.placeholders.redact(address)


def _as_bound(since: CursorValue, column: sa.Column[Any], *, plain: bool) -> object:
    """``since`` as the column's type; None where a day cannot bound it."""
    try:
        wanted = column.type.python_type
    except NotImplementedError:
        return since
    if isinstance(since, str) and issubclass(wanted, int | float | Decimal):
        return None
    moment = as_instant(since) if isinstance(since, str) else None
    if plain or moment is None or wanted not in (datetime, date):
        return since
    if wanted is date:
        return moment.date()
    naive = moment.replace(tzinfo=None)
    return naive.replace(tzinfo=moment.tzinfo or UTC) if _has_zone(column) else naive


def _has_zone(column: sa.Column[Any]) -> bool:
    return bool(getattr(column.type, "timezone", False))


def _highest(rows: pa.Table, cursor: str) -> CursorValue | None:
    if not rows.num_rows:
        return None
    return cursor_value(pc.max(rows.column(cursor)).as_py())


def _arrow(
    names: list[str], chunk: Sequence[Any], as_text: frozenset[str], *, first_row: int
) -> pa.Table:
    columns = zip(names, zip(*chunk, strict=True), strict=True)
    table = pa.table(
        {name: _as_text(values) if name in as_text else _column(values) for name, values in columns}
    )
    rows = range(first_row, first_row + table.num_rows)
    return table.append_column("_row", pa.array(rows, pa.int64()))


def _column(values: tuple[Any, ...]) -> pa.Array:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, datetime):
        zone = "UTC" if first.tzinfo else None
        return _typed(values, pa.timestamp("us", tz=zone))
    for kind, arrow in _ARROW.items():
        if isinstance(first, kind):
            return _typed(values, arrow)
    return _typed(values, pa.string()) if first is None else _as_text(values)


_ARROW = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    date: pa.date32(),
}


def _typed(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError):
        return _as_text(values)


def _as_text(values: tuple[Any, ...]) -> pa.Array:
    return pa.array([None if value is None else text_of(value) for value in values], pa.string())


def text_of(value: object) -> str:
    """A database value without an Arrow type of its own, as text: exact for decimals."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return str(value) if not isinstance(value, Decimal) else format(value, "f")
