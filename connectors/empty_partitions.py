"""A file without rows of every record, so that the warehouse can read what has not landed yet."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.lake import Lake, write_parquet
from connectors.records import RECORDS
from programme import Settings


def ensure_empty_partitions(settings: Settings) -> None:
    """One file without rows per record, so that every record can be read before anything landed.

    It has every column of today, which partitions that landed with an older version may lack.
    """
    lake = Lake(settings.lake, "_none")
    paths = {name: lake.raw(name, date(1970, 1, 1)) for name in RECORDS}
    old = [name for name, path in paths.items() if not _has_schema(path, RECORDS[name].schema)]
    if not old:
        return
    with lake.locked():
        for name in old:
            write_parquet(paths[name], RECORDS[name].schema.empty_table(), source="_none")


def _has_schema(path: Path, schema: pa.Schema) -> bool:
    return path.exists() and pq.read_schema(path).equals(schema)
