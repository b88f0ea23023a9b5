"""Files into landing: as received where nothing in them is personal, protected rows otherwise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from typing import BinaryIO

import pyarrow as pa

from connectors.batches import withdrawn
from connectors.drift import columns_expected, require_columns
from connectors.errors import ConnectorError, raise_first
from connectors.intake import Intake
from connectors.locations import Found, decompressed, find
from connectors.personal import Privacy
from connectors.placeholders import Placeholders
from connectors.reading import Chunk, Place, header_of, read_chunks
from connectors.rows import JsonRows, TableRows
from programme.sources import Entity
from programme.systems import FileRead, FilesSystem

_BLOCK_BYTES = 1 << 22
Opener = Callable[[], BinaryIO]


def take_files(
    system: FilesSystem, entity: Entity, placeholders: Placeholders, intake: Intake
) -> list[tuple[str, str]]:
    """Land every file whose content is new; (file, same content as) for those it has.

    A file that cannot be read does not keep the others from landing; its error is raised at the
    end.

    Raises:
        ConnectorError: the first file's failure, with notes about further ones.
    """
    read = entity.files
    assert read is not None  # noqa: S101  (the declaration's validator sees to it)
    # what a person has withdrawn does not come back as long as it lies there unchanged
    seen = [*withdrawn(intake.lake, intake.name), *intake.earlier]
    seen = sorted((batch for batch in seen if batch.file), key=lambda batch: batch.sequence)
    known = {_identity(read, batch.content_sha256 or "", batch.file): batch.file for batch in seen}
    stamps = {batch.file: batch.stamp for batch in seen}
    repeated: list[tuple[str, str]] = []
    failures: list[ConnectorError] = []
    found_files = find(system, read, placeholders, entity=intake.name, seen_before=bool(seen))
    for found in found_files:
        if found.stamp and stamps.get(found.label) == found.stamp:
            continue
        taker = _FileTaker(intake, entity, read, found)
        try:
            identity = taker.take(known)
        except ConnectorError as error:
            failures.append(error)
            continue
        if identity not in known:
            known[identity] = found.label
        elif known[identity] != found.label:
            repeated.append((found.label, known[identity]))
    raise_first(failures)
    return repeated


def landing_rows(chunk: Chunk, privacy: Privacy) -> pa.Table:
    """A chunk in the form in which rows land: protected, with what is no row in ``_unreadable``."""
    if isinstance(chunk.rows, JsonRows):
        texts = [privacy.protect_text(text) for text in chunk.rows.texts]
        table = pa.table({"_payload": pa.array(texts, pa.string())})
    else:
        assert isinstance(chunk.rows, TableRows)  # noqa: S101  (there is no third form)
        table = privacy.protect_table(chunk.rows.table)
    refused = [json.dumps(asdict(refusal), ensure_ascii=False) for refusal in chunk.refusals]
    unreadable = pa.array([None] * table.num_rows + refused, pa.string())
    if refused:
        blank = {field.name: pa.nulls(len(refused), field.type) for field in table.schema}
        table = pa.concat_tables([table, pa.table(blank, schema=table.schema)])
    return table.append_column("_unreadable", unreadable)


def _identity(read: FileRead, content: str, label: str) -> str:
    """What a file is known by: its content, and where that is a call also its name.

    Two calls in which nobody says anything are written alike.
    """
    return content if read.transcript is None else f"{content} {label}"


class _FileTaker:
    """One file on its way to landing."""

    def __init__(self, intake: Intake, entity: Entity, read: FileRead, found: Found) -> None:
        self.intake = intake
        self.entity = entity
        self.read = read
        self.found = found
        self.place = Place(intake.lake.source, intake.name, found.label)
        self.open: Opener = decompressed(found, read, self.place)

    def take(self, known: dict[str, str]) -> str:
        """Land the file unless its content is known; what it is known by."""
        if self.intake.privacy.treatments:
            return self._take_rows(known)
        return self._take_bytes(known)

    def _take_bytes(self, known: dict[str, str]) -> str:
        with self.intake.bytes_draft() as draft, self.open() as file:
            draft.add(b"")
            while block := file.read(_BLOCK_BYTES):
                draft.add(block)
            content = draft.content_sha256
            identity = _identity(self.read, content, self.found.label)
            if identity not in known:
                self._commit(draft, content)
        return identity

    def _take_rows(self, known: dict[str, str]) -> str:
        with self.open() as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        identity = _identity(self.read, content, self.found.label)
        if identity in known:
            return identity
        header = header_of(self.open, self.read, self.place)
        if header is not None:
            # a renamed e-mail column would otherwise land in the clear
            require_columns(
                columns_expected(self.entity),
                header,
                source=self.place.source,
                entity=self.place.entity,
                where=self.place.label,
            )
        with self.intake.rows_draft() as draft:
            for chunk in read_chunks(self.open, self.read, self.place, withhold=True):
                draft.add(landing_rows(chunk, self.intake.privacy))
            self._commit(draft, content)
        return identity

    def _commit(self, draft: object, content: str) -> None:
        self.intake.commit(
            draft,  # type: ignore[arg-type]
            file=self.found.label,
            stamp=self.found.stamp,
            content_sha256=content,
        )
