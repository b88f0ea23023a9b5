"""One load date of one source: every entity mapped, checked, and rid of repetitions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from connectors.batches import Batch, read_rows
from connectors.contracts import Outcome, hold_or_pass, standard_checks, validate
from connectors.drift import columns_expected, require_columns
from connectors.errors import ReconciliationError
from connectors.lake import Lake
from connectors.mapping import Context, Mapped, map_rows
from connectors.questions import scale_of
from connectors.records import RECORDS, Record
from connectors.rows import Refusal, Rows, readable
from programme import Programme
from programme.sources import Entity, RecordMap

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


def make_partition(
    programme: Programme,
    lake: Lake,
    batches: Mapping[str, list[Batch]],
    *,
    load_date: date,
) -> Partition:
    """Map and check every entity of the load date, then leave out repetitions.

    Raises:
        HeldBatchError: when a check of severity ``hold`` fails.
        SchemaDriftError: when a batch lacks a column.
        ReconciliationError: when the counts do not add up.
    """
    partition = Partition(load_date)
    pieces: dict[str, list[tuple[str, pa.Table]]] = defaultdict(list)
    for name, entity in programme.sources[lake.source].entities.items():
        if batches.get(name):
            maker = _EntityMaker(programme, lake, name, entity, partition)
            for record, table in maker.make(batches[name]):
                pieces[record].append((name, table))
    for record, tables in sorted(pieces.items()):
        partition.raw[record] = _without_repetitions(partition, RECORDS[record], tables)
    _reconcile(partition, lake.source)
    partition.raw = {name: table for name, table in partition.raw.items() if table.num_rows}
    partition.watermark = _watermark(partition)
    return partition


class _EntityMaker:
    """One entity's rows of one load date."""

    def __init__(
        self, programme: Programme, lake: Lake, name: str, entity: Entity, partition: Partition
    ) -> None:
        self.programme = programme
        self.lake = lake
        self.name = name
        self.entity = entity
        self.partition = partition

    def make(self, batches: list[Batch]) -> list[tuple[str, pa.Table]]:
        """(record, canonical rows that hold every check) for each mapping."""
        received: list[tuple[str, Rows]] = []
        unreadable: list[Refusal] = []
        for batch in batches:
            rows, refused = self._rows(batch)
            received.append((batch.file or batch.name, rows))
            unreadable += refused
            if batch.new_columns:
                columns = ", ".join(batch.new_columns)
                self._warn(f"{batch.file or batch.name}: new columns {columns}")
        for record in dict.fromkeys(mapping.record for mapping in self.entity.records):
            self._count(record, Counts(received=len(unreadable), quarantined=len(unreadable)))
            self.partition.refusals[record] += [(self.name, refusal) for refusal in unreadable]
        return [
            (mapping.record, self._mapped(mapping, received)) for mapping in self.entity.records
        ]

    def _rows(self, batch: Batch) -> tuple[Rows, list[Refusal]]:
        table = read_rows(self.lake, self.name, batch)
        if "_payload" not in table.column_names:
            kept = [
                c for c in columns_expected(self.entity) if self.entity.personal.get(c) != "drop"
            ]
            require_columns(
                kept,
                table.column_names,
                source=self.lake.source,
                entity=self.name,
                where=batch.file or batch.name,
            )
        return readable(table)

    def _mapped(self, mapping: RecordMap, received: list[tuple[str, Rows]]) -> pa.Table:
        mapped = [
            map_rows(
                rows,
                mapping,
                Context(
                    source=self.lake.source,
                    entity=self.name,
                    where=where,
                    timezone=self.programme.sources[self.lake.source].timezone,
                    surveys=self.programme.surveys,
                ),
            )
            for where, rows in received
        ]
        for part in mapped:
            self._refuse(mapping.record, list(part.refusals))
            self._count(
                mapping.record,
                Counts(
                    received=part.received,
                    duplicate=part.duplicate,
                    not_applicable=part.not_applicable,
                ),
            )
        return self._checked(mapping, mapped)

    def _checked(self, mapping: RecordMap, mapped: list[Mapped]) -> pa.Table:
        record = RECORDS[mapping.record]
        table = pa.concat_tables([part.table for part in mapped]).combine_chunks()
        checks = standard_checks(
            record,
            question=scale_of(mapping, self.programme.surveys),
            load_date=self.partition.load_date,
            table=table,
        )
        declared = [check for check in self.entity.checks if check.record == record.name]
        outcomes = validate(table, [*checks, *declared])
        self.partition.checks += [outcome.summary(self.name) for outcome in outcomes]
        files = ", ".join(dict.fromkeys(str(self.partition.load_date) for _ in (0,)))
        hold_or_pass(outcomes, source=self.lake.source, entity=self.name, where=files)
        for outcome in outcomes:
            if not outcome.passed and outcome.check.severity == "warn":
                self._warn(
                    f"{outcome.check.expectation}: {len(outcome.failed)} rows fail "
                    f"({outcome.check.reason})"
                )
        refused = _refusals(outcomes, mapped)
        self._refuse(mapping.record, list(refused.values()))
        keep = np.ones(table.num_rows, dtype=bool)
        keep[list(refused)] = False
        return table if keep.all() else table.filter(pa.array(keep))

    def _refuse(self, record: str, refusals: list[Refusal]) -> None:
        self.partition.refusals[record] += [(self.name, refusal) for refusal in refusals]
        self._count(record, Counts(quarantined=len(refusals)))

    def _count(self, record: str, counts: Counts) -> None:
        key = (self.name, record)
        self.partition.counts[key] = self.partition.counts.get(key, Counts()) + counts

    def _warn(self, text: str) -> None:
        self.partition.warnings.append(f"{self.name}: {text}")


def _refusals(outcomes: list[Outcome], mapped: list[Mapped]) -> dict[int, Refusal]:
    """Position among all mapped rows -> its first broken rule."""
    starts = np.cumsum([0, *(part.table.num_rows for part in mapped)])
    found: dict[int, Refusal] = {}
    for outcome in outcomes:
        if outcome.check.severity != "quarantine":
            continue
        check = outcome.check
        column = str(check.kwargs.get("column") or check.kwargs.get("column_A") or "")
        for position, value in zip(outcome.failed, outcome.values, strict=True):
            if position in found:
                continue
            part = int(np.searchsorted(starts, position, side="right")) - 1
            payload = mapped[part].rows.payload(position - int(starts[part]))
            reason = check.reason or check.expectation
            found[position] = Refusal(check.expectation, reason, column, value, payload)
    return dict(sorted(found.items()))


def _without_repetitions(
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


def _reconcile(partition: Partition, source: str) -> None:
    for (entity, record), counts in partition.counts.items():
        if not counts.reconciles:
            raise ReconciliationError(
                f"{record}: the counts do not add up: {asdict(counts)}",
                source=source,
                entity=entity,
                where=str(partition.load_date),
                mend="report this with the declaration: it is an error of cxloop",
            )


def _watermark(partition: Partition) -> datetime | None:
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
