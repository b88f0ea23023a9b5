"""Batches in landing: a batch is committed if and only if its manifest exists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import BinaryIO, Literal, cast

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.errors import ExpiredLandingError
from connectors.lake import Lake, read_json, remove_unfinished, write_json

CursorValue = str | int
Form = Literal["rows", "bytes"]
SUFFIXES: dict[Form, str] = {"rows": ".parquet", "bytes": ".zst"}
_ROWS_AT_ONCE = 100_000
_REASON = ".reason.json"


@dataclass(frozen=True)
class Batch:
    """One committed pull of one entity.

    Attributes:
        name: ``<sequence>-<first digits of the data's sha256>``, the file's stem.
        sequence: Rises by one with every batch of the entity, over all load dates.
        load_date: The partition it lies in.
        form: ``rows`` (parquet: tables, payloads, and files with personal data, protected) or
            ``bytes`` (the file's content as received, compressed).
        rows: Rows of the parquet file; 0 for bytes, which are read as rows when they are landed.
        size: Bytes of the content as received; 0 for rows.
        sha256: Of the batch's own file.
        file: The file it was read from; empty for databases and APIs.
        stamp: Size and time of change, or the tag, that the file had; the same again is not read.
        content_sha256: Of the file's content, decompressed, or of all rows of a snapshot.
        cursor: The highest cursor value read; None without a cursor.
        uncursored: Rows without a cursor value, which every pull reads again.
        already_landed: Rows read again within the lookback and left out as unchanged.
        new_columns: Columns that the declaration does not list.
        erased: Rows taken out since, because a person was erased.
        expired: Whether its data were let go by the retention rule; the manifest stays.
        run_id: The run that wrote it.
    """

    name: str
    sequence: int
    load_date: date
    rows: int
    sha256: str
    form: Form = "rows"
    size: int = 0
    file: str = ""
    stamp: str = field(default="", compare=False)
    content_sha256: str = ""
    cursor: CursorValue | None = None
    uncursored: int = 0
    already_landed: int = 0
    new_columns: tuple[str, ...] = ()
    erased: int = 0
    expired: bool = False
    run_id: str = field(default="", compare=False)


def committed(lake: Lake, entity: str) -> list[Batch]:
    """All committed batches of the entity, oldest first."""
    manifests = lake.landing(entity).glob("load_date=*/*.json")
    return sorted((read_manifest(path) for path in manifests), key=lambda batch: batch.sequence)


def withdrawn(lake: Lake, entity: str) -> list[Batch]:
    """Batches that were taken back, oldest first."""
    manifests = (lake.landing(entity) / "withdrawn").glob("*.json")
    batches = [read_manifest(path) for path in manifests if not path.name.endswith(_REASON)]
    return sorted(batches, key=lambda batch: batch.sequence)


def remove_orphans(lake: Lake, entity: str) -> int:
    """Delete data whose manifest was never written; how many files that were."""
    removed = 0
    for folder in lake.landing(entity).glob("load_date=*"):
        remove_unfinished(folder)
        for path in [path for suffix in SUFFIXES.values() for path in folder.glob(f"*{suffix}")]:
            if not path.with_suffix(".json").exists():
                path.unlink()
                removed += 1
    return removed


def write_manifest(lake: Lake, entity: str, batch: Batch) -> None:
    """Write the batch's manifest, which is the commit; its data must be durable."""
    content = asdict(batch) | {
        "load_date": str(batch.load_date),
        "new_columns": list(batch.new_columns),
    }
    folder = lake.landing(entity) / f"load_date={batch.load_date}"
    write_json(folder / f"{batch.name}.json", content, source=lake.source)


def set_aside(lake: Lake, entity: str, batch: Batch, *, reason: str) -> None:
    """Take a committed batch back: the manifest first, which is what makes it count."""
    folder = lake.landing(entity) / f"load_date={batch.load_date}"
    apart = lake.landing(entity) / "withdrawn"
    write_json(apart / f"{batch.name}{_REASON}", {"reason": reason}, source=lake.source)
    for suffix in (".json", SUFFIXES[batch.form]):
        (folder / f"{batch.name}{suffix}").replace(apart / f"{batch.name}{suffix}")


def data_path(lake: Lake, entity: str, batch: Batch) -> Path:
    """The batch's own file.

    Raises:
        ExpiredLandingError: when the retention rule has let it go.
    """
    if batch.expired:
        raise ExpiredLandingError(
            "what was received has been let go by the retention rule, so that `raw` cannot be "
            "made from it",
            source=lake.source,
            entity=entity,
            where=batch.file or batch.name,
            mend="read it from the source again: withdraw the batch, then pull",
        )
    folder = lake.landing(entity) / f"load_date={batch.load_date}"
    return folder / f"{batch.name}{SUFFIXES[batch.form]}"


def read_rows(
    lake: Lake, entity: str, batch: Batch, *, at_once: int = _ROWS_AT_ONCE
) -> Iterator[pa.Table]:
    """The rows of a batch of form ``rows`` as landed, a bounded number at a time."""
    with pq.ParquetFile(data_path(lake, entity, batch)) as file:
        for part in file.iter_batches(batch_size=at_once):
            yield pa.Table.from_batches([part])


def row_columns(lake: Lake, entity: str, batch: Batch) -> list[str]:
    """The columns of a batch of form ``rows``."""
    with pq.ParquetFile(data_path(lake, entity, batch)) as file:
        return [str(name) for name in file.schema_arrow.names]


def open_bytes(lake: Lake, entity: str, batch: Batch) -> BinaryIO:
    """The content of a batch of form ``bytes`` from its start, decompressed."""
    return cast(
        "BinaryIO", pa.CompressedInputStream(pa.OSFile(str(data_path(lake, entity, batch))), "zstd")
    )


def highest_cursor(batches: list[Batch]) -> CursorValue | None:
    """The cursor up to which the entity has been read; None before the first batch."""
    return highest_of(batch.cursor for batch in batches)


def highest_of(cursors: Iterable[CursorValue | None]) -> CursorValue | None:
    """The highest value; numbers by size, text by its order; None where there is none."""
    values = [cursor for cursor in cursors if cursor is not None]
    return max(values, key=lambda value: (isinstance(value, str), value)) if values else None


def is_after(value: CursorValue, bound: CursorValue) -> bool:
    """Whether one cursor lies behind the other; numbers by size, text by its order."""
    if isinstance(value, int) and isinstance(bound, int):
        return value > bound
    return str(value) > str(bound)


def read_manifest(path: Path) -> Batch:
    """The batch that a manifest describes."""
    content = read_json(path)
    content["load_date"] = date.fromisoformat(content["load_date"])
    content["new_columns"] = tuple(content["new_columns"])
    return Batch(**content)
