"""The warehouses that cxloop builds in: what differs between them outside SQL.

``CXLOOP_DBT_TARGET`` chooses one. What a warehouse is asked is the same SQL everywhere (``?``
stands for a value); what differs is how it is reached, which Python runs dbt for it, and how it
names types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from analysis.errors import WarehouseError
from programme.settings import Settings

SCHEMA = "cx"
LogicalType = Literal["text", "number", "integer", "decimal", "flag", "day", "instant"]
Columns = dict[str, str]
SPARK_SCHEMES = {"spark": "sc", "spark_thrift": "thrift"}


class Engine(Protocol):
    """One warehouse. Every failure is a ``WarehouseError`` with its mend."""

    @property
    def place(self) -> str:
        """Where the warehouse lies, for people; holds no password."""

    @property
    def python(self) -> str:
        """The interpreter whose environment holds dbt and this warehouse's adapter."""

    @property
    def dbt_environment(self) -> Mapping[str, str]:
        """What the target's profile reads from the environment."""

    def ready(self) -> None:
        """See that the warehouse can be reached, before anything waits for it."""

    def zone(self) -> str:
        """In which time zone a session of dbt counts days; must be UTC."""

    def leftovers(self) -> frozenset[str]:
        """Before a build: what may be thrown away after it, unless a table uses it then."""

    def discard(self, leftovers: frozenset[str]) -> int:
        """After a build: throw away what no table uses; returns how many were."""

    def is_built(self) -> bool:
        """Whether dbt has built anything there that can be read."""

    def fetch(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Rows of a query; each ``?`` stands for a value. Instants come without a zone, in UTC."""

    def relations(self, schema: str | None = None) -> dict[str, Columns]:
        """``schema.table`` -> column -> logical type, of tables, of one schema or of all."""

    def drop(self) -> None:
        """Remove everything it holds, so that no page of it keeps what was there."""

    def quoted(self, relation: str) -> str:
        """``schema.table``, or a column, as it stands in a query: ``order`` is a word of SQL."""


def engine_of(settings: Settings, target: str | None = None) -> Engine:
    """The warehouse that the settings choose, or the one of that target.

    Raises:
        WarehouseError: no such target, or it lacks a setting.
    """
    chosen = target or settings.dbt_target
    if chosen == "duckdb":
        from analysis.engines.duckdb_file import DuckDbFile

        return DuckDbFile(settings.warehouse)
    if chosen == "postgres":
        from analysis.engines.postgres_server import PostgresServer

        return PostgresServer.of(settings.postgres_url)
    if chosen in SPARK_SCHEMES:
        from analysis.engines.spark_cluster import SparkCluster

        return SparkCluster.of(settings.spark, scheme=SPARK_SCHEMES[chosen])
    raise WarehouseError(
        f"there is no warehouse `{chosen}`",
        "set CXLOOP_DBT_TARGET to duckdb, postgres, spark or spark_thrift",
    )


def in_double_quotes(relation: str) -> str:
    """``schema.table`` quoted as the standard says."""
    return ".".join(f'"{part}"' for part in relation.split("."))


def first_line(error: Exception) -> str:
    """What a driver says first."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
