"""Makes one load date: every entity read in chunks, mapped and checked; repetitions left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

from connectors.batches import Batch
from connectors.contract import conflicts_outcome
from connectors.contract_outcomes import hold_or_pass
from connectors.entity_rows import EntityRows, History
from connectors.erased import Erased
from connectors.known import KnownValues
from connectors.lake import Lake
from connectors.partition import Account, Counts
from connectors.partition_files import PartitionFiles, RecordFile
from connectors.records import RECORDS, Record
from programme import Programme
from programme.sources import Entity


def make_partition(
    programme: Programme,
    lake: Lake,
    batches: Mapping[str, list[Batch]],
    files: PartitionFiles,
    *,
    load_date: date,
    history: History,
    erased: Erased,
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
        erased: Persons whose rows are left out.

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
            rows = EntityRows(programme, lake, name, entity, account, files, history, known, erased)
            rows.make(batches[name])
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
