"""Postgres: a server for a team; raw records are copied into its schema ``raw``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from analysis.engines import Columns, first_line, in_double_quotes
from analysis.errors import WarehouseError

FORM = "postgresql://user:password@host:5432/database"
# One order of every sum, and days that are UTC days, whatever the server prefers.
SESSION = {
    "timezone": "UTC",
    "max_parallel_workers_per_gather": "0",
    "synchronize_seqscans": "off",
    "jit": "off",
}
CONNECT_SECONDS = 10
OWN_SCHEMAS = ("cx", "raw", "declared", "cxloop")
_LOGICAL = {
    "text": "text",
    "character varying": "text",
    "double precision": "number",
    "bigint": "integer",
    "integer": "integer",
    "numeric": "decimal",
    "boolean": "flag",
    "date": "day",
    "timestamp without time zone": "instant",
}
_COLUMNS = (
    "select c.table_schema || '.' || c.table_name, c.column_name, c.data_type "
    "from information_schema.columns as c join information_schema.tables as t "
    "using (table_catalog, table_schema, table_name) "
    "where t.table_type = 'BASE TABLE' and (c.table_schema = ? or ?) "
    "and c.table_schema not in ('pg_catalog', 'information_schema') "
    "order by c.table_schema, c.table_name, c.ordinal_position"
)


@dataclass(frozen=True)
class PostgresServer:
    """One database of a Postgres server; ``query`` holds options such as ``sslmode``."""

    host: str
    port: int
    user: str
    password: str
    database: str
    query: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, url: str | None) -> PostgresServer:
        """Read ``CXLOOP_POSTGRES_URL``.

        Raises:
            WarehouseError: it is not set, or is no such address.
        """
        if not url:
            raise WarehouseError(
                "the warehouse is Postgres and CXLOOP_POSTGRES_URL is not set",
                f"set it, such as {FORM}",
            )
        try:
            parts = urlsplit(url)
            host, user, port = parts.hostname, parts.username, parts.port or 5432
        except ValueError:
            host = user = None
        database = unquote(parts.path.strip("/")) if host else ""
        if parts.scheme not in ("postgresql", "postgres") or not (host and user and database):
            what = "CXLOOP_POSTGRES_URL is no address of a Postgres database"
            raise WarehouseError(what, f"write it as {FORM}")
        query = tuple((name, values[-1]) for name, values in sorted(parse_qs(parts.query).items()))
        password = unquote(parts.password or "")
        return cls(host, port, unquote(user), password, database, query)

    @property
    def place(self) -> str:
        """Server and database, without the password."""
        return f"postgresql://{self.user}@{self.host}:{self.port}/{self.database}"

    @property
    def python(self) -> str:
        """This environment."""
        return sys.executable

    @property
    def dbt_environment(self) -> Mapping[str, str]:
        """The parts of the address, and the session's settings for the driver."""
        options = " ".join(f"-c {name}={value}" for name, value in SESSION.items())
        return {
            "CXLOOP_POSTGRES_HOST": self.host,
            "CXLOOP_POSTGRES_PORT": str(self.port),
            "CXLOOP_POSTGRES_USER": self.user,
            # dbt keeps values of variables that begin so out of its logs
            "DBT_ENV_SECRET_CXLOOP_POSTGRES_PASSWORD": self.password,
            "CXLOOP_POSTGRES_DATABASE": self.database,
            "CXLOOP_POSTGRES_SSLMODE": dict(self.query).get("sslmode", "prefer"),
            "PGOPTIONS": f"{os.environ.get('PGOPTIONS', '')} {options}".strip(),
        }

    def ready(self) -> None:
        """Open one connection.

        Raises:
            WarehouseError: what the server says.
        """
        with self.connected():
            pass

    def zone(self) -> str:
        """As the server tells: a pooler before it may drop what the session asks for."""
        return str(self.fetch("show timezone")[0][0])

    def leftovers(self) -> frozenset[str]:
        """None: a table that is replaced leaves nothing behind."""
        return frozenset()

    def discard(self, leftovers: frozenset[str]) -> int:
        """Nothing to do."""
        return len(leftovers)

    def is_built(self) -> bool:
        """Whether the schema ``cx`` holds a table."""
        return bool(self.relations("cx"))

    def fetch(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Rows of a query.

        Raises:
            WarehouseError: no server, no permission, or a table or column that is missing.
        """
        with self.connected() as connection, connection.cursor() as cursor:
            # a percent sign in the text is no place for a value
            cursor.execute(query.replace("%", "%%").replace("?", "%s"), values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def relations(self, schema: str | None = None) -> dict[str, Columns]:
        """Tables and their columns' logical types; Postgres's own name where there is none."""
        found: dict[str, Columns] = {}
        for table, column, kind in self.fetch(_COLUMNS, schema or "", schema is None):
            found.setdefault(table, {})[column] = _LOGICAL.get(kind, kind)
        return found

    def drop(self) -> None:
        """Drop our schemas; the server deletes the files of their tables.

        Raises:
            WarehouseError: no server, or no permission.
        """
        with self.connected() as connection, connection.cursor() as cursor:
            for schema in OWN_SCHEMAS:
                cursor.execute(f'drop schema if exists "{schema}" cascade')
            connection.commit()

    def quoted(self, relation: str) -> str:
        """In double quotes."""
        return in_double_quotes(relation)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A connection that is closed at the end; what was not committed is rolled back.

        Raises:
            WarehouseError: what the server or the driver says, with the mend.
        """
        driver = self._driver
        try:
            connection = driver.connect(
                host=self.host,
                port=self.port,
                user=self.user,
                password=self.password,
                dbname=self.database,
                connect_timeout=CONNECT_SECONDS,
                application_name="cxloop",
                options=" ".join(f"-c {name}={value}" for name, value in SESSION.items()),
                **dict(self.query),
            )
        except driver.OperationalError as error:
            what = f"{self.place} cannot be reached: {first_line(error)}"
            raise WarehouseError(what, "see that the server runs and takes this user") from error
        try:
            yield connection
        except (driver.errors.UndefinedTable, driver.errors.UndefinedColumn) as error:
            what = f"the warehouse {self.place} lacks a table or column: {first_line(error)}"
            mend = "run `cxloop run` to rebuild it with this version"
            raise WarehouseError(what, mend) from error
        except driver.errors.InsufficientPrivilege as error:
            what = f"{self.user} may not do this in {self.place}: {first_line(error)}"
            raise WarehouseError(what, "grant it the right, or name another user") from error
        except driver.Error as error:
            raise WarehouseError(
                f"{self.place}: {first_line(error)}", "mend what the server says, then run again"
            ) from error
        finally:
            connection.close()

    @cached_property
    def _driver(self) -> Any:
        try:
            import psycopg2
            import psycopg2.errors
        except ImportError as error:
            what = "the driver of Postgres is not installed"
            raise WarehouseError(what, "pip install 'cxloop[postgres]'") from error
        return psycopg2
