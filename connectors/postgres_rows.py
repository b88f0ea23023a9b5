"""The lake's files as rows that Postgres takes: same columns, instants in UTC without a zone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from connectors.declared import SCHEMAS
from connectors.lake import fingerprint_of, read_json, sha256_of
from connectors.records import RECORDS

BATCH_ROWS = 200_000
# Texts are compared byte by byte, as in the other warehouses, whatever the database's language.
_TYPES = {
    pa.string(): 'text collate "C"',
    pa.float64(): "double precision",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us", tz="UTC"): "timestamp",
}
_PLACE = ("source", "load_date")


@dataclass(frozen=True)
class Part:
    """One partition of a raw record, or one declared table."""

    relation: str
    source: str
    load_date: str
    paths: tuple[Path, ...]
    fingerprint: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What the file is known by."""
        return self.relation, self.source, self.load_date


def schemas() -> dict[str, pa.Schema]:
    """``schema.table`` -> the columns of its files."""
    raw = {f"raw.{name}": record.schema for name, record in RECORDS.items()}
    return raw | {f"declared.{name}": schema for name, schema in SCHEMAS.items()}


def parts_of(lake: Path) -> Iterator[Part]:
    """Everything that is copied, with its content's hash: the manifest's where there is one."""
    manifests: dict[tuple[str, str], Mapping[str, Any]] = {}
    for folder in sorted((lake / "raw").glob("*/source=*/load_date=*")):
        record = folder.parts[-3]
        source, load_date = (part.partition("=")[2] for part in folder.parts[-2:])
        paths = tuple(sorted(folder.glob("*.parquet")))
        if record not in RECORDS or not paths:
            continue
        if (source, load_date) not in manifests:
            path = lake / "manifests" / source / f"{load_date}.json"
            outputs = read_json(path)["outputs"] if path.is_file() else {}
            manifests[source, load_date] = outputs.get("raw", {})
        noted = manifests[source, load_date].get(record)
        if noted and len(paths) == 1:
            digest = str(noted["sha256"])
        else:
            digest = fingerprint_of([*map(sha256_of, paths)])
        yield Part(f"raw.{record}", source, load_date, paths, digest)
    for name in sorted(SCHEMAS):
        path = lake / "declared" / name / "part-0.parquet"
        if path.is_file():
            yield Part(f"declared.{name}", "", "", (path,), sha256_of(path))


def columns_of(relation: str, schema: pa.Schema) -> list[str]:
    """The table's columns with their types, as ``create table`` names them."""
    columns = [f'"{field.name}" {_TYPES[field.type]}' for field in schema]
    if relation.startswith("raw."):
        columns += [f'"{name}" {_TYPES[pa.string()]}' for name in _PLACE]
    return columns


def quoted(relation: str) -> str:
    """``schema.table`` in double quotes: ``order`` is a word of SQL."""
    return ".".join(f'"{part}"' for part in relation.split("."))


def rows_of(part: Part) -> pa.RecordBatchReader:
    """The files' rows as the table takes them; a column that a file does not have is null."""
    schema = schemas()[part.relation]
    place = dict(zip(_PLACE, (part.source, part.load_date), strict=True))
    fields = [pa.field(field.name, _without_zone(field.type)) for field in schema]
    if part.relation.startswith("raw."):
        fields += [pa.field(name, pa.string()) for name in _PLACE]
    target = pa.schema(fields)

    def batches() -> Iterator[pa.RecordBatch]:
        for path in part.paths:
            with pq.ParquetFile(path) as file:
                names = [name for name in schema.names if name in file.schema_arrow.names]
                for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
                    yield _fitted(batch, target, place)

    return pa.RecordBatchReader.from_batches(target, batches())


def _fitted(batch: pa.RecordBatch, target: pa.Schema, place: Mapping[str, str]) -> pa.RecordBatch:
    arrays = []
    for field in target:
        if field.name in batch.schema.names:
            array = batch.column(field.name).cast(field.type)
            arrays.append(_without_nul(array) if field.type == pa.string() else array)
        else:
            value = pa.scalar(place.get(field.name), field.type)
            arrays.append(pa.repeat(value, batch.num_rows))
    return pa.record_batch(arrays, schema=target)


def _without_zone(kind: pa.DataType) -> pa.DataType:
    return pa.timestamp("us") if pa.types.is_timestamp(kind) else kind


def _without_nul(texts: pa.Array) -> pa.Array:
    """Postgres holds every character but NUL, in whose place stands the sign for a wrong one."""
    if pc.any(pc.match_substring(texts, "\0")).as_py():
        return pc.replace_substring(texts, "\0", "\N{REPLACEMENT CHARACTER}")
    return texts
