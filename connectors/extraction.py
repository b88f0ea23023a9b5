"""Pulls what is new of a source and lands it as received."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from connectors.batches import (
    Batch,
    Pulled,
    commit,
    committed,
    highest_cursor,
    remove_orphans,
    set_aside,
)
from connectors.errors import ConnectorError, UnusableDeclarationError, raise_first
from connectors.lake import Lake, read_json, write_json
from connectors.personal import Privacy
from connectors.placeholders import Placeholders
from connectors.repeats import without_landed
from programme import Programme, Settings
from programme.sources import Entity, Source
from programme.systems import FilesSystem, RestSystem, SqlSystem

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EntityExtract:
    """What one entity brought.

    Attributes:
        entity: Its name.
        batches: Names of the batches written.
        rows: Rows in them.
        already_landed: Unchanged rows read again within the lookback and left out.
        repeated_files: (file, same content as) for files delivered twice.
        new_columns: Columns that the declaration does not list.
        orphans: Files of a killed run that were removed.
    """

    entity: str
    batches: tuple[str, ...] = ()
    rows: int = 0
    already_landed: int = 0
    repeated_files: tuple[tuple[str, str], ...] = ()
    new_columns: tuple[str, ...] = ()
    orphans: int = 0


@dataclass(frozen=True)
class ExtractSummary:
    """What one run of one source brought."""

    source: str
    load_date: date
    entities: tuple[EntityExtract, ...]

    @property
    def rows(self) -> int:
        """Rows landed by this run."""
        return sum(entity.rows for entity in self.entities)

    def __str__(self) -> str:
        parts = [
            f"{entity.entity} {entity.rows} rows in {len(entity.batches)} batches"
            + (f", {entity.already_landed} already landed" if entity.already_landed else "")
            + "".join(f", {file} repeats {same}" for file, same in entity.repeated_files)
            + (f", new columns {', '.join(entity.new_columns)}" if entity.new_columns else "")
            for entity in self.entities
        ]
        return f"{self.source} {self.load_date}: {'; '.join(parts)}"


def extract(
    programme: Programme, settings: Settings, source_id: str, *, load_date: date, run_id: str
) -> ExtractSummary:
    """Land what is new of every entity of the source under ``load_date``.

    An entity that fails does not keep the others from being read; its error is raised at the end.
    Repeating the call lands nothing that is already there.

    Raises:
        ConnectorError: the first entity's failure, with notes about further ones.
    """
    source = programme.sources[source_id]
    lake = Lake(settings.lake, source_id)
    done: list[EntityExtract] = []
    failures: list[ConnectorError] = []
    with lake.locked():
        for name, entity in source.entities.items():
            try:
                pull = EntityPull(source, settings, lake, name, entity)
                done.append(pull.run(load_date=load_date, run_id=run_id))
            except ConnectorError as error:
                failures.append(error)
        raise_first(failures)
        _note_visit(lake, load_date, done)
    return ExtractSummary(source_id, load_date, tuple(done))


def withdraw(settings: Settings, source_id: str, entity: str, batch: str, *, reason: str) -> None:
    """Take a batch out of landing, as after a fault at the source that holds it.

    Its data stay beside the others with the reason; the next ``extract`` reads from before it.

    Raises:
        UnusableDeclarationError: when there is no such batch.
    """
    lake = Lake(settings.lake, source_id)
    with lake.locked():
        known = {found.name: found for found in committed(lake, entity)}
        if batch not in known:
            raise UnusableDeclarationError(
                f"there is no batch `{batch}`",
                source=source_id,
                entity=entity,
                where=str(lake.landing(entity)),
                mend=f"name one of {', '.join(known) or 'none'}",
            )
        set_aside(lake, entity, known[batch], reason=reason)


class EntityPull:
    """One entity's pull, from the source to its batches."""

    def __init__(
        self, source: Source, settings: Settings, lake: Lake, name: str, entity: Entity
    ) -> None:
        self.source = source
        self.lake = lake
        self.name = name
        self.entity = entity
        self.placeholders = Placeholders(lake.source, settings.data_root)
        self.privacy = Privacy.of(entity.personal, os.environ, source=lake.source)

    def run(self, *, load_date: date, run_id: str) -> EntityExtract:
        """Clear up after a killed run, read, commit."""
        orphans = remove_orphans(self.lake, self.name)
        earlier = committed(self.lake, self.name)
        sequence = earlier[-1].sequence if earlier else 0
        batches: list[Batch] = []
        repeated: list[tuple[str, str]] = []
        failures: list[ConnectorError] = []
        for pulled in self._pull(earlier):
            if isinstance(pulled, ConnectorError):
                failures.append(pulled)
                continue
            if isinstance(pulled, tuple):
                repeated.append(pulled)
                _log.warning(
                    "%s.%s: %s has the content of %s, not read again",
                    self.lake.source,
                    self.name,
                    *pulled,
                )
                continue
            sequence += 1
            batches.append(
                commit(
                    self.lake,
                    self.name,
                    pulled,
                    sequence=sequence,
                    load_date=load_date,
                    run_id=run_id,
                )
            )
        raise_first(failures)
        return EntityExtract(
            entity=self.name,
            batches=tuple(batch.name for batch in batches),
            rows=sum(batch.rows for batch in batches),
            already_landed=sum(batch.already_landed for batch in batches),
            repeated_files=tuple(repeated),
            new_columns=tuple(dict.fromkeys(c for batch in batches for c in batch.new_columns)),
            orphans=orphans,
        )

    def _pull(self, earlier: list[Batch]) -> Iterable[Pulled | tuple[str, str] | ConnectorError]:
        system = self.source.system
        if isinstance(system, FilesSystem):
            from connectors.extract_files import pull_files

            return pull_files(
                system,
                self.entity,
                self.placeholders,
                name=self.name,
                earlier=earlier,
                privacy=self.privacy,
            )
        pulled = self._pull_window(system, earlier)
        fresh = without_landed(self.lake, self.name, self.entity, pulled, earlier)
        return [] if fresh is None else [fresh]

    def _pull_window(self, system: SqlSystem | RestSystem, earlier: list[Batch]) -> Pulled:
        highest = highest_cursor(earlier)
        if isinstance(system, SqlSystem):
            from connectors.extract_sql import pull_table

            return pull_table(
                system,
                self.entity,
                self.placeholders,
                name=self.name,
                highest=highest,
                history_from=self.source.history_from,
                privacy=self.privacy,
            )
        from connectors.extract_rest import pull_collection

        return pull_collection(
            system,
            self.entity,
            self.placeholders,
            name=self.name,
            highest=highest,
            history_from=self.source.history_from,
            privacy=self.privacy,
        )


def _note_visit(lake: Lake, load_date: date, entities: list[EntityExtract]) -> None:
    """Say that the source was read to the end on that date, even where it had nothing new."""
    path = lake.visit(load_date)
    earlier = read_json(path)["repeated_files"] if path.exists() else []
    repeated = {(entity.entity, *pair) for entity in entities for pair in entity.repeated_files}
    repeated |= {(entity, file, same) for entity, file, same in earlier}
    content = {"load_date": str(load_date), "repeated_files": sorted(map(list, repeated))}
    write_json(path, content, source=lake.source)
