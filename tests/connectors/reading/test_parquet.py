"""Parquet: types kept, what has no type of ours as text."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.errors import UnreadableFileError
from connectors.rows import TableRows
from tests.connectors.reading.conftest import Read


def parquet(columns: dict[str, Any], **options: Any) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content, **options)
    return content.getvalue()


UTC = dt.UTC
COLUMNS = {
    "text": pa.array(["a", None]),
    "large": pa.array(["b", "c"], pa.large_string()),
    "word": pa.array(["x", "x"]).dictionary_encode(),
    "whole": pa.array([1, None], pa.int32()),
    "number": pa.array([1.5, float("nan")]),
    "exact": pa.array([Decimal("1.50"), Decimal("-0.01")]),
    "flag": pa.array([True, None]),
    "day": pa.array([dt.date(2026, 7, 1), None]),
    "nanos": pa.array([1_782_900_000_123_456_789, None], pa.timestamp("ns")),
    "zoned": pa.array(
        [dt.datetime(2026, 7, 1, tzinfo=UTC), None], pa.timestamp("ms", "Asia/Tokyo")
    ),
    "list": pa.array([[1, 2], None]),
    "struct": pa.array([{"a": dt.date(2026, 7, 1), "é": b"\xff"}, None]),
    "bytes": pa.array([b"plain", "é".encode()]),
    "raw": pa.array([b"\xff\xfe", b"a"]),
    "clock": pa.array([dt.time(10, 0), None]),
    "span": pa.array([dt.timedelta(hours=36), None]),
    "none": pa.nulls(2),
}
FIRST = {
    "text": "a",
    "large": "b",
    "word": "x",
    "whole": 1,
    "number": 1.5,
    "exact": Decimal("1.50"),
    "flag": True,
    "day": dt.date(2026, 7, 1),
    "nanos": dt.datetime.fromisoformat("2026-07-01T10:00:00.123456"),
    "zoned": dt.datetime(2026, 7, 1, tzinfo=UTC),
    "list": "[1,2]",
    "struct": '{"a":"2026-07-01","é":"ff"}',
    "bytes": "plain",
    "raw": "fffe",
    "clock": dt.time(10, 0),
    "span": "1 day, 12:00:00",
    "none": None,
}


def test_types_are_kept_or_become_text() -> None:
    read = Read(parquet(COLUMNS), format="parquet")
    assert read.header == list(COLUMNS)
    assert read.rows[1] == tuple(FIRST.values())
    rows = read.chunks[0].rows
    assert isinstance(rows, TableRows)
    assert rows.table.schema.field("nanos").type == pa.timestamp("us")
    assert rows.table.schema.field("word").type == pa.string()


def test_row_groups_are_read_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.reading.parquet._CHUNK_ROWS", 100)
    content = parquet({"id": pa.array(range(1050))}, row_group_size=70)
    read = Read(content, format="parquet")
    assert read.rows == {n + 1: (n,) for n in range(1050)}
    assert len(read.chunks) >= 11


def test_a_nul_is_refused() -> None:
    read = Read(parquet({"id": ["a", "b\0", "c"], "x": [1, 2, 3]}), format="parquet")
    assert read.rows == {1: ("a", 1), 3: ("c", 3)}
    ((reason, payload),) = read.refused
    assert reason == "holds a NUL character"
    assert '"x": 2' in payload


def test_what_is_no_parquet() -> None:
    whole = parquet({"id": pa.array(range(10_000))})
    for content in (b"", b"id\n1\n", whole[:-100], whole[:50] + bytes(500) + whole[550:]):
        with pytest.raises(UnreadableFileError, match="cannot be read as Parquet"):
            Read(content, format="parquet")


def test_column_names_that_cannot_be_told_apart() -> None:
    content = io.BytesIO()
    table = pa.table([pa.array([1]), pa.array([2])], names=["id", "id"])
    pq.write_table(table, content)
    with pytest.raises(UnreadableFileError, match="names id more than once"):
        Read(content.getvalue(), format="parquet")
    with pytest.raises(UnreadableFileError, match="_row, which cxloop adds itself"):
        Read(parquet({"_row": [1]}), format="parquet")
