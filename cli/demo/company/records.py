"""How rows are written: SQLite tables, CSV and JSON lines, byte for byte the same for a seed."""

from __future__ import annotations

import csv
import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Row = Sequence[Any]
Column = npt.NDArray[Any] | Sequence[Any]


def rows_of(*columns: Column) -> list[tuple[Any, ...]]:
    """Columns as rows of plain Python values."""
    plain = [column.tolist() if isinstance(column, np.ndarray) else column for column in columns]
    return list(zip(*plain, strict=True))


def write_table(
    database: Path, table: str, *, columns: Sequence[str], rows: Iterable[Row], key: str = ""
) -> None:
    """Create one table in one transaction; an empty text becomes NULL.

    Column declarations stand in ``columns`` as SQLite writes them, e.g. ``"amt_jpy INTEGER"``.
    """
    primary = f", PRIMARY KEY ({key})" if key else ""
    marks = ", ".join("?" * len(columns))
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        connection.execute(f"CREATE TABLE {table} ({', '.join(columns)}{primary})")
        full = (tuple(None if value == "" else value for value in row) for row in rows)
        connection.executemany(f"INSERT INTO {table} VALUES ({marks})", full)  # noqa: S608


def write_index(database: Path, name: str, *, on: str) -> None:
    """Add one index, for example ``on="ticket (updated_at, id)"``."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"CREATE INDEX {name} ON {on}")


def write_csv(file: Path, *, header: Sequence[str], rows: Iterable[Row]) -> None:
    """A CSV file as a survey tool exports it: UTF-8 with a byte-order mark, CRLF."""
    with file.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def write_json_lines(file: Path, lines: Iterable[dict[str, Any]]) -> None:
    """One JSON object per line."""
    encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(encoder.encode(line) + "\n" for line in lines)


def write_json(file: Path, content: dict[str, Any]) -> None:
    """A JSON document for people and programs, keys sorted."""
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)
    file.write_text(text + "\n", encoding="utf-8")
