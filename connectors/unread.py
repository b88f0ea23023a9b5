"""Columns that are read only when somebody asks: the payload of a refused row needs them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Unread:
    """A table with all columns, read when one is asked for that nobody was expected to need.

    Attributes:
        names: Its columns.
        read: Reads it.
        positions: The rows of it that are meant; None for all.
    """

    names: tuple[str, ...]
    read: Callable[[], pa.Table]
    positions: Positions | None = None

    @cached_property
    def table(self) -> pa.Table:
        """All columns of the rows that are meant."""
        table = self.read()
        return table if self.positions is None else table.take(pa.array(self.positions, pa.int64()))

    def take(self, positions: Positions) -> Unread:
        """The same for some of the rows."""
        kept = positions if self.positions is None else self.positions[positions]
        return replace(self, positions=kept)
