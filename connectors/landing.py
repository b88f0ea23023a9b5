"""Makes ``raw`` from landing: map, check, quarantine, leave out repetitions, write, reconcile.

``raw`` of a load date is a function of its landing and the mapping alone. A load date is rewritten
when either differs from its manifest, so a run that was killed anywhere is mended by the next.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from connectors.assembly import make_partition
from connectors.batches import Batch, committed
from connectors.declared import declare
from connectors.empty_partitions import ensure_empty_partitions
from connectors.entity_rows import History
from connectors.erased import Erased
from connectors.errors import (
    ConnectorError,
    HeldBatchError,
    SchemaDriftError,
    UnreadableFileError,
    raise_first,
)
from connectors.expiry import standing_though_expired
from connectors.fingerprints import landing_fingerprint, mapping_hash
from connectors.holding import forget_held, note_held
from connectors.lake import Lake, fingerprint_of, read_json, write_json
from connectors.partition import Counts
from connectors.partition_files import PartitionFiles
from connectors.release import Released
from ledger import Ledger, Load
from programme import Programme, Settings

__all__ = [
    "ConnectorError",
    "LandSummary",
    "LoadDateSummary",
    "declare",
    "lake_fingerprint",
    "land",
]


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

    def __str__(self) -> str:
        days = ", ".join(str(day) for day in self.rewritten) or "nothing"
        counts = self.counts
        return (
            f"{self.source}: wrote {days}; received {counts.received}, landed {counts.landed}, "
            f"quarantined {counts.quarantined}, duplicate {counts.duplicate}, "
            f"not applicable {counts.not_applicable}"
            + (f", erased {counts.erased}" if counts.erased else "")
        )


def land(
    programme: Programme, settings: Settings, ledger: Ledger, source_id: str, *, run_id: str
) -> LandSummary:
    """Bring ``raw`` of the source up to date with its landing and mapping.

    A load date that cannot be made does not keep the others from being made; its error is raised
    at the end.

    Raises:
        HeldBatchError: when a check of severity ``hold`` fails; nothing of that load date is landed
            until the file comes again corrected, the check is corrected, or the batch is withdrawn.
        SchemaDriftError: when landed rows lack a column of the mapping.
        ReconciliationError: when rows received and rows accounted for differ.
        MissingSettingError: when persons were erased and the key to recognise them is not set.
        LakeWriteError: when the disk is full.
    """
    ensure_empty_partitions(settings)
    lake = Lake(settings.lake, source_id)
    recorded = {(load.source, load.load_date): load.fingerprint for load in ledger.loads()}
    erased = Erased.of(ledger, os.environ)
    mapping = mapping_hash(programme, source_id, released=Released.of(lake).rows)
    done: list[LoadDateSummary] = []
    failures: list[ConnectorError] = []
    with lake.locked():
        load_dates = _load_dates(programme, lake)
        replaced = _replaced(load_dates.values())
        history: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for load_date, batches in sorted(load_dates.items()):
            landing = landing_fingerprint(batches)
            manifest = _standing(lake, load_date, landing=landing, mapping=mapping)
            manifest = manifest or standing_though_expired(lake, load_date, batches)
            rewritten = manifest is None
            if manifest is None:
                making = _Making(programme, lake, load_date, run_id, history, erased)
                try:
                    manifest = making.run(batches, replaced, landing=landing, mapping=mapping)
                except ConnectorError as error:
                    failures.append(error)
                    note_held(lake, load_date, error, run_id=run_id)
                    continue
            forget_held(lake, load_date)
            for key, profile in manifest["profiles"].items():
                history[key].append(profile)
            if recorded.get((source_id, load_date)) != manifest["fingerprint"]:
                ledger.record_load(_load(source_id, load_date, manifest))
            done.append(_summary(load_date, manifest, rewritten=rewritten))
    raise_first(failures)
    return LandSummary(source_id, tuple(done))


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


def _replaced(load_dates: Iterable[dict[str, list[Batch]]]) -> frozenset[tuple[str, str]]:
    """(entity, batch) of files that were delivered again under the same name later."""
    newest: dict[tuple[str, str], int] = {}
    batches = [(name, batch) for part in load_dates for name in part for batch in part[name]]
    for name, batch in batches:
        newest[name, batch.file] = max(batch.sequence, newest.get((name, batch.file), 0))
    return frozenset(
        (name, batch.name)
        for name, batch in batches
        if batch.file and batch.sequence < newest[name, batch.file]
    )


@dataclass(frozen=True)
class _Making:
    """One load date on its way to ``raw``."""

    programme: Programme
    lake: Lake
    load_date: date
    run_id: str
    history: History
    erased: Erased

    def run(
        self,
        batches: dict[str, list[Batch]],
        replaced: frozenset[tuple[str, str]],
        *,
        landing: str,
        mapping: str,
    ) -> dict[str, Any]:
        """Make and write it; where it is held, without files that were delivered again since."""
        try:
            return self._write(batches, landing=landing, mapping=mapping)
        except (HeldBatchError, SchemaDriftError, UnreadableFileError) as error:
            left = {
                name: [batch for batch in part if (name, batch.name) not in replaced]
                for name, part in batches.items()
            }
            if left == batches:
                raise
            warning = f"left out files that were delivered again since: {error}"
            return self._write(left, landing=landing, mapping=mapping, warning=warning)

    def _write(
        self, batches: dict[str, list[Batch]], *, landing: str, mapping: str, warning: str = ""
    ) -> dict[str, Any]:
        with PartitionFiles(self.lake, self.load_date, self.run_id) as files:
            account = make_partition(
                self.programme,
                self.lake,
                batches,
                files,
                load_date=self.load_date,
                history=self.history,
                erased=self.erased,
            )
            account.warnings += [warning] if warning else []
            # from here on the load date is unfinished until its new manifest stands
            self.lake.manifest(self.load_date).unlink(missing_ok=True)
            outputs = files.put_in_place()
        manifest = {
            "source": self.lake.source,
            "load_date": str(self.load_date),
            "run_id": self.run_id,
            "landing_fingerprint": landing,
            "mapping_hash": mapping,
            "fingerprint": hashlib.sha256(f"{landing} {mapping}".encode()).hexdigest(),
            "counts": account.counts_by_entity(),
            "watermark": None if account.watermark is None else account.watermark.isoformat(),
            "checks": account.checks,
            "profiles": account.profiles,
            "warnings": account.warnings,
            "vanished": account.vanished,
            "outputs": outputs,
        }
        write_json(self.lake.manifest(self.load_date), manifest, source=self.lake.source)
        return manifest


def _standing(lake: Lake, load_date: date, *, landing: str, mapping: str) -> dict[str, Any] | None:
    path = lake.manifest(load_date)
    if not path.exists():
        return None
    manifest = read_json(path)
    if (manifest["landing_fingerprint"], manifest["mapping_hash"]) != (landing, mapping):
        return None
    raw, quarantine = (manifest["outputs"].get(layer, {}) for layer in ("raw", "quarantine"))
    paths = [lake.raw(record, load_date) for record in raw]
    paths += [lake.quarantine(record, load_date) for record in quarantine]
    return manifest if all(path.exists() for path in paths) else None


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
