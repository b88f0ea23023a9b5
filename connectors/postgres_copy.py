"""The lake's rows in Postgres: partitions that are new or changed are copied, gone ones removed.

Postgres does not read parquet. Each file of ``raw`` and each declared table becomes rows of a table
of the same name and columns, so that dbt reads both warehouses alike. What was copied is noted with
its content's hash in ``cxloop.copied``; rows and note change in one transaction, so that a copy
that was cut off has not happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from connectors.errors import ConnectorError
from connectors.lake import fingerprint_of
from connectors.postgres_rows import Part, columns_of, parts_of, quoted, rows_of, schemas
from programme import Settings

SOURCE = "warehouse"
# Any number that nothing else locks in this database.
LOCK = 7_240_519_001
_NOTES = (
    "create schema if not exists cxloop",
    "create schema if not exists raw",
    "create schema if not exists declared",
    "create table if not exists cxloop.copied ("
    "relation text, source text, load_date text, fingerprint text not null, rows bigint not null, "
    "primary key (relation, source, load_date))",
    "create table if not exists cxloop.tables (relation text primary key, columns text not null)",
)


class WarehouseCopyError(ConnectorError):
    """The lake cannot be copied to the warehouse."""


@dataclass(frozen=True)
class CopySummary:
    """What one run copied, and what it removed because the lake no longer holds it."""

    copied: int
    rows: int
    removed: int
    standing: int

    def __str__(self) -> str:
        if not self.copied and not self.removed:
            return f"nothing new: {self.standing} files stand"
        return (
            f"{self.copied} files copied ({self.rows} rows), {self.removed} removed, "
            f"{self.standing} as they were"
        )


def copy_lake(settings: Settings) -> CopySummary | None:
    """Bring Postgres up to the lake; None where the warehouse reads the lake in place.

    Raises:
        WarehouseCopyError: no address, no server, no permission, or rows Postgres does not take.
    """
    if settings.dbt_target != "postgres":
        return None
    return PostgresCopy(settings.postgres_url or "").bring_up_to(settings.lake)


def uncopied(settings: Settings) -> list[str] | None:
    """Files of the lake that Postgres does not hold as they are; None where it reads the lake.

    Raises:
        WarehouseCopyError: as ``copy_lake``.
    """
    if settings.dbt_target != "postgres":
        return None
    noted = PostgresCopy(settings.postgres_url or "").noted()
    behind = [part for part in parts_of(settings.lake) if noted.get(part.key) != part.fingerprint]
    return [str(part.paths[0]) for part in behind]


@dataclass(frozen=True)
class PostgresCopy:
    """One database to which lakes are copied, by its address."""

    url: str

    def bring_up_to(self, lake: Path) -> CopySummary:
        """Copy what is new or changed, remove what is gone; each file in one transaction.

        Raises:
            WarehouseCopyError: as the server says, with the file that was under way.
        """
        with self._connected() as connection:
            self._create_tables(connection)
            wanted = {part.key: part for part in parts_of(lake)}
            noted = self._noted(connection)
            gone = [key for key in noted if key not in wanted]
            for key in gone:
                self._remove(connection, key)
            fresh = [part for key, part in wanted.items() if noted.get(key) != part.fingerprint]
            rows = sum(self._copy(connection, part) for part in fresh)
            self._analyze(connection, {part.relation for part in fresh})
        return CopySummary(len(fresh), rows, len(gone), len(wanted) - len(fresh))

    def noted(self) -> dict[tuple[str, str, str], str]:
        """What was copied, and its content's hash.

        Raises:
            WarehouseCopyError: as the server says.
        """
        with self._connected() as connection:
            self._create_tables(connection)
            return self._noted(connection)

    def _create_tables(self, connection: Any) -> None:
        """Every table; one whose columns are no longer the record's is made and filled anew."""
        with self._transaction(connection, "its tables") as cursor:
            for statement in _NOTES:
                cursor.execute(statement)
            cursor.execute("select relation, columns from cxloop.tables")
            standing = dict(cursor.fetchall())
            for relation, schema in schemas().items():
                columns = ", ".join(columns_of(relation, schema))
                if standing.get(relation) == columns:
                    continue
                table = quoted(relation)
                cursor.execute(f"drop table if exists {table}")
                cursor.execute(f"create table {table} ({columns})")
                cursor.execute("delete from cxloop.copied where relation = $1", (relation,))
                cursor.execute("delete from cxloop.tables where relation = $1", (relation,))
                cursor.execute("insert into cxloop.tables values ($1, $2)", (relation, columns))
                if relation.startswith("raw."):
                    name = fingerprint_of(relation)[:12]
                    cursor.execute(
                        f'create index "partition_{name}" on {table} (load_date, source)'
                    )

    def _noted(self, connection: Any) -> dict[tuple[str, str, str], str]:
        with self._transaction(connection, "cxloop.copied") as cursor:
            cursor.execute("select relation, source, load_date, fingerprint from cxloop.copied")
            return {(r, s, d): fingerprint for r, s, d, fingerprint in cursor.fetchall()}

    def _remove(self, connection: Any, key: tuple[str, str, str]) -> None:
        with self._transaction(connection, " ".join(key)) as cursor:
            self._delete(cursor, key)

    def _copy(self, connection: Any, part: Part) -> int:
        schema, name = part.relation.split(".")
        with self._transaction(connection, str(part.paths[0])) as cursor:
            self._delete(cursor, part.key)
            copied = cursor.adbc_ingest(name, rows_of(part), mode="append", db_schema_name=schema)
            note = (*part.key, part.fingerprint, copied)
            cursor.execute("insert into cxloop.copied values ($1, $2, $3, $4, $5)", note)
        return int(copied)

    @staticmethod
    def _delete(cursor: Any, key: tuple[str, str, str]) -> None:
        relation, source, load_date = key
        if relation.startswith("raw."):
            where = f"delete from {quoted(relation)} where source = $1 and load_date = $2"  # noqa: S608
            cursor.execute(where, (source, load_date))
        else:
            cursor.execute(f"delete from {quoted(relation)}")  # noqa: S608
        cursor.execute(
            "delete from cxloop.copied where relation = $1 and source = $2 and load_date = $3", key
        )

    def _analyze(self, connection: Any, relations: Iterable[str]) -> None:
        """Tell the planner how many rows there are now: it would guess, and join badly."""
        for relation in sorted(relations):
            with self._transaction(connection, relation) as cursor:
                cursor.execute(f"analyze {quoted(relation)}")

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """A connection that copies alone: a second run waits until the first is over."""
        if not self.url:
            what = "the warehouse is Postgres and CXLOOP_POSTGRES_URL is not set"
            mend = "set it, such as postgresql://user:password@host:5432/database"
            raise WarehouseCopyError(what, source=SOURCE, mend=mend)
        try:
            from adbc_driver_postgresql import dbapi
        except ImportError as error:
            what = "the driver that copies to Postgres is not installed"
            raise WarehouseCopyError(
                what, source=SOURCE, mend="pip install 'cxloop[postgres]'"
            ) from error
        try:
            connection = dbapi.connect(self.url)
        except dbapi.Error as error:
            what = f"Postgres cannot be reached: {self._told(error)}"
            mend = "see that the server runs and that CXLOOP_POSTGRES_URL names it"
            raise WarehouseCopyError(what, source=SOURCE, mend=mend) from error
        try:
            with self._transaction(connection, "the lock") as cursor:
                cursor.execute(f"select pg_advisory_lock({LOCK})")
                cursor.fetchall()
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _transaction(self, connection: Any, what: str) -> Iterator[Any]:
        """All of it or nothing; ``what`` is named if the server refuses."""
        from adbc_driver_postgresql import dbapi

        try:
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except (dbapi.Error, pa.ArrowException, OSError) as error:
            connection.rollback()
            told = f"copying {what} to Postgres failed: {self._told(error)}"
            mend = "mend what the message says, then run again: nothing of it was copied"
            raise WarehouseCopyError(told, source=SOURCE, mend=mend) from error
        except BaseException:
            connection.rollback()
            raise

    def _told(self, error: Exception) -> str:
        """What the server says, without the password."""
        text = (str(error).strip().splitlines() or [type(error).__name__])[0]
        password = urlsplit(self.url).password
        return text.replace(password, "***") if password else text
