"""DuckDB: one file, written by one process; raw records are read in the lake."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from analysis.engines import Columns, first_line, in_double_quotes
from analysis.errors import WarehouseError

_LOGICAL = {
    "VARCHAR": "text",
    "DOUBLE": "number",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "HUGEINT": "integer",
    "BOOLEAN": "flag",
    "DATE": "day",
    "TIMESTAMP": "instant",
}
_COLUMNS = (
    "select table_schema || '.' || table_name, column_name, data_type "
    "from information_schema.columns join information_schema.tables "
    "using (table_catalog, table_schema, table_name) "
    "where table_type = 'BASE TABLE' and (table_schema = ? or ?) "
    "order by table_schema, table_name, ordinal_position"
)


@dataclass(frozen=True)
class DuckDbFile:
    """The file that dbt builds. It is opened for each question, so that a build can begin."""

    path: Path

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path)

    @property
    def python(self) -> str:
        """This environment."""
        return sys.executable

    @property
    def dbt_environment(self) -> Mapping[str, str]:
        """The file."""
        return {"CXLOOP_WAREHOUSE": str(self.path)}

    def ready(self) -> None:
        """A file needs nothing: dbt writes it."""

    def zone(self) -> str:
        """What the profile sets."""
        return "UTC"

    def leftovers(self) -> frozenset[str]:
        """None: a table that is replaced leaves nothing behind."""
        return frozenset()

    def discard(self, leftovers: frozenset[str]) -> int:
        """Nothing to do."""
        return len(leftovers)

    def is_built(self) -> bool:
        """Whether there is a file."""
        return self.path.is_file()

    def fetch(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Rows of a query.

        Raises:
            WarehouseError: no file, a table or column that is missing, or a build under way.
        """
        if not self.path.is_file():
            raise WarehouseError(f"no warehouse at {self.path}", "run `cxloop run` to build it")
        try:
            with duckdb.connect(str(self.path), read_only=True) as connection:
                rows: list[tuple[Any, ...]] = connection.execute(query, list(values)).fetchall()
                return rows
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            what = f"the warehouse {self.path} lacks a table or column: {first_line(error)}"
            raise WarehouseError(
                what, "run `cxloop run` to rebuild it with this version"
            ) from error
        except duckdb.IOException as error:
            what = f"the warehouse {self.path} cannot be opened: {first_line(error)}"
            raise WarehouseError(what, "wait until the running build is over") from error

    def relations(self, schema: str | None = None) -> dict[str, Columns]:
        """Tables and the logical types of their columns; DuckDB's own name where there is none."""
        found: dict[str, Columns] = {}
        for table, column, kind in self.fetch(_COLUMNS, schema or "", schema is None):
            logical = "decimal" if kind.startswith("DECIMAL") else _LOGICAL.get(kind, kind)
            found.setdefault(table, {})[column] = logical
        return found

    def drop(self) -> None:
        """Delete the file and what stands beside it."""
        for path in self.path.parent.glob(f"{self.path.name}*"):
            path.unlink()

    def quoted(self, relation: str) -> str:
        """In double quotes."""
        return in_double_quotes(relation)
