"""Rows that come twice on one load date: of equal key and version one is kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt

# beyond this DuckDB sorts and groups on disk
_MEMORY = "256MB"


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
    columns = ", ".join(f'"{name}"' for name in key)
    equal = " and ".join(f'r."{name}" is not distinct from k."{name}"' for name in key)
    rows = "read_parquet(?, file_row_number = true)"
    repeated = f"select {columns} from {rows} group by {columns} having count(*) > 1"  # noqa: S608
    file = str(path)
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        connection.execute(f"set temp_directory = '{scratch / '.spill'}'")
        if connection.execute(f"{repeated} limit 1", [file]).fetchone() is None:
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
