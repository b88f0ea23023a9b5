"""Rows that come twice on one load date: of equal key and version one is kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from connectors.partition import Counts, Partition
from connectors.records import Record


def without_repetitions(
    partition: Partition, record: Record, pieces: list[tuple[str, pa.Table]]
) -> pa.Table:
    """Rows in the order of key and version; of equal key and version the one received last."""
    table = pa.concat_tables([piece for _, piece in pieces]).combine_chunks()
    entity_of = np.repeat(np.arange(len(pieces)), [piece.num_rows for _, piece in pieces])
    order = [*record.key, "version"]
    frame = table.select(order).to_pandas()
    repeated = frame.duplicated(keep="last").to_numpy()
    for number, (name, _) in enumerate(pieces):
        duplicate = int((repeated & (entity_of == number)).sum())
        landed = int((entity_of == number).sum()) - duplicate
        key = (name, record.name)
        partition.counts[key] += Counts(landed=landed, duplicate=duplicate)
    if repeated.any():
        _warn_of_conflicts(partition, record, table, frame.duplicated(keep=False).to_numpy())
        table = table.filter(pa.array(~repeated))
    return table.sort_by([(name, "ascending") for name in order])


def _warn_of_conflicts(
    partition: Partition, record: Record, table: pa.Table, involved: Any
) -> None:
    rows = table.filter(pa.array(involved)).to_pandas()
    differing = len(rows.drop_duplicates()) - len(rows[[*record.key, "version"]].drop_duplicates())
    if differing:
        partition.warnings.append(
            f"{record.name}: {differing} rows share key and version with another row and differ "
            f"from it; the one received last was kept"
        )
