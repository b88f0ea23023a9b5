"""Landing tried in a lake of its own that is thrown away: what would come of rows, or of a mend."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.drafts import RowsDraft
from connectors.lake import Lake
from connectors.landing import land
from connectors.partition import Counts
from connectors.samples import FirstRows
from ledger import Ledger
from programme import Programme, Settings
from programme.contracts import EXPECTATIONS_OF_BATCHES
from programme.sources import Entity

RUN = "rehearsal"


@dataclass(frozen=True)
class Rehearsal:
    """What would come of an entity's first rows.

    Attributes:
        counts: Totals over its records.
        raw: Record -> canonical rows.
        refused: Record -> quarantine rows.
        warnings: What landing would warn about.
    """

    counts: Counts
    raw: Mapping[str, pa.Table]
    refused: Mapping[str, pa.Table]
    warnings: tuple[str, ...]


def rehearse_rows(
    programme: Programme, settings: Settings, source_id: str, first: FirstRows, *, load_date: date
) -> Rehearsal:
    """Land the first rows of one entity; what is said of whole batches is left out.

    Raises:
        ConnectorError: as landing does.
    """
    entity = programme.sources[source_id].entities[first.entity]
    alone = _with_entity(programme, source_id, first.entity, _without_batch_checks(entity))
    with _scratch(settings) as scratch:
        lake = Lake(scratch.lake, source_id)
        with RowsDraft(lake, first.entity, sequence=1, load_date=load_date) as draft:
            draft.add(first.table)
            draft.commit(run_id=RUN, file=first.where)
        summary = land(alone, scratch, Ledger.open(scratch.ledger_url), source_id, run_id=RUN)
        warnings = tuple(text for part in summary.load_dates for text in part.warnings)
        return Rehearsal(
            counts=summary.counts,
            raw=_tables(scratch, "raw", source_id),
            refused=_tables(scratch, "quarantine", source_id),
            warnings=warnings,
        )


@contextmanager
def rehearsed_landing(
    programme: Programme, settings: Settings, source_id: str, *, load_date: date | None
) -> Iterator[Settings]:
    """Settings of a lake in which the source's landing was landed anew with today's mapping.

    It takes as much space in ``home`` as ``raw`` of these load dates, until the block ends.

    Args:
        programme: What is declared.
        settings: Where the true lake lies; nothing of it is changed.
        source_id: The source.
        load_date: Only this one; earlier ones then count as unknown to contracts. None for all.

    Raises:
        ConnectorError: as landing does.
    """
    with _scratch(settings, folder=settings.home) as scratch:
        _link_landing(settings.lake, scratch.lake, source_id, load_date)
        for path in settings.lake.glob("raw/*/source=*"):
            if path.name != f"source={source_id}":
                _link(scratch.lake / path.relative_to(settings.lake), path)
        released = Lake(settings.lake, source_id).released
        if released.exists():
            _link(Lake(scratch.lake, source_id).released, released)
        land(programme, scratch, Ledger.open(scratch.ledger_url), source_id, run_id=RUN)
        yield scratch


@contextmanager
def _scratch(settings: Settings, folder: Path | None = None) -> Iterator[Settings]:
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=folder) as home:
        yield replace(settings, home=Path(home), ledger_url=f"sqlite:///{home}/ledger.db")


def _link_landing(lake: Path, scratch: Path, source_id: str, load_date: date | None) -> None:
    landing = lake / "landing" / source_id
    if load_date is None:
        _link(scratch / "landing" / source_id, landing)
        return
    for path in (*landing.glob(f"*/load_date={load_date}"), landing / f"_visits/{load_date}.json"):
        if path.exists():
            _link(scratch / path.relative_to(lake), path)


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


def _with_entity(programme: Programme, source_id: str, name: str, entity: Entity) -> Programme:
    source = programme.sources[source_id].model_copy(update={"entities": {name: entity}})
    return replace(programme, sources={**programme.sources, source_id: source})


def _without_batch_checks(entity: Entity) -> Entity:
    checks = [
        check
        for check in entity.checks
        if check.expectation not in EXPECTATIONS_OF_BATCHES and "mostly" not in check.kwargs
    ]
    return entity.model_copy(update={"checks": checks, "contract": {}})


def _tables(settings: Settings, layer: str, source_id: str) -> dict[str, pa.Table]:
    found = {}
    for path in sorted(settings.lake.glob(f"{layer}/*/source={source_id}/*/part-0.parquet")):
        with pq.ParquetFile(path) as file:
            found[path.parts[-4]] = file.read()
    return found
