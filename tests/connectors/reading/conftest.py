"""Content read as a declared file, without a lake around it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Collection
from typing import Any

import pytest

from connectors.reading import Chunk, Place, header_of, read_chunks
from connectors.rows import JsonRows, TableRows
from programme.systems import FileRead

PLACE = Place("src", "answers", "a.csv")


class Read:
    """One file read to its end.

    Attributes:
        rows: Row number -> values, for tables.
        payloads: Parsed objects, for JSON.
        refused: (reason, payload) of what is no row.
    """

    def __init__(
        self,
        content: bytes,
        *,
        withhold: bool = False,
        columns: Collection[str] | None = None,
        **declared: Any,
    ) -> None:
        self.read = FileRead(pattern="*", **declared)
        self.content = content
        self.chunks: list[Chunk] = list(
            read_chunks(self.open, self.read, PLACE, withhold=withhold, columns=columns)
        )
        self.rows: dict[int, tuple[Any, ...]] = {}
        self.payloads: list[Any] = []
        self.texts: list[str] = []
        for chunk in self.chunks:
            if isinstance(chunk.rows, TableRows):
                for row in _all_columns(chunk.rows):
                    assert row.pop("_file") == PLACE.label
                    number = row.pop("_row")
                    assert number not in self.rows
                    self.rows[number] = tuple(row.values())
            elif isinstance(chunk.rows, JsonRows):
                self.payloads += chunk.rows.payloads
                self.texts += chunk.rows.texts
        self.refused = [
            (refusal.reason, refusal.payload) for chunk in self.chunks for refusal in chunk.refusals
        ]
        assert {r.rule for chunk in self.chunks for r in chunk.refusals} <= {"is_row"}
        self.left_out = sum(chunk.left_out for chunk in self.chunks)

    def open(self) -> io.BytesIO:
        return io.BytesIO(self.content)

    @property
    def header(self) -> list[str] | None:
        return header_of(self.open, self.read, PLACE)


def _all_columns(rows: TableRows) -> list[dict[str, Any]]:
    if rows.whole is None:
        table: list[dict[str, Any]] = rows.table.to_pylist()
        return table
    return [json.loads(rows.payload(position)) for position in range(len(rows))]


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Cut files into blocks of so many bytes."""

    def shrink(size: int) -> None:
        monkeypatch.setattr("connectors.reading.delimited.BLOCK_BYTES", size)
        monkeypatch.setattr("connectors.reading.headers._PIECE_BYTES", size)
        monkeypatch.setattr("connectors.reading.json_lines._BLOCK_BYTES", size)
        monkeypatch.setattr("connectors.reading.json_document._PIECE_BYTES", size)

    return shrink
