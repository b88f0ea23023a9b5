"""Rows told apart by 128 bits of hash: sixteen bytes each, however wide they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from connectors.conversion import as_text

Hashes = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]
Flags = npt.NDArray[np.bool_]

POSITION = ("_row", "_page")
_KEYS = ("cxloop-first-key", "cxloop-other-key")  # sixteen bytes each, as pandas asks


def row_hashes(table: pa.Table) -> Hashes:
    """Two 64-bit hashes of each row's values, whatever their types and the columns' order."""
    names = sorted(name for name in table.column_names if name not in POSITION)
    frame = pd.DataFrame(
        {name: as_text(table.column(name).combine_chunks()).to_pandas() for name in names},
        index=range(table.num_rows),
    )
    first, second = (_hashed(frame, key) for key in _KEYS)
    return first, second


@dataclass
class HashSet:
    """Hashes met so far, in sorted runs that are merged as they grow."""

    _runs: list[Hashes] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(first) for first, _ in self._runs)

    def holds(self, hashes: Hashes) -> Flags:
        """Which of ``hashes`` were added before."""
        known = np.zeros(len(hashes[0]), dtype=bool)
        for first, second in self._runs:
            place = np.minimum(np.searchsorted(first, hashes[0]), len(first) - 1)
            known |= (first[place] == hashes[0]) & (second[place] == hashes[1])
        return known

    def add(self, hashes: Hashes) -> None:
        """Remember ``hashes``."""
        if not len(hashes[0]):
            return
        self._runs.append(_in_order(*hashes))
        while len(self._runs) > 1 and len(self._runs[-2][0]) <= 2 * len(self._runs[-1][0]):
            (a, b), (c, d) = self._runs[-2:]
            self._runs[-2:] = [_in_order(np.concatenate([a, c]), np.concatenate([b, d]))]


def _in_order(first: npt.NDArray[np.uint64], second: npt.NDArray[np.uint64]) -> Hashes:
    order = np.argsort(first, kind="stable")
    return first[order], second[order]


def _hashed(frame: pd.DataFrame, key: str) -> npt.NDArray[np.uint64]:
    hashes: Any = pd.util.hash_pandas_object(frame, index=False, hash_key=key)
    return np.asarray(hashes, np.uint64)
