"""How far a source is: cursors, batches, load dates, what is held, what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from connectors.batches import Batch, CursorValue, committed, highest_cursor
from connectors.fingerprints import landing_fingerprint, mapping_hash
from connectors.holding import HeldDate, held_dates
from connectors.lake import Lake, read_json
from connectors.partition import Counts
from connectors.quarantine import refused_groups
from connectors.release import Released
from programme import Programme, Settings


@dataclass(frozen=True)
class EntityState:
    """One entity in landing.

    Attributes:
        entity: Its name.
        batches: Committed batches.
        newest: The newest batch's name; empty where nothing was pulled yet.
        load_date: Its load date.
        rows: Rows of all batches that hold rows.
        size: Bytes of all files received.
        files: Distinct files.
        cursor: Up to where it was read; None without a cursor.
        withdrawn: Batches taken back.
    """

    entity: str
    batches: int
    newest: str
    load_date: date | None
    rows: int
    size: int
    files: int
    cursor: CursorValue | None
    withdrawn: int


@dataclass(frozen=True)
class SourceState:
    """One source.

    Attributes:
        source: Its id.
        entities: Each entity's landing.
        load_dates: Dates that stand in ``raw``.
        last_visit: The last date on which the source was read to its end.
        watermark: The latest instant at which something happened, as ISO 8601.
        counts: Totals over the load dates that stand.
        is_current: Whether all that was landed is in ``raw`` with today's mapping.
        held: Load dates that could not be landed, and why.
        refused: Rule -> rows in quarantine.
        released: Rows that a person let through.
        warnings: (load date, text) of the newest load date that warned.
        bytes_on_disk: Layer -> bytes.
    """

    source: str
    entities: tuple[EntityState, ...]
    load_dates: tuple[date, ...]
    last_visit: date | None
    watermark: str | None
    counts: Counts
    is_current: bool
    held: tuple[HeldDate, ...]
    refused: dict[str, int]
    released: int
    warnings: tuple[tuple[date, str], ...]
    bytes_on_disk: dict[str, int]


def source_state(programme: Programme, settings: Settings, source_id: str) -> SourceState:
    """What is known of the source, from what lies in the lake alone."""
    lake = Lake(settings.lake, source_id)
    batches = {name: committed(lake, name) for name in programme.sources[source_id].entities}
    manifests = _by_date(lake.manifest(date.min).parent)
    visits = _by_date(lake.visit(date.min).parent)
    released = Released.of(lake).rows
    mapping = mapping_hash(programme, source_id, released=released)
    refused: Counter[str] = Counter()
    for group in refused_groups(settings, source=source_id):
        refused[group.rule] += group.rows
    marks = [manifest["watermark"] for manifest in manifests.values()]
    return SourceState(
        source=source_id,
        entities=tuple(_entity(lake, name, part) for name, part in batches.items()),
        load_dates=tuple(manifests),
        last_visit=max(visits, default=None),
        watermark=max((mark for mark in marks if mark), default=None),
        counts=sum((_totals(manifest) for manifest in manifests.values()), Counts()),
        is_current=_made_from(batches, visits, mapping) == _standing(manifests),
        held=tuple(held_dates(lake)),
        refused=dict(refused.most_common()),
        released=len(released),
        warnings=_newest_warnings(manifests),
        bytes_on_disk=_sizes(settings.lake, source_id),
    )


def _made_from(
    batches: dict[str, list[Batch]], visits: Iterable[date], mapping: str
) -> dict[date, tuple[str, str]]:
    """Load date -> hashes of what it is to be made from."""
    landed: dict[date, dict[str, list[Batch]]] = {visit: {} for visit in visits}
    for name, part in batches.items():
        for batch in part:
            landed.setdefault(batch.load_date, {}).setdefault(name, []).append(batch)
    return {day: (landing_fingerprint(part), mapping) for day, part in landed.items()}


def _standing(manifests: dict[date, dict[str, Any]]) -> dict[date, tuple[str, str]]:
    """Load date -> hashes of what it was made from."""
    return {
        day: (manifest["landing_fingerprint"], manifest["mapping_hash"])
        for day, manifest in manifests.items()
    }


def _newest_warnings(manifests: dict[date, dict[str, Any]]) -> tuple[tuple[date, str], ...]:
    warned = [day for day, manifest in manifests.items() if manifest["warnings"]]
    newest = max(warned, default=None)
    texts = manifests[newest]["warnings"] if newest else ()
    return tuple((newest, text) for text in texts if newest)


def _entity(lake: Lake, name: str, batches: list[Batch]) -> EntityState:
    newest = batches[-1] if batches else None
    withdrawn = (lake.landing(name) / "withdrawn").glob("*.reason.json")
    return EntityState(
        entity=name,
        batches=len(batches),
        newest=newest.name if newest else "",
        load_date=newest.load_date if newest else None,
        rows=sum(batch.rows for batch in batches),
        size=sum(batch.size for batch in batches),
        files=len({batch.file for batch in batches if batch.file}),
        cursor=highest_cursor(batches),
        withdrawn=sum(1 for _ in withdrawn),
    )


def _by_date(folder: Path) -> dict[date, dict[str, Any]]:
    return {
        date.fromisoformat(path.stem): read_json(path) for path in sorted(folder.glob("*.json"))
    }


def _totals(manifest: dict[str, Any]) -> Counts:
    total = Counts()
    for records in manifest["counts"].values():
        for counts in records.values():
            total += Counts(**counts)
    return total


def _sizes(lake: Path, source_id: str) -> dict[str, int]:
    places = {
        "landing": [lake / "landing" / source_id],
        "raw": list(lake.glob(f"raw/*/source={source_id}")),
        "quarantine": list(lake.glob(f"quarantine/*/source={source_id}")),
    }
    return {
        layer: sum(
            path.stat().st_size
            for folder in folders
            for path in folder.rglob("*")
            if path.is_file()
        )
        for layer, folders in places.items()
    }
