"""Rows that a snapshot no longer has: the source deleted them, and so does staging."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import HeldBatchError
from connectors.lake import Lake
from connectors.records import Record
from connectors.row_hashes import HashSet, row_hashes
from programme.sources import Absence

_MEMORY = "256MB"


@dataclass
class Present:
    """The keys of the snapshot that is being landed.

    Attributes:
        record: What its rows become.
        keys: Of the rows that could be mapped, those that a check refuses included.
        unread: Rows that could not be mapped, whose keys are therefore unknown.
    """

    record: Record
    keys: HashSet = field(default_factory=HashSet)
    unread: int = 0

    def note(self, table: pa.Table) -> None:
        """Remember the keys of these rows."""
        self.keys.add(row_hashes(table.select(list(self.record.key))))


def vanished(
    lake: Lake, entity: str, present: Present, absence: Absence, *, load_date: date
) -> pa.Table:
    """Rows that earlier load dates hold as living and the snapshot lacks, marked as deleted.

    They repeat the last version of the row, with ``deleted_at`` the end of the load date; where
    rows have versions, so is theirs, unless the last one is later.

    Raises:
        HeldBatchError: when more than ``max_share`` of the living rows are missing: then the
            snapshot is probably cut off.
    """
    living = _living(lake, present.record, load_date)
    known = present.keys.holds(row_hashes(living.select(list(present.record.key))))
    gone = living.filter(pa.array(~known))
    if gone.num_rows > absence.max_share * living.num_rows:
        raise HeldBatchError(
            f"{gone.num_rows} of {living.num_rows} rows of {present.record.name} are not in the "
            f"snapshot, more than `absence.max_share` {absence.max_share:g} allows",
            source=lake.source,
            entity=entity,
            where=f"load date {load_date}",
            mend="have the whole table sent again; if so many were deleted, raise `max_share`",
        )
    return _marked(gone, load_date)


def _living(lake: Lake, record: Record, load_date: date) -> pa.Table:
    folder = lake.raw(record.name, load_date).parent.parent
    paths = [
        str(path)
        for path in sorted(folder.glob("load_date=*/part-0.parquet"))
        if path.parent.name < f"load_date={load_date}"
    ]
    if not paths:
        return record.schema.empty_table()
    key = ", ".join(f'"{name}"' for name in record.key)
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{_MEMORY}'")
        connection.execute("set TimeZone = 'UTC'")
        rows = connection.sql(
            "select * exclude (filename, place) from (select *, row_number() over "  # noqa: S608
            f"(partition by {key} order by version desc nulls last, filename desc) as place "
            "from read_parquet(?, filename = true, hive_partitioning = false)) "
            f"where place = 1 and deleted_at is null order by {key}",
            params=[paths],
        ).to_arrow_table()
    return rows.select(record.schema.names).cast(record.schema)


def _marked(gone: pa.Table, load_date: date) -> pa.Table:
    end = datetime.combine(load_date + timedelta(days=1), time.min, UTC) - timedelta(seconds=1)
    moment = pa.scalar(end, gone.schema.field("version").type)
    version = gone.column("version")
    later = pc.if_else(pc.greater(version, moment), version, moment)
    columns = {
        "deleted_at": pa.repeat(moment, gone.num_rows),
        "version": pc.if_else(pc.is_valid(version), later, version),
    }
    for name, values in columns.items():
        gone = gone.set_column(gone.schema.get_field_index(name), gone.schema.field(name), values)
    return gone
