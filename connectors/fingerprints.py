"""What a load date is made from, as hashes: its landing, and what decides about its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.batches import Batch
from connectors.lake import fingerprint_of
from connectors.records import RECORDS
from programme import Programme

# raise when the code gives other rows for the same landing and declarations
MAPPING_VERSION = 2
_DECIDING = {"records", "checks", "columns", "contract", "files", "masking", "absence"}


def landing_fingerprint(batches: Mapping[str, list[Batch]]) -> str:
    """Of the batches of one load date, entity by entity."""
    names = {name: [(batch.name, batch.sha256) for batch in part] for name, part in batches.items()}
    return fingerprint_of(names)


def mapping_hash(programme: Programme, source_id: str, *, released: Iterable[str] = ()) -> str:
    """Of everything declared that decides what becomes of a landed row.

    ``released`` are the ids of rows that a person let through.
    """
    source = programme.sources[source_id]
    entities = {
        name: entity.model_dump(mode="json", include=_DECIDING)
        for name, entity in source.entities.items()
    }
    used = {part.survey for entity in source.entities.values() for part in entity.records}
    surveys = {
        name: programme.surveys[name].model_dump(mode="json", exclude={"title", "breaks"})
        for name in sorted(name for name in used if name)
    }
    schemas = {name: str(record.schema) for name, record in RECORDS.items()}
    masking = [
        None if part is None else part.model_dump(mode="json")
        for part in (source.masking, programme.company.masking)
    ]
    deciding = [MAPPING_VERSION, source.timezone, entities, surveys, schemas, masking]
    return fingerprint_of([*deciding, sorted(released)])
