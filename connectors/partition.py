"""The account of one load date of one source: counts, what was checked, how far it reaches."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from connectors.errors import ReconciliationError
from connectors.records import Record


@dataclass(frozen=True)
class Counts:
    """Rows of one entity and record: ``received`` is the sum of the other five.

    ``erased`` are rows of persons who were erased; see ``connectors.erasure``.
    """

    received: int = 0
    landed: int = 0
    quarantined: int = 0
    duplicate: int = 0
    not_applicable: int = 0
    erased: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{name: n + getattr(other, name) for name, n in asdict(self).items()})

    @property
    def reconciles(self) -> bool:
        """Whether every row received is accounted for."""
        parts = self.landed + self.quarantined + self.duplicate + self.not_applicable
        parts += self.erased
        return self.received == parts


@dataclass
class Account:
    """What becomes of one load date, besides its rows.

    Attributes:
        load_date: The partition.
        counts: (entity, record) -> counts.
        checks: Results of all checks, as counts.
        profiles: Entity, record and question -> what later load dates are compared with.
        warnings: What a person should look at although it stops nothing.
        watermark: The latest instant at which something happened, not later than the load date.
        vanished: Entity and record -> rows that the newest whole lacks, landed as deleted.
    """

    load_date: date
    counts: dict[tuple[str, str], Counts] = field(default_factory=dict)
    checks: list[dict[str, Any]] = field(default_factory=list)
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    watermark: datetime | None = None
    vanished: dict[str, int] = field(default_factory=dict)

    def count(self, entity: str, record: str, counts: Counts) -> None:
        """Add to the counts of one entity and record."""
        key = (entity, record)
        self.counts[key] = self.counts.get(key, Counts()) + counts

    def counts_by_entity(self) -> dict[str, dict[str, dict[str, int]]]:
        """Entity -> record -> counts, for the manifest."""
        nested: dict[str, dict[str, dict[str, int]]] = defaultdict(dict)
        for (entity, record), counts in self.counts.items():
            nested[entity][record] = asdict(counts)
        return dict(nested)

    def note_occurrence(self, record: Record, table: pa.Table) -> None:
        """Raise the watermark to the latest instant among the rows."""
        end = datetime.combine(self.load_date + timedelta(days=1), time.min, UTC)
        occurred = pc.cast(table.column(record.occurred), pa.timestamp("us", tz="UTC"))
        latest = pc.max(occurred.filter(pc.less(occurred, pa.scalar(end, occurred.type)))).as_py()
        if latest is not None:
            self.watermark = latest if self.watermark is None else max(self.watermark, latest)

    def require_reconciled(self, source: str) -> None:
        """Refuse a load date whose rows are not all accounted for.

        Raises:
            ReconciliationError: naming entity, record and counts.
        """
        for (entity, record), counts in self.counts.items():
            if not counts.reconciles:
                raise ReconciliationError(
                    f"{record}: the counts do not add up: {asdict(counts)}",
                    source=source,
                    entity=entity,
                    where=str(self.load_date),
                    mend="report this with the declaration: it is an error of cxloop",
                )
