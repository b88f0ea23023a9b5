"""Spark: a cluster that reads the lake in place and keeps its tables in files of its own.

Its client stack lives in an environment of its own (``make setup-spark``): pyspark beside Great
Expectations breaks the latter's import. So dbt is run by that environment's interpreter, and so
are questions: a child process asks them and hands the rows over as Arrow.
"""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from analysis.engines import SCHEMA, Columns
from analysis.engines.spark_child import AnswerlessError, SparkChild, child_of
from analysis.errors import WarehouseError
from programme.settings import SparkSettings

CONNECT_SECONDS = 5.0
_DEFAULT_PORTS = {"sc": 15002, "thrift": 10000}
_LOGICAL = {
    "string": "text",
    "double": "number",
    "long": "integer",
    "bigint": "integer",
    "integer": "integer",
    "int": "integer",
    "boolean": "flag",
    "date": "day",
    "timestamp": "instant",
    "timestamp_ntz": "instant",
}
_COLUMN = re.compile(r"^ \|-- (?P<name>.+): (?P<kind>[a-z_]+(?:\([0-9,]+\))?) \(", re.MULTILINE)
_LOCATION = re.compile(r"^Location: (?P<location>.+)$", re.MULTILINE)
_VIEW = re.compile(r"^Type: VIEW$", re.MULTILINE)
_MISSING = ("TABLE_OR_VIEW_NOT_FOUND", "UNRESOLVED_COLUMN", "SCHEMA_NOT_FOUND")
_IS_ABSENT = ("SCHEMA_NOT_FOUND", "NoSuchDatabaseException")


@dataclass(frozen=True)
class SparkCluster:
    """One cluster, by Spark Connect (``sc``) or by HiveServer2 (``thrift``).

    Attributes:
        scheme: ``sc`` or ``thrift``.
        tables: The directory, seen by every worker, that holds the tables.
        client: The interpreter whose environment holds dbt-spark and pyspark.
    """

    scheme: str
    host: str
    port: int
    user: str
    tables: str
    client: Path

    @classmethod
    def of(cls, settings: SparkSettings, *, scheme: str) -> SparkCluster:
        """Read ``CXLOOP_SPARK_URL`` and what belongs to it.

        Raises:
            WarehouseError: it is not set, or is no such address.
        """
        form = f"{scheme}://host:{_DEFAULT_PORTS[scheme]}"
        if not settings.url:
            what = "the warehouse is Spark and CXLOOP_SPARK_URL is not set"
            raise WarehouseError(what, f"set it, such as {form}")
        try:
            parts = urlsplit(settings.url)
            host, port = parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        except ValueError:
            host, port = None, 0
        if parts.scheme != scheme or not host:
            what = f"CXLOOP_SPARK_URL is no address for this target: {settings.url}"
            raise WarehouseError(what, f"write it as {form}")
        user = parts.username or "cxloop"
        return cls(scheme, host, port, user, settings.tables, settings.client)

    @property
    def place(self) -> str:
        """Protocol, host and port."""
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def python(self) -> str:
        """The client environment's interpreter.

        Raises:
            WarehouseError: there is none.
        """
        if not self.client.is_file():
            what = f"the client of Spark is not installed: no {self.client}"
            mend = "run `make setup-spark`, or set CXLOOP_SPARK_PYTHON to an interpreter"
            raise WarehouseError(what, mend)
        return str(self.client)

    @property
    def dbt_environment(self) -> Mapping[str, str]:
        """The address, and where tables are kept."""
        return {
            "CXLOOP_SPARK_REMOTE": self.place,
            "CXLOOP_SPARK_HOST": self.host,
            "CXLOOP_SPARK_PORT": str(self.port),
            "CXLOOP_SPARK_USER": self.user,
            "CXLOOP_SPARK_TABLES": self.tables,
            "PYTHONWARNINGS": "ignore",  # pyspark warns of pandas 3 on standard error
        }

    def ready(self) -> None:
        """See that somebody listens: without it a Connect client waits for ever.

        Raises:
            WarehouseError: nobody does, within five seconds.
        """
        try:
            socket.create_connection((self.host, self.port), timeout=CONNECT_SECONDS).close()
        except OSError as error:
            what = f"{self.place} cannot be reached: {error}"
            raise WarehouseError(what, "see that the cluster runs, and the address") from error

    def zone(self) -> str:
        """As the session tells."""
        return str(self.fetch("select current_timezone()")[0][0])

    def leftovers(self) -> frozenset[str]:
        """Every directory of a table, of this build or of an earlier one, that is there now."""
        found = Path(self.tables, SCHEMA).glob("*/*")
        return frozenset(str(place) for place in found if place.is_dir())

    def discard(self, leftovers: frozenset[str]) -> int:
        """Delete those directories that no table uses.

        Tables beyond this machine's reach (``s3a://``) leave nothing to see, and stay.
        """
        used = {unquote(urlsplit(place).path) for place in self.locations().values()}
        unused = sorted(place for place in leftovers if place not in used)
        for place in unused:
            shutil.rmtree(place, ignore_errors=True)
        return len(unused)

    def is_built(self) -> bool:
        """Whether the schema ``cx`` holds a table."""
        return bool(self._described(SCHEMA))

    def fetch(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        """Rows of a query; each ``?`` stands for a text, a number or a flag.

        Raises:
            WarehouseError: no cluster, no client, or a table or column that is missing.
        """
        try:
            return self._child().ask(query, values)
        except AnswerlessError as error:
            if any(word in error.said for word in _MISSING):
                what = f"the warehouse {self.place} lacks a table or column: {error}"
                mend = "run `cxloop run` to rebuild it with this version"
                raise WarehouseError(what, mend) from error
            raise WarehouseError(
                f"{self.place}: {error}", "mend what the cluster says, then run again"
            ) from error

    def relations(self, schema: str | None = None) -> dict[str, Columns]:
        """Tables and the logical types of their columns; Spark's own name where there is none."""
        found: dict[str, Columns] = {}
        for table, text in self._described(schema or SCHEMA).items():
            found[table] = {each["name"]: _logical(each["kind"]) for each in _COLUMN.finditer(text)}
        return found

    def locations(self, schema: str = SCHEMA) -> dict[str, str]:
        """``schema.table`` -> the directory that holds its rows."""
        found = {}
        for table, text in self._described(schema).items():
            if place := _LOCATION.search(text):
                found[table] = place["location"]
        return found

    def drop(self) -> None:
        """Drop every table of the schema ``cx`` and delete what lies in their directories.

        Raises:
            WarehouseError: no cluster, or no permission.
        """
        for table in self._described(SCHEMA):
            self.fetch(f"drop table if exists {self.quoted(table)}")
        self.discard(self.leftovers())

    def quoted(self, relation: str) -> str:
        """Between grave accents."""
        return ".".join(f"`{part}`" for part in relation.split("."))

    def _described(self, schema: str) -> dict[str, str]:
        """``schema.table`` -> what Spark tells about it; views are none."""
        try:
            rows = self.fetch(f"show table extended in {schema} like '*'")
        except WarehouseError as error:
            if any(word in error.what for word in _IS_ABSENT):
                return {}
            raise
        return {
            f"{space}.{table}": str(text)
            for space, table, _, text in rows
            if space and not _VIEW.search(str(text))
        }

    def _child(self) -> SparkChild:
        self.ready()
        script = Path(__file__).with_name("spark_client.py")
        given = ["connect", self.place]
        if self.scheme == "thrift":
            given = ["thrift", self.host, str(self.port), self.user, "NONE"]
        return child_of(self.python, "-W", "ignore", str(script), *given)


def _logical(kind: str) -> str:
    return "decimal" if kind.startswith("decimal") else _LOGICAL.get(kind, kind)
