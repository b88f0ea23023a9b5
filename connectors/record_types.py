"""What a canonical record is: its key, its date, and a pinned Arrow type per field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

FieldType = Literal["text", "number", "integer", "flag", "instant", "day"]

ARROW_TYPES: dict[FieldType, pa.DataType] = {
    "text": pa.string(),
    "number": pa.float64(),
    "integer": pa.int64(),
    "flag": pa.bool_(),
    "instant": pa.timestamp("us", tz="UTC"),
    "day": pa.date32(),
}


@dataclass(frozen=True)
class RecordField:
    """One column: its name, type and meaning."""

    name: str
    type: FieldType
    meaning: str


@dataclass(frozen=True)
class Record:
    """One canonical record.

    Attributes:
        name: Singular noun; the folder under ``raw``.
        key: Fields that identify a row within a source; never null.
        occurred: The field that dates the row, for freshness and watermarks.
        fields: All columns in order, ``version`` and ``deleted_at`` last.
    """

    name: str
    key: tuple[str, ...]
    occurred: str
    fields: tuple[RecordField, ...]

    @property
    def schema(self) -> pa.Schema:
        """The pinned Arrow schema."""
        return pa.schema([pa.field(field.name, ARROW_TYPES[field.type]) for field in self.fields])

    def field(self, name: str) -> RecordField:
        """The field of that name; KeyError where there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)
