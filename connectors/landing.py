"""Makes ``raw`` from landing: map, check, quarantine, leave out repetitions, write, reconcile.

``raw`` of a load date is a function of its landing and the mapping alone. A load date is rewritten
when either differs from its manifest, so a run that was killed anywhere is mended by the next.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from connectors.batches import Batch, committed
from connectors.declared import declare
from connectors.errors import ConnectorError
from connectors.lake import (
    Lake,
    fingerprint_of,
    read_json,
    remove_unfinished,
    write_json,
    write_parquet,
)
from connectors.partition import Counts, Partition, make_partition
from connectors.records import RECORDS
from ledger import Ledger, Load
from programme import Programme, Settings

__all__ = [
    "ConnectorError",
    "LandSummary",
    "LoadDateSummary",
    "declare",
    "ensure_empty_partitions",
    "lake_fingerprint",
    "land",
]

# raise when the code gives other rows for the same landing and declarations
MAPPING_VERSION = 1


@dataclass(frozen=True)
class LoadDateSummary:
    """One load date of the source.

    Attributes:
        load_date: The partition.
        rewritten: Whether this run wrote it.
        counts: Totals over entities and records.
        warnings: New columns, checks of severity ``warn``, conflicting repetitions.
    """

    load_date: date
    rewritten: bool
    counts: Counts
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class LandSummary:
    """What stands in ``raw`` of the source after the run, and what the run wrote."""

    source: str
    load_dates: tuple[LoadDateSummary, ...]

    @property
    def rewritten(self) -> tuple[date, ...]:
        """Load dates that this run wrote."""
        return tuple(part.load_date for part in self.load_dates if part.rewritten)

    @property
    def counts(self) -> Counts:
        """Totals over the load dates this run wrote."""
        total = Counts()
        for part in self.load_dates:
            total += part.counts if part.rewritten else Counts()
        return total


def land(
    programme: Programme, settings: Settings, ledger: Ledger, source_id: str, *, run_id: str
) -> LandSummary:
    """Bring ``raw`` of the source up to date with its landing and mapping.

    Raises:
        HeldBatchError: when a check of severity ``hold`` fails; that load date stays as it was not.
        SchemaDriftError: when landed rows lack a column of the mapping.
        ReconciliationError: when rows received and rows accounted for differ.
        LakeWriteError: when the disk is full.
    """
    ensure_empty_partitions(settings)
    lake = Lake(settings.lake, source_id)
    recorded = {(load.source, load.load_date): load.fingerprint for load in ledger.loads()}
    mapping = _mapping_hash(programme, source_id)
    done = []
    with lake.locked():
        for load_date, batches in sorted(_load_dates(programme, lake).items()):
            landing = _landing_fingerprint(batches)
            manifest = _standing(lake, load_date, landing=landing, mapping=mapping)
            rewritten = manifest is None
            if manifest is None:
                partition = make_partition(programme, lake, batches, load_date=load_date)
                manifest = _write(lake, partition, landing=landing, mapping=mapping, run_id=run_id)
            if recorded.get((source_id, load_date)) != manifest["fingerprint"]:
                ledger.record_load(_load(source_id, load_date, manifest))
            done.append(_summary(load_date, manifest, rewritten=rewritten))
    return LandSummary(source_id, tuple(done))


def ensure_empty_partitions(settings: Settings) -> None:
    """One file without rows per record, so that every record can be read before anything landed."""
    lake = Lake(settings.lake, "_none")
    for record in RECORDS.values():
        path = lake.raw(record.name, date(1970, 1, 1))
        if not path.exists():
            write_parquet(path, record.schema.empty_table(), source="_none")


def lake_fingerprint(settings: Settings) -> str:
    """sha256 over what stands in ``raw`` and ``quarantine``: equal lakes, equal fingerprints."""
    manifests = sorted((settings.lake / "manifests").glob("*/*.json"))
    content = [(path.parent.name, path.stem, read_json(path)["fingerprint"]) for path in manifests]
    return fingerprint_of(content)


def _load_dates(programme: Programme, lake: Lake) -> dict[date, dict[str, list[Batch]]]:
    """Load date -> entity -> batches; also the dates on which nothing was new."""
    found: dict[date, dict[str, list[Batch]]] = defaultdict(dict)
    for visit in lake.visit(date.min).parent.glob("*.json"):
        found[date.fromisoformat(visit.stem)] = {}
    for entity in programme.sources[lake.source].entities:
        for batch in committed(lake, entity):
            found[batch.load_date].setdefault(entity, []).append(batch)
    return found


def _landing_fingerprint(batches: dict[str, list[Batch]]) -> str:
    names = {name: [(batch.name, batch.sha256) for batch in part] for name, part in batches.items()}
    return fingerprint_of(names)


def _mapping_hash(programme: Programme, source_id: str) -> str:
    """Of everything declared that decides what becomes of a landed row."""
    source = programme.sources[source_id]
    entities = {
        name: entity.model_dump(mode="json", include={"records", "checks", "columns"})
        for name, entity in source.entities.items()
    }
    used = {part.survey for entity in source.entities.values() for part in entity.records}
    surveys = {
        name: programme.surveys[name].model_dump(mode="json", exclude={"title", "breaks"})
        for name in sorted(name for name in used if name)
    }
    schemas = {name: str(record.schema) for name, record in RECORDS.items()}
    return fingerprint_of([MAPPING_VERSION, source.timezone, entities, surveys, schemas])


def _standing(lake: Lake, load_date: date, *, landing: str, mapping: str) -> dict[str, Any] | None:
    path = lake.manifest(load_date)
    if not path.exists():
        return None
    manifest = read_json(path)
    if (manifest["landing_fingerprint"], manifest["mapping_hash"]) != (landing, mapping):
        return None
    return manifest


def _write(
    lake: Lake, partition: Partition, *, landing: str, mapping: str, run_id: str
) -> dict[str, Any]:
    load_date = partition.load_date
    # from here on the load date is unfinished until its new manifest stands
    lake.manifest(load_date).unlink(missing_ok=True)
    outputs: dict[str, Any] = {}
    for record in RECORDS:
        for layer, tables, path in (
            ("raw", partition.raw, lake.raw(record, load_date)),
            ("quarantine", partition.quarantined(run_id), lake.quarantine(record, load_date)),
        ):
            remove_unfinished(path.parent)
            if record in tables:
                digest = write_parquet(path, tables[record], source=lake.source)
                rows = tables[record].num_rows
                outputs.setdefault(layer, {})[record] = {"rows": rows, "sha256": digest}
            elif path.exists():
                _remove(path)
    fingerprint = hashlib.sha256(f"{landing} {mapping}".encode()).hexdigest()
    manifest = {
        "source": lake.source,
        "load_date": str(load_date),
        "run_id": run_id,
        "landing_fingerprint": landing,
        "mapping_hash": mapping,
        "fingerprint": fingerprint,
        "counts": partition.counts_by_entity(),
        "watermark": None if partition.watermark is None else partition.watermark.isoformat(),
        "checks": list(partition.checks),
        "warnings": list(partition.warnings),
        "outputs": outputs,
    }
    write_json(lake.manifest(load_date), manifest, source=lake.source)
    return manifest


def _remove(path: Path) -> None:
    path.unlink()
    path.parent.rmdir()


def _totals(manifest: dict[str, Any]) -> Counts:
    total = Counts()
    for records in manifest["counts"].values():
        for counts in records.values():
            total += Counts(**counts)
    return total


def _load(source_id: str, load_date: date, manifest: dict[str, Any]) -> Load:
    totals = _totals(manifest)
    watermark = manifest["watermark"]
    return Load(
        source=source_id,
        load_date=load_date,
        fingerprint=manifest["fingerprint"],
        received=totals.received,
        landed=totals.landed,
        quarantined=totals.quarantined,
        duplicate=totals.duplicate,
        watermark=None if watermark is None else datetime.fromisoformat(watermark).astimezone(UTC),
    )


def _summary(load_date: date, manifest: dict[str, Any], *, rewritten: bool) -> LoadDateSummary:
    return LoadDateSummary(load_date, rewritten, _totals(manifest), tuple(manifest["warnings"]))
