"""Raw records as they count: the newest version of each key, as far as known on the day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset as ds

from connectors.records import RECORDS

Table = pd.DataFrame
Instants = pd.Series  # of datetime64[us, UTC]


class Raw:
    """The lake's raw records.

    Attributes:
        end: The first instant that is not known: midnight after the as-of day, UTC.
    """

    def __init__(self, lake: Path, end: pd.Timestamp) -> None:
        self.lake = lake
        self.end = end

    def newest(self, record: str) -> Table:
        """One row per key; rows that the source deleted or dates later are left out."""
        kind = RECORDS[record]
        files = ds.dataset(self.lake / "raw" / record, format="parquet", partitioning="hive")
        rows = files.to_table().to_pandas()
        rows = rows.sort_values(["version", "load_date", "source"], kind="stable")
        rows = rows.drop_duplicates(list(kind.key), keep="last")
        rows = rows[rows["deleted_at"].isna()]
        occurred = pd.to_datetime(rows[kind.occurred], utc=True)
        kept = rows.assign(**{kind.occurred: occurred})
        # an invitation that was never sent has no date, and is an invitation all the same
        return kept[(occurred < self.end) | (occurred.isna() & (record == "invitation"))]

    def known(self, instants: Instants) -> Instants:
        """Instants that have happened; the others are missing."""
        found = pd.to_datetime(instants, utc=True)
        return found.where(found < self.end)

    def declared(self, table: str) -> Table:
        """A declared table."""
        return pd.read_parquet(self.lake / "declared" / table)


def events(metric: str, at: Instants, numerator: Any, denominator: Any = 1.0) -> Table:
    """The rows to which a metric applies, dated."""
    found = pd.DataFrame({"at": at, "numerator": numerator})
    found["numerator"] = found["numerator"].astype(float)
    found["denominator"] = denominator
    return found.assign(metric=metric)


def by_month(rows: Table) -> Table:
    """Metric and month -> number of rows, sum of numerators, sum of denominators."""
    months = rows["at"].dt.strftime("%Y-%m")
    return rows.groupby(["metric", months]).agg(
        n=("numerator", "size"), numerator=("numerator", "sum"), denominator=("denominator", "sum")
    )
