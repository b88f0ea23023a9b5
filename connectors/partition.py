"""What becomes of one load date of one source: rows, refusals, counts, and what was checked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import ReconciliationError
from connectors.records import RECORDS
from connectors.rows import Refusal

QUARANTINE = pa.schema(
    [
        pa.field(name, pa.string())
        for name in ("rule", "reason", "column", "value", "payload", "entity", "run_id")
    ]
)


@dataclass(frozen=True)
class Counts:
    """Rows of one entity and record: ``received`` is the sum of the other four."""

    received: int = 0
    landed: int = 0
    quarantined: int = 0
    duplicate: int = 0
    not_applicable: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: n + getattr(other, name) for name, n in asdict(self).items()})

    @property
    def reconciles(self) -> bool:
        """Whether every row received is accounted for."""
        parts = self.landed + self.quarantined + self.duplicate + self.not_applicable
        return self.received == parts


@dataclass
class Partition:
    """What becomes of one load date.

    Attributes:
        load_date: The partition.
        raw: Record -> canonical rows, in the order of their keys.
        refusals: Record -> (entity, refusal).
        counts: (entity, record) -> counts.
        checks: Results of all checks, as counts.
        warnings: What a person should look at although it stops nothing.
        watermark: The latest instant at which something happened, not later than the load date.
    """

    load_date: date
    raw: dict[str, pa.Table] = field(default_factory=dict)
    refusals: dict[str, list[tuple[str, Refusal]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    counts: dict[tuple[str, str], Counts] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    watermark: datetime | None = None

    def quarantined(self, run_id: str) -> dict[str, pa.Table]:
        """Record -> quarantine rows in a stable order."""
        return {
            record: _quarantine(rows, run_id)
            for record, rows in sorted(self.refusals.items())
            if rows
        }

    def counts_by_entity(self) -> dict[str, dict[str, dict[str, int]]]:
        """Entity -> record -> counts, for the manifest."""
        nested: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
        for (entity, record), counts in self.counts.items():
            nested[entity][record] = asdict(counts)
        return dict(nested)


def require_reconciled(partition: Partition, source: str) -> None:
    """Refuse a load date whose rows are not all accounted for.

    Raises:
        ReconciliationError: naming entity, record and counts.
    """
    for (entity, record), counts in partition.counts.items():
        if not counts.reconciles:
            raise ReconciliationError(
                f"{record}: the counts do not add up: {asdict(counts)}",
                source=source,
                entity=entity,
                where=str(partition.load_date),
                mend="report this with the declaration: it is an error of cxloop",
            )


def watermark_of(partition: Partition) -> datetime | None:
    """The latest instant at which something happened, not later than the load date."""
    end = datetime.combine(partition.load_date + timedelta(days=1), time.min, UTC)
    latest: list[datetime] = []
    for name, table in partition.raw.items():
        occurred = pc.cast(table.column(RECORDS[name].occurred), pa.timestamp("us", tz="UTC"))
        found = pc.max(occurred.filter(pc.less(occurred, pa.scalar(end, occurred.type)))).as_py()
        latest += [] if found is None else [found]
    return max(latest, default=None)


def _quarantine(rows: list[tuple[str, Refusal]], run_id: str) -> pa.Table:
    content = [
        {**asdict(refusal), "entity": entity, "run_id": run_id}
        for entity, refusal in sorted(
            rows, key=lambda row: (row[0], row[1].rule, row[1].column, row[1].payload)
        )
    ]
    return pa.Table.from_pylist(content, schema=QUARANTINE)
