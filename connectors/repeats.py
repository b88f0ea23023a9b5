"""Rows that the lookback reads a second time: landing keeps them once."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from connectors.batches import Batch, CursorValue, is_after, read_rows
from connectors.lake import Lake
from connectors.row_hashes import HashSet, row_hashes

# What is older is told apart by its version when it is read; comparing is a saving, not a promise.
_MOST_ROWS = 5_000_000


class LandedRows:
    """The rows of earlier batches that a pull from ``since`` on may bring again.

    The newest five million at most.
    """

    def __init__(
        self, lake: Lake, entity: str, earlier: Sequence[Batch], since: CursorValue | None
    ) -> None:
        self.lake = lake
        self.entity = entity
        self.left_out = 0
        self._batches = [
            batch
            for batch in earlier
            if not batch.expired
            and (
                since is None
                or batch.cursor is None
                or batch.uncursored
                or not is_after(since, batch.cursor)
            )
        ]
        self._landed: HashSet | None = None

    def fresh(self, table: pa.Table) -> pa.Table:
        """The rows of ``table`` that are not among them, unchanged."""
        if not self._batches or not table.num_rows:
            return table
        if self._landed is None:
            self._landed = self._read()
        known = self._landed.holds(row_hashes(table))
        self.left_out += int(known.sum())
        return table.filter(pa.array(~known)) if known.any() else table

    def _read(self) -> HashSet:
        landed = HashSet()
        for batch in reversed(self._batches):
            for part in read_rows(self.lake, self.entity, batch):
                landed.add(row_hashes(part))
            if len(landed) >= _MOST_ROWS:
                break
        return landed
