"""Makes one load date: every entity mapped and checked, repetitions left out, counts reconciled."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

import numpy as np
import pyarrow as pa

from connectors.batches import Batch, read_rows
from connectors.contracts import Outcome, check_columns, hold_or_pass, standard_checks, validate
from connectors.drift import columns_expected, require_columns, require_present
from connectors.lake import Lake
from connectors.mapping import Context, Mapped, map_rows
from connectors.partition import Counts, Partition, require_reconciled, watermark_of
from connectors.questions import scale_of
from connectors.records import RECORDS
from connectors.repetitions import without_repetitions
from connectors.rows import Refusal, Rows, readable
from programme import Programme
from programme.sources import Entity, RecordMap


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
        partition.raw[record] = without_repetitions(partition, RECORDS[record], tables)
    require_reconciled(partition, lake.source)
    partition.raw = {name: table for name, table in partition.raw.items() if table.num_rows}
    partition.watermark = watermark_of(partition)
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
        rows, refused = readable(table)
        if self.entity.columns is not None and len(rows):
            self._compare_keys(rows, self.entity.columns, batch)
        return rows, refused

    def _compare_keys(self, rows: Rows, columns: list[str], batch: Batch) -> None:
        where = batch.file or batch.name
        kept = [c for c in columns if self.entity.personal.get(c) != "drop"]
        require_present(rows, kept, source=self.lake.source, entity=self.name, where=where)
        heads = {column.split(".")[0] for column in (*columns, *self.entity.personal)}
        fresh = [name for name in rows.names() if name not in heads]
        if fresh:
            self._warn(f"{where}: new columns {', '.join(fresh)}")

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
        where = f"load date {self.partition.load_date}"
        hold_or_pass(outcomes, source=self.lake.source, entity=self.name, where=where)
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
        column = ", ".join(check_columns(check))
        for position, value in zip(outcome.failed, outcome.values, strict=True):
            if position in found:
                continue
            part = int(np.searchsorted(starts, position, side="right")) - 1
            payload = mapped[part].rows.payload(position - int(starts[part]))
            reason = check.reason or check.expectation
            found[position] = Refusal(check.expectation, reason, column, value, payload)
    return dict(sorted(found.items()))
