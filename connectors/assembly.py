"""Makes one load date: every entity read in chunks, mapped and checked; repetitions left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.batches import Batch
from connectors.contract import RecordContract, conflicts_outcome
from connectors.contract_outcomes import Outcome, check_columns, hold_or_pass
from connectors.known import KnownValues
from connectors.lake import Lake
from connectors.landed import LandedBatch
from connectors.mapping import Context, Mapped, map_rows
from connectors.masking import masked
from connectors.partition import Account, Counts
from connectors.partition_files import PartitionFiles, RecordFile
from connectors.pipelining import ahead
from connectors.questions import scale_of
from connectors.reading import Chunk
from connectors.records import RECORDS, Record
from connectors.release import Released
from connectors.row_hashes import HashSet
from connectors.rows import Refusal
from programme import Programme
from programme.privacy import nearest_masking
from programme.sources import Entity, RecordMap

History = Mapping[str, list[dict[str, Any]]]


def make_partition(
    programme: Programme,
    lake: Lake,
    batches: Mapping[str, list[Batch]],
    files: PartitionFiles,
    *,
    load_date: date,
    history: History,
) -> Account:
    """Read, map and check every entity of the load date into ``files``.

    Memory does not grow with the rows.

    Args:
        programme: What is declared.
        lake: The source's places.
        batches: Entity -> its batches of the load date.
        files: Where the rows go; nothing is in place yet when this returns.
        load_date: The partition.
        history: Entity, record and question -> profiles of earlier load dates.

    Raises:
        HeldBatchError: when a check of severity ``hold`` fails.
        SchemaDriftError: when a batch lacks a column.
        UnreadableFileError: when a batch is not what it is declared to be.
        ReconciliationError: when the counts do not add up.
    """
    account = Account(load_date)
    entities = programme.sources[lake.source].entities
    known = KnownValues(lake.root)
    for entity in entities.values():
        for contract in entity.contract.values():
            known.expect(contract.references)
    for name, entity in entities.items():
        if batches.get(name):
            maker = _EntityMaker(programme, lake, name, entity, account, files, history, known)
            maker.make(batches[name])
    for record, file in files.raw_files():
        _leave_out_repetitions(account, RECORDS[record], file, entities, lake.source)
    account.require_reconciled(lake.source)
    return account


def _leave_out_repetitions(
    account: Account,
    record: Record,
    file: RecordFile,
    entities: Mapping[str, Entity],
    source: str,
) -> None:
    received: dict[str, int] = defaultdict(int)
    for entity, rows in file.entities:
        received[entity] += rows
    found, dropped = file.without_repetitions((*record.key, "version"))
    for entity, rows in received.items():
        twice = dropped[entity]
        account.count(entity, record.name, Counts(landed=rows - twice, duplicate=twice))
    if found.conflicts:
        account.warnings.append(
            f"{record.name}: {found.conflicts} rows share key and version with another row and "
            f"differ from it; the one received last was kept"
        )
    for name in received:
        # several entities may fill one record: each is judged by its own limits
        judged = conflicts_outcome(
            entities[name], record, rows=sum(received.values()), conflicts=found.conflicts
        )
        if judged is not None:
            where = f"load date {account.load_date}"
            hold_or_pass([judged], source=source, entity=name, where=where)
            account.checks.append(judged.summary(name))


@dataclass
class _MappingState:
    """One mapping of an entity while its chunks pass."""

    mapping: RecordMap
    record: Record
    contract: RecordContract
    seen: HashSet = field(default_factory=HashSet)
    absent: frozenset[str] | None = None
    results: dict[str, dict[str, Any]] = field(default_factory=dict)


class _EntityMaker:
    """One entity's rows of one load date."""

    def __init__(
        self,
        programme: Programme,
        lake: Lake,
        name: str,
        entity: Entity,
        account: Account,
        files: PartitionFiles,
        history: History,
        known: KnownValues,
    ) -> None:
        self.known = known
        self.released = Released.of(lake)
        self.let_through = 0
        self.programme = programme
        self.lake = lake
        self.name = name
        self.entity = entity
        self.account = account
        self.files = files
        source = programme.sources[lake.source]
        self.masking = nearest_masking(entity.masking, source.masking, programme.company.masking)
        self._mappings = [self._state(mapping, history) for mapping in entity.records]

    def make(self, batches: list[Batch]) -> None:
        """Pass every chunk of every batch through every mapping."""
        for batch in batches:
            landed = LandedBatch(self.lake, self.name, self.entity, batch)
            for state in self._mappings:
                state.seen, state.absent = HashSet(), None
            for chunk in ahead(landed.chunks()):
                self._take(landed.where, chunk)
            for state in self._mappings:
                landed.require_all(state.absent or ())
            for warning in landed.warnings:
                self._warn(warning)
        for state in self._mappings:
            self._close(state)
        if self.let_through:
            self._warn(f"{self.let_through} rows that a check refuses were let through by release")

    def _state(self, mapping: RecordMap, history: History) -> _MappingState:
        record = RECORDS[mapping.record]
        contract = RecordContract(
            self.entity,
            record,
            scale_of(mapping, self.programme.surveys),
            load_date=self.account.load_date,
            history=history.get(self._profile_key(mapping), []),
            known=self.known,
        )
        return _MappingState(mapping, record, contract)

    def _take(self, where: str, chunk: Chunk) -> None:
        for record in dict.fromkeys(state.record.name for state in self._mappings):
            received = len(chunk.refusals) + chunk.left_out
            self._count(record, Counts(received=received, not_applicable=chunk.left_out))
            self._refuse(record, chunk.refusals)
        for state in self._mappings:
            context = Context(
                source=self.lake.source,
                entity=self.name,
                where=where,
                timezone=self.programme.sources[self.lake.source].timezone,
                surveys=self.programme.surveys,
            )
            mapped = map_rows(chunk.rows, state.mapping, context, state.seen)
            if mapped.absent is not None:
                known = mapped.absent if state.absent is None else state.absent
                state.absent = known & mapped.absent
            counts = Counts(
                received=mapped.received,
                duplicate=mapped.duplicate,
                not_applicable=mapped.not_applicable,
            )
            self._count(state.record.name, counts)
            self._refuse(state.record.name, mapped.refusals)
            self._checked(state, mapped)

    def _checked(self, state: _MappingState, mapped: Mapped) -> None:
        if not mapped.table.num_rows:
            return
        table = masked(mapped.table, state.record, self.masking, mapped.rows)
        outcomes = state.contract.check_rows(table)
        hold_or_pass(outcomes, source=self.lake.source, entity=self.name, where=self._where)
        self._note(state, outcomes)
        refused = self._refusals(state.record.name, outcomes, mapped)
        self._refuse(state.record.name, refused.values())
        if refused:
            keep = np.ones(table.num_rows, dtype=bool)
            keep[list(refused)] = False
            table = table.filter(pa.array(keep))
        state.contract.take(table)
        self.account.note_occurrence(state.record, table)
        self.files.add(self.name, state.record.name, table)
        self.known.note(state.record.name, table)

    def _close(self, state: _MappingState) -> None:
        outcomes, profile = state.contract.close()
        hold_or_pass(outcomes, source=self.lake.source, entity=self.name, where=self._where)
        self._note(state, outcomes)
        self.account.profiles[self._profile_key(state.mapping)] = profile
        self.account.checks += state.results.values()
        for result in state.results.values():
            if result["severity"] == "warn" and not result["passed"]:
                fact = result.get("observed") or f"{result['failed']} rows fail"
                self._warn(f"{result['expectation']}: {fact} ({result.get('reason', '')})")

    def _note(self, state: _MappingState, outcomes: list[Outcome]) -> None:
        """Join the results of one check over all chunks."""
        for outcome in outcomes:
            summary = outcome.summary(self.name)
            key = repr((summary["expectation"], summary["columns"], outcome.check.kwargs))
            known = state.results.setdefault(key, {**summary, "evaluated": 0, "failed": 0})
            known["evaluated"] += summary["evaluated"]
            known["failed"] += summary["failed"]
            known["passed"] = known["passed"] and summary["passed"]

    def _refusals(self, record: str, outcomes: list[Outcome], mapped: Mapped) -> dict[int, Refusal]:
        """Position among the mapped rows -> its first broken rule that nobody released it from."""
        found: dict[int, Refusal] = {}
        for outcome in outcomes:
            if outcome.check.severity != "quarantine":
                continue
            check = outcome.check
            column = ", ".join(check_columns(check))
            for position, value in zip(outcome.failed, outcome.values, strict=True):
                if position in found:
                    continue
                payload = mapped.rows.payload(position)
                reason = check.reason or check.expectation
                refusal = Refusal(check.expectation, reason, column, value, payload)
                if self.released.let_through(record, self.name, refusal):
                    self.let_through += 1
                else:
                    found[position] = refusal
        return dict(sorted(found.items()))

    def _refuse(self, record: str, refusals: Any) -> None:
        self._count(
            record, Counts(quarantined=self.files.refuse(self.name, record, list(refusals)))
        )

    def _count(self, record: str, counts: Counts) -> None:
        self.account.count(self.name, record, counts)

    def _warn(self, text: str) -> None:
        self.account.warnings.append(f"{self.name}: {text}")

    def _profile_key(self, mapping: RecordMap) -> str:
        position = self.entity.records.index(mapping)
        return f"{self.name}/{mapping.record}/{mapping.question or position}"

    @property
    def _where(self) -> str:
        return f"load date {self.account.load_date}"
