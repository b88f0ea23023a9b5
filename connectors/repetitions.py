"""Rows that come twice on one load date: of equal key and version one is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

# beyond this DuckDB sorts and groups on disk
_MEMORY = "128MB"


@dataclass(frozen=True)
class Repetitions:
    """Which rows of a file come again later in it.

    Attributes:
        positions: Rows to leave out, ascending: all but the last of each key and version.
        conflicts: How many of a repeated key's different contents are lost by that.
    """

    positions: npt.NDArray[np.int64]
    conflicts: int

    def keep(self, start: int, count: int) -> npt.NDArray[np.bool_]:
        """For each of ``count`` rows from ``start`` on, whether it stays."""
        kept = np.ones(count, dtype=bool)
        low, high = np.searchsorted(self.positions, [start, start + count])
        kept[self.positions[low:high] - start] = False
        return kept


def repetitions(path: Path, key: tuple[str, ...], *, scratch: Path) -> Repetitions:
    """Find the rows of the parquet file whose ``key`` columns equal those of a later row.

    Memory is bounded; what does not fit is spilled to ``scratch``.
    """
    varying = _varying(path, key)
    columns = ", ".join(f'"{name}"' for name in varying)
    equal = " and ".join(f'r."{name}" is not distinct from k."{name}"' for name in varying)
    rows = "read_parquet(?, file_row_number = true)"
    repeated = f"select {columns} from {rows} group by {columns} having count(*) > 1"  # noqa: S608
    file = str(path)
    # equal keys have equal hashes, which are grouped faster; most load dates repeat none
    suspected = f"select 1 from {rows} group by hash({columns}) having count(*) > 1"  # noqa: S608
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        connection.execute(f"set temp_directory = '{scratch / '.spill'}'")
        if connection.execute(f"{suspected} limit 1", [file]).fetchone() is None:
            return Repetitions(np.empty(0, np.int64), 0)
        connection.execute(
            f"create temp table suspect as select r.* from {rows} r "  # noqa: S608
            f"semi join ({repeated}) k on {equal}",
            [file, file],
        )
        positions = connection.execute(
            "select file_row_number from (select file_row_number, row_number() over "  # noqa: S608
            f"(partition by {columns} order by file_row_number desc) as place from suspect) "
            "where place > 1 order by file_row_number"
        ).fetchnumpy()["file_row_number"]
        (contents,) = connection.execute(
            "select count(*) from (select distinct * exclude (file_row_number) from suspect)"
        ).fetchone() or (0,)
        (keys,) = connection.execute(
            f"select count(*) from (select distinct {columns} from suspect)"  # noqa: S608
        ).fetchone() or (0,)
    return Repetitions(np.asarray(positions, np.int64), contents - keys)


def _varying(path: Path, key: tuple[str, ...]) -> list[str]:
    """The key's columns that have more than one value, as the file's statistics tell; at least one.

    Grouping by a constant costs as much as by any column and tells nothing apart.
    """
    metadata = pq.read_metadata(path)
    names = metadata.schema.to_arrow_schema().names
    varying = [name for name in key if not _is_constant(metadata, names.index(name))]
    return varying or list(key[:1])


def _is_constant(metadata: pq.FileMetaData, column: int) -> bool:
    seen: set[object] = set()
    for group in range(metadata.num_row_groups):
        chunk = metadata.row_group(group).column(column)
        facts = chunk.statistics
        if facts is None or facts.null_count is None:
            return False
        if facts.null_count == chunk.num_values:
            seen.add(None)
        elif facts.null_count or not facts.has_min_max or facts.min != facts.max:
            return False
        else:
            seen.add(facts.min)
    return len(seen) <= 1
