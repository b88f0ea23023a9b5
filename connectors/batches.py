"""Batches in landing: a batch is committed if and only if its manifest exists."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.lake import Lake, read_json, remove_unfinished, write_json, write_parquet

CursorValue = str | int


@dataclass(frozen=True)
class Batch:
    """One committed pull of one entity.

    Attributes:
        name: ``<sequence>-<first digits of the data's sha256>``, the file's stem.
        sequence: Rises by one with every batch of the entity, over all load dates.
        load_date: The partition it lies in.
        rows: Rows of the parquet file.
        sha256: Of the parquet file.
        file: The file it was read from; empty for databases and APIs.
        content_sha256: Of that file's content, decompressed.
        cursor: The highest cursor value read; None without a cursor.
        already_landed: Rows read again within the lookback and left out as unchanged.
        new_columns: Columns that the declaration does not list.
        run_id: The run that wrote it.
    """

    name: str
    sequence: int
    load_date: date
    rows: int
    sha256: str
    file: str = ""
    content_sha256: str = ""
    cursor: CursorValue | None = None
    already_landed: int = 0
    new_columns: tuple[str, ...] = ()
    run_id: str = field(default="", compare=False)


@dataclass(frozen=True)
class Pulled:
    """Rows just read, not yet committed. The attributes are those of ``Batch``."""

    table: pa.Table
    file: str = ""
    content_sha256: str = ""
    cursor: CursorValue | None = None
    already_landed: int = 0
    new_columns: tuple[str, ...] = ()


def committed(lake: Lake, entity: str) -> list[Batch]:
    """All committed batches of the entity, oldest first."""
    manifests = lake.landing(entity).glob("load_date=*/*.json")
    return sorted((_read(path) for path in manifests), key=lambda batch: batch.sequence)


def remove_orphans(lake: Lake, entity: str) -> int:
    """Delete data whose manifest was never written; how many files that were."""
    removed = 0
    for folder in lake.landing(entity).glob("load_date=*"):
        remove_unfinished(folder)
        for path in folder.glob("*.parquet"):
            if not path.with_suffix(".json").exists():
                path.unlink()
                removed += 1
    return removed


def commit(
    lake: Lake, entity: str, pulled: Pulled, *, sequence: int, load_date: date, run_id: str
) -> Batch:
    """Write the data, then the manifest, which is the commit.

    Raises:
        LakeWriteError: when the disk is full; the data is then an orphan or absent.
    """
    folder = lake.landing(entity) / f"load_date={load_date}"
    draft = folder / f"{sequence:06d}.parquet"
    digest = write_parquet(draft, pulled.table, source=lake.source)
    name = f"{sequence:06d}-{digest[:12]}"
    draft.replace(folder / f"{name}.parquet")
    batch = Batch(
        name=name,
        sequence=sequence,
        load_date=load_date,
        rows=pulled.table.num_rows,
        sha256=digest,
        file=pulled.file,
        content_sha256=pulled.content_sha256,
        cursor=pulled.cursor,
        already_landed=pulled.already_landed,
        new_columns=pulled.new_columns,
        run_id=run_id,
    )
    content = asdict(batch) | {"load_date": str(load_date), "new_columns": list(batch.new_columns)}
    write_json(folder / f"{name}.json", content, source=lake.source)
    return batch


def set_aside(lake: Lake, entity: str, batch: Batch, *, reason: str) -> None:
    """Take a committed batch back: the manifest first, which is what makes it count."""
    folder = lake.landing(entity) / f"load_date={batch.load_date}"
    apart = lake.landing(entity) / "withdrawn"
    write_json(apart / f"{batch.name}.reason.json", {"reason": reason}, source=lake.source)
    for suffix in (".json", ".parquet"):
        (folder / f"{batch.name}{suffix}").replace(apart / f"{batch.name}{suffix}")


def read_rows(lake: Lake, entity: str, batch: Batch) -> pa.Table:
    """The batch's rows as landed."""
    path = lake.landing(entity) / f"load_date={batch.load_date}" / f"{batch.name}.parquet"
    with pq.ParquetFile(path) as file:
        return file.read()


def highest_cursor(batches: list[Batch]) -> CursorValue | None:
    """The cursor up to which the entity has been read; None before the first batch."""
    return highest_of(batch.cursor for batch in batches)


def highest_of(cursors: Iterable[CursorValue | None]) -> CursorValue | None:
    """The highest value; numbers by size, text by its order; None where there is none."""
    values = [cursor for cursor in cursors if cursor is not None]
    return max(values, key=lambda value: (isinstance(value, str), value)) if values else None


def _read(path: Path) -> Batch:
    content = read_json(path)
    content["load_date"] = date.fromisoformat(content["load_date"])
    content["new_columns"] = tuple(content["new_columns"])
    return Batch(**content)
