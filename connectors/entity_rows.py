"""One entity's rows of one load date: read in chunks, mapped, masked, checked, written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.absence import Present, vanished
from connectors.batches import Batch
from connectors.contract import RecordContract
from connectors.contract_outcomes import Outcome, check_columns, hold_or_pass
from connectors.erased import Erased
from connectors.erasing_outputs import refused_rows
from connectors.known import KnownValues
from connectors.lake import Lake
from connectors.landed import LandedBatch
from connectors.mapping import Context, Mapped, map_rows
from connectors.masking import masked
from connectors.partition import Account, Counts
from connectors.partition_files import PartitionFiles
from connectors.pipelining import ahead
from connectors.questions import scale_of
from connectors.reading import Chunk
from connectors.records import RECORDS, Record
from connectors.release import Released
from connectors.row_hashes import HashSet
from connectors.rows import Refusal
from connectors.type_drift import Conversions
from programme import Programme
from programme.privacy import nearest_masking
from programme.sources import Absence, Entity, RecordMap

History = Mapping[str, list[dict[str, Any]]]


@dataclass
class _MappingState:
    """One mapping of an entity while its chunks pass."""

    mapping: RecordMap
    record: Record
    contract: RecordContract
    present: Present
    seen: HashSet = field(default_factory=HashSet)
    absent: frozenset[str] | None = None
    conversions: Conversions = field(default_factory=Conversions)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)


class EntityRows:
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
        erased: Erased,
    ) -> None:
        self.known = known
        self.erased = erased
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
        for batch in self._chosen(batches):
            landed = LandedBatch(
                self.lake, self.name, self.entity, batch, also=self.masking.names_from
            )
            for record in self._records if batch.erased else ():
                self._count(record, Counts(received=batch.erased, erased=batch.erased))
            for state in self._mappings:
                state.seen, state.absent = HashSet(), None
                state.conversions = Conversions()
            for chunk in ahead(landed.chunks()):
                self._take(landed.where, chunk)
            for state in self._mappings:
                landed.require_all(state.absent or ())
                state.conversions.require_types(
                    source=self.lake.source,
                    entity=self.name,
                    where=landed.where,
                    record=state.record.name,
                )
            for warning in landed.warnings:
                self._warn(warning)
        for state in self._mappings:
            if self.entity.absence:
                self._mark_vanished(state, self.entity.absence)
            self._close(state)
        if self.let_through:
            self._warn(f"{self.let_through} rows that a check refuses were let through by release")

    def _chosen(self, batches: list[Batch]) -> list[Batch]:
        """All batches; of wholes only the newest, which replaces those of the same date."""
        return batches[-1:] if self.entity.absence else batches

    def _mark_vanished(self, state: _MappingState, absence: Absence) -> None:
        if state.present.unread:
            self._warn(
                f"{state.record.name}: {state.present.unread} rows of the snapshot could not be "
                "read, so nothing was taken for deleted: any of them may be one that seems missing"
            )
            return
        gone = vanished(
            self.lake, self.name, state.present, absence, load_date=self.account.load_date
        )
        if gone.num_rows:
            record = state.record.name
            self._count(record, Counts(received=gone.num_rows))
            self.files.add(self.name, record, gone)
            self.account.vanished[f"{self.name}/{record}"] = gone.num_rows

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
        return _MappingState(mapping, record, contract, Present(record))

    def _take(self, where: str, chunk: Chunk) -> None:
        for record in self._records:
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
            if self.entity.absence:
                # before any check: a row that is refused is there all the same
                state.present.note(mapped.table)
                state.present.unread += len(mapped.refusals) + len(chunk.refusals)
            if mapped.absent is not None:
                known = mapped.absent if state.absent is None else state.absent
                state.absent = known & mapped.absent
            counts = Counts(
                received=mapped.received,
                duplicate=mapped.duplicate,
                not_applicable=mapped.not_applicable,
            )
            self._count(state.record.name, counts)
            taken = mapped.table.num_rows + len(mapped.refusals)
            state.conversions.take(taken, mapped.refusals)
            mapped = self._without_erased(state.record.name, mapped)
            self._refuse(state.record.name, mapped.refusals)
            self._checked(state, mapped)

    def _without_erased(self, record: str, mapped: Mapped) -> Mapped:
        """The rows but for those of persons who were erased and whom the source sent again."""
        if not self.erased:
            return mapped
        gone = self.erased.rows(mapped.table)
        payloads = [refusal.payload for refusal in mapped.refusals]
        refused = refused_rows(self.programme, self.lake.source, self.name, payloads, self.erased)
        self._count(record, Counts(erased=int(gone.sum() + refused.sum())))
        return replace(
            mapped,
            table=mapped.table.filter(pa.array(~gone)),
            rows=mapped.rows.take(np.flatnonzero(~gone)),
            refusals=tuple(
                refusal
                for refusal, is_theirs in zip(mapped.refusals, refused, strict=True)
                if not is_theirs
            ),
        )

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
        # surveys may ask questions of the same name
        question = f"{mapping.survey}.{mapping.question}" if mapping.question else position
        return f"{self.name}/{mapping.record}/{question}"

    @property
    def _records(self) -> list[str]:
        return list(dict.fromkeys(state.record.name for state in self._mappings))

    @property
    def _where(self) -> str:
        return f"load date {self.account.load_date}"
