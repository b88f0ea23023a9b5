"""Pulls what is new of a source and lands it as received."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from connectors.batches import (
    CursorValue,
    committed,
    highest_cursor,
    remove_orphans,
    set_aside,
)
from connectors.cursors import read_from
from connectors.drafts import ColumnTypeError
from connectors.drift import new_columns
from connectors.errors import ConnectorError, UnusableDeclarationError, raise_first
from connectors.intake import Intake, PayloadParts, take_parts
from connectors.lake import Lake, read_json, write_json
from connectors.opening import open_pages
from connectors.personal import Privacy
from connectors.pipelining import ahead
from connectors.placeholders import Placeholders
from programme import Programme, Settings
from programme.sources import Entity, Source
from programme.systems import FilesSystem, SqlSystem

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EntityExtract:
    """What one entity brought.

    Attributes:
        entity: Its name.
        batches: Names of the batches written.
        rows: Rows in them; files received as they are become rows when they are landed.
        size: Bytes of such files.
        already_landed: Unchanged rows read again within the lookback and left out.
        repeated_files: (file, same content as) for files delivered twice.
        new_columns: Columns that the declaration does not list.
        orphans: Files of a killed run that were removed.
    """

    entity: str
    batches: tuple[str, ...] = ()
    rows: int = 0
    size: int = 0
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
            f"{entity.entity} {_amount(entity)} in {len(entity.batches)} batches"
            + (f", {entity.already_landed} already landed" if entity.already_landed else "")
            + "".join(f", {file} repeats {same}" for file, same in entity.repeated_files)
            + (f", new columns {', '.join(entity.new_columns)}" if entity.new_columns else "")
            for entity in self.entities
        ]
        return f"{self.source} {self.load_date}: {'; '.join(parts)}"


def _amount(entity: EntityExtract) -> str:
    return f"{entity.size / 1e6:.1f} MB" if entity.size else f"{entity.rows} rows"


def extract(
    programme: Programme,
    settings: Settings,
    source_id: str,
    *,
    load_date: date,
    run_id: str,
    on_entity: Callable[[EntityExtract], None] | None = None,
) -> ExtractSummary:
    """Land what is new of every entity of the source under ``load_date``.

    ``on_entity`` is told of each entity once it has been read.
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
                if on_entity is not None:
                    on_entity(done[-1])
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
        self.settings = settings
        self.lake = lake
        self.name = name
        self.entity = entity
        self.placeholders = Placeholders(lake.source, settings.data_root)
        self.privacy = Privacy.of(entity.personal, os.environ, source=lake.source)

    def run(self, *, load_date: date, run_id: str) -> EntityExtract:
        """Clear up after a killed run, read, commit.

        Raises:
            ConnectorError: when the source fails; what was committed before stays.
        """
        orphans = remove_orphans(self.lake, self.name)
        intake = Intake(
            lake=self.lake,
            name=self.name,
            load_date=load_date,
            run_id=run_id,
            privacy=self.privacy,
            earlier=committed(self.lake, self.name),
        )
        repeated = self._take(intake)
        for pair in repeated:
            _log.warning(
                "%s.%s: %s has the content of %s, not read again",
                self.lake.source,
                self.name,
                *pair,
            )
        return EntityExtract(
            entity=self.name,
            batches=tuple(batch.name for batch in intake.batches),
            rows=sum(batch.rows for batch in intake.batches),
            size=sum(batch.size for batch in intake.batches),
            already_landed=sum(batch.already_landed for batch in intake.batches),
            repeated_files=tuple(repeated),
            new_columns=tuple(
                dict.fromkeys(column for batch in intake.batches for column in batch.new_columns)
            ),
            orphans=orphans,
        )

    def _take(self, intake: Intake) -> list[tuple[str, str]]:
        system = self.source.system
        if isinstance(system, FilesSystem):
            from connectors.extract_files import take_files

            return take_files(system, self.entity, self.placeholders, intake)
        highest = highest_cursor(intake.earlier)
        since = read_from(
            highest,
            lookback_minutes=self.entity.lookback_minutes,
            history_from=self.source.history_from,
        )
        if isinstance(system, SqlSystem):
            self._take_table(system, intake, since)
            return []
        with open_pages(
            system,
            self.entity,
            self.placeholders,
            name=self.name,
            home=self.settings.home,
            highest=highest,
            history_from=self.source.history_from,
        ) as pages:
            parts = PayloadParts(
                ahead(pages),
                self.privacy,
                source=self.lake.source,
                entity=self.name,
                cursor=self.entity.rest.cursor if self.entity.rest else None,
            )
            take_parts(intake, parts, since=since if system.kind == "rest" else None)
        return []

    def _take_table(self, system: SqlSystem, intake: Intake, since: CursorValue | None) -> None:
        from connectors.extract_sql import table_parts

        as_text: frozenset[str] = frozenset()
        while True:
            present: list[str] = []
            parts = table_parts(
                system,
                self.entity,
                self.placeholders,
                name=self.name,
                since=since,
                privacy=self.privacy,
                as_text=as_text,
                found=present,
            )
            fresh = functools.partial(new_columns, self.entity, present)
            try:
                take_parts(
                    intake,
                    parts,
                    since=since,
                    is_snapshot=self.entity.sql is not None and self.entity.sql.cursor is None,
                    new_columns=fresh,
                )
            except ColumnTypeError as changed:
                # the database keeps values of several types in one column: read it as text
                as_text |= {changed.column}
            else:
                return


def _note_visit(lake: Lake, load_date: date, entities: list[EntityExtract]) -> None:
    """Say that the source was read to the end on that date, even where it had nothing new."""
    path = lake.visit(load_date)
    earlier = read_json(path)["repeated_files"] if path.exists() else []
    repeated = {(entity.entity, *pair) for entity in entities for pair in entity.repeated_files}
    repeated |= {(entity, file, same) for entity, file, same in earlier}
    content = {"load_date": str(load_date), "repeated_files": sorted(map(list, repeated))}
    write_json(path, content, source=lake.source)
