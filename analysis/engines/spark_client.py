"""Answers questions to a Spark cluster; run by the interpreter of the Spark client's environment.

It imports nothing of cxloop, because that environment holds nothing of it. A question is one line
of JSON on standard input (``query``, ``values``); the answer is one line of JSON and, where the
question could be answered, so many bytes of an Arrow stream. It ends when its input ends.

Each question has a session of its own: a session remembers in which files a table lay, and would
read them still, without a word, after a build has replaced the table.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa

SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.mergeSchema": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
}
_THRIFT = {
    "STRING_TYPE": pa.string(),
    "VARCHAR_TYPE": pa.string(),
    "DOUBLE_TYPE": pa.float64(),
    "BIGINT_TYPE": pa.int64(),
    "INT_TYPE": pa.int64(),
    "SMALLINT_TYPE": pa.int64(),
    "TINYINT_TYPE": pa.int64(),
    "BOOLEAN_TYPE": pa.bool_(),
    "DATE_TYPE": pa.date32(),
    "TIMESTAMP_TYPE": pa.timestamp("us"),
}


class Connect:
    """Spark Connect: the cluster sends Arrow."""

    def __init__(self, remote: str) -> None:
        from pyspark.sql import SparkSession

        self._builder = SparkSession.builder.remote(remote)

    def ask(self, query: str, values: list[Any]) -> pa.Table:
        """Rows of a query; each ``?`` stands for a value."""
        session = self._builder.create()
        try:
            for name, value in SETTINGS.items():
                session.conf.set(name, value)
            return session.sql(query, args=values or None).toArrow()
        finally:
            with contextlib.suppress(Exception):
                session.stop()


class Thrift:
    """HiveServer2: days come as texts, and the driver puts values into the text of the query."""

    def __init__(self, host: str, port: str, user: str, auth: str) -> None:
        settings = {f"set:{name}": value for name, value in SETTINGS.items()}
        self._address = {"host": host, "port": int(port), "username": user, "auth": auth}
        self._address["configuration"] = settings

    def ask(self, query: str, values: list[Any]) -> pa.Table:
        """Rows of a query; each ``?`` stands for a value."""
        from pyhive import hive

        connection = hive.connect(**self._address)
        try:
            cursor = connection.cursor()
            if values:
                cursor.execute(query.replace("%", "%%").replace("?", "%s"), values)
            else:
                cursor.execute(query)
            columns = cursor.description or []
            rows = cursor.fetchall() if columns else []
        finally:
            # a session that fails when it is closed has given its rows
            with contextlib.suppress(Exception):
                connection.close()
        arrays = [_array([row[at] for row in rows], kind[1]) for at, kind in enumerate(columns)]
        return pa.Table.from_arrays(arrays, names=[column[0] for column in columns])


def _array(values: list[Any], kind: str) -> pa.Array:
    if kind == "DATE_TYPE":
        values = [None if v is None else date.fromisoformat(v) for v in values]
    if kind == "DECIMAL_TYPE":
        values = [None if v is None else Decimal(v) for v in values]
        return pa.array(values) if any(v is not None for v in values) else pa.nulls(len(values))
    return pa.array(values, type=_THRIFT.get(kind))


def answers(cluster: Connect | Thrift) -> None:
    """One answer for each line of standard input, until it ends."""
    out = sys.stdout.buffer
    for line in sys.stdin:
        question = json.loads(line)
        try:
            table = cluster.ask(question["query"], question["values"])
            stream = io.BytesIO()
            with pa.ipc.new_stream(stream, table.schema) as writer:
                writer.write_table(table)
            told: dict[str, Any] = {"bytes": stream.tell()}
            body = stream.getvalue()
        # whatever the cluster says is an answer too
        except Exception as error:
            told, body = {"error": _said(error)}, b""
        out.write(json.dumps(told).encode() + b"\n" + body)
        out.flush()


def _said(error: Exception) -> str:
    status = getattr(error.args[0], "status", None) if error.args else None
    said = str(getattr(status, "errorMessage", None) or error) or type(error).__name__
    # Thrift names every Java class on the way to what happened
    return said[said.find("[") :] if said.startswith("Error running query: [") else said


if __name__ == "__main__":
    if sys.argv[1] == "connect":
        answers(Connect(sys.argv[2]))
    else:
        answers(Thrift(*sys.argv[2:6]))
