"""Where one entity's pull goes: rows and bytes into batches, in order, committed one by one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from connectors.batches import Batch, CursorValue, highest_of
from connectors.drafts import BytesDraft, RowsDraft
from connectors.errors import SchemaDriftError
from connectors.lake import Lake
from connectors.pages import Page
from connectors.payloads import value_at
from connectors.personal import Privacy
from connectors.repeats import LandedRows
from connectors.row_hashes import row_hashes

# A killed run repeats at most this much of a source that is read in the order of its cursor.
PART_ROWS = 200_000


@dataclass
class Intake:
    """One entity's pull of one run.

    Attributes:
        lake: The source's places.
        name: The entity.
        load_date: Partition of the batches.
        run_id: The run.
        privacy: What happens to personal columns before anything is written.
        earlier: Batches of earlier runs, oldest first.
        batches: Batches of this run.
    """

    lake: Lake
    name: str
    load_date: date
    run_id: str
    privacy: Privacy
    earlier: list[Batch]
    batches: list[Batch] = field(default_factory=list)

    def rows_draft(self) -> RowsDraft:
        """The next batch, for rows."""
        return RowsDraft(self.lake, self.name, sequence=self._next, load_date=self.load_date)

    def bytes_draft(self) -> BytesDraft:
        """The next batch, for a file as received."""
        return BytesDraft(self.lake, self.name, sequence=self._next, load_date=self.load_date)

    def commit(self, draft: RowsDraft | BytesDraft, **facts: Any) -> None:
        """Make the draft a batch."""
        self.batches.append(draft.commit(run_id=self.run_id, **facts))

    @property
    def _next(self) -> int:
        last = [*self.earlier, *self.batches][-1:]
        return last[0].sequence + 1 if last else 1


@dataclass(frozen=True)
class Part:
    """Rows of a database or API, in the order they were read.

    Attributes:
        table: The rows; ``_row`` and, for payloads, ``_page`` say where they stood.
        cursor: The highest cursor value so far; None without a cursor.
        resumable: Whether everything up to ``cursor`` is durable once these rows are.
        uncursored: Rows among them without a cursor value.
    """

    table: pa.Table
    cursor: CursorValue | None = None
    resumable: bool = False
    uncursored: int = 0


def take_parts(
    intake: Intake,
    parts: Iterable[Part],
    *,
    since: CursorValue | None,
    is_snapshot: bool | None = None,
    new_columns: Callable[[], tuple[str, ...]] = tuple,
) -> None:
    """Land what is new among ``parts``.

    Rows that earlier batches hold unchanged are left out. Without a cursor (``is_snapshot``, or
    where no part has one) the parts are a snapshot, left out as a whole where it equals the last.
    ``new_columns`` is asked when something has been read.
    """
    landed = LandedRows(intake.lake, intake.name, intake.earlier, since)
    taking = _Taking(intake, landed, new_columns, is_snapshot=is_snapshot)
    try:
        for part in parts:
            taking.take(part)
        taking.end()
    finally:
        taking.draft.discard()


class _Taking:
    """Parts on their way into batches."""

    def __init__(
        self,
        intake: Intake,
        landed: LandedRows,
        new_columns: Callable[[], tuple[str, ...]],
        *,
        is_snapshot: bool | None,
    ) -> None:
        self.is_snapshot = is_snapshot
        self.intake = intake
        self.landed = landed
        self.new_columns = new_columns
        self.draft = intake.rows_draft()
        self.cursor: CursorValue | None = None
        self.uncursored = 0
        self.snapshot = hashlib.sha256()

    def take(self, part: Part) -> None:
        self.cursor = highest_of([self.cursor, part.cursor])
        self.uncursored += part.uncursored
        table = part.table
        if self._is_whole:
            # without a cursor the whole is compared at the end
            self.snapshot.update(np.column_stack(row_hashes(table)).tobytes())
        else:
            table = self.landed.fresh(table)
        if table.num_rows:
            self.draft.add(table)
        if part.resumable and self.draft.rows >= PART_ROWS:
            self._commit()
            self.draft = self.intake.rows_draft()

    def end(self) -> None:
        if not self.draft.rows:
            return
        if not self._is_whole:
            self._commit()
            return
        content = self.snapshot.hexdigest()
        earlier = self.intake.earlier
        if not earlier or earlier[-1].content_sha256 != content:
            columns = self.new_columns()
            self.intake.commit(self.draft, content_sha256=content, new_columns=columns)

    @property
    def _is_whole(self) -> bool:
        return self.cursor is None if self.is_snapshot is None else self.is_snapshot

    def _commit(self) -> None:
        self.intake.commit(
            self.draft,
            cursor=self.cursor,
            uncursored=self.uncursored,
            already_landed=self.landed.left_out,
            new_columns=self.new_columns(),
        )
        self.landed.left_out = 0
        self.uncursored = 0


class PayloadParts:
    """Pages of an API as parts: one payload per row, personal data protected.

    Attributes:
        cursor: Path of a payload's cursor value, where it has one.
        seen: Top-level keys met so far.
    """

    def __init__(
        self,
        pages: Iterable[Page],
        privacy: Privacy,
        *,
        source: str,
        entity: str,
        cursor: str | None = None,
    ) -> None:
        self.pages = pages
        self.cursor = cursor
        self.privacy = privacy
        self.source = source
        self.entity = entity
        self.seen: set[str] = set()

    def __iter__(self) -> Iterator[Part]:
        """The parts.

        Raises:
            SchemaDriftError: when a personal path is nowhere to be found: a renamed e-mail field
                would otherwise land in the clear.
        """
        row = read = 0
        for number, page in enumerate(self.pages, start=1):
            count = len(page.payloads)
            for payload in page.payloads:
                self.seen.update(payload if isinstance(payload, dict) else ())
            texts = [_text(self.privacy.protect_payload(payload)) for payload in page.payloads]
            table = pa.table(
                {
                    "_payload": pa.array(texts, pa.string()),
                    "_page": pa.array([number] * count, pa.int64()),
                    "_row": pa.array(range(row + 1, row + count + 1), pa.int64()),
                }
            )
            row += count
            # a text is a delivery that could not be parsed: it has no fields, and is withheld
            read += sum(not isinstance(payload, str) for payload in page.payloads)
            # nothing is committed before every personal field has been met once
            resumable = page.resumable and not self._unseen()
            yield Part(table, page.cursor, resumable, self._uncursored(page))
        if read and self._unseen():
            present = ", ".join(sorted(self.seen))
            raise SchemaDriftError(
                f"personal field `{self._unseen()[0]}` is missing; present: {present}",
                source=self.source,
                entity=self.entity,
                mend="name the field as the source does now, so that it can be protected",
            )

    def _uncursored(self, page: Page) -> int:
        if self.cursor is None:
            return 0
        return sum(value_at(payload, self.cursor) is None for payload in page.payloads)

    def _unseen(self) -> list[str]:
        return [path for path in self.privacy.treatments if path.split(".")[0] not in self.seen]


def _text(payload: Any) -> str:
    text = json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        # half a surrogate pair: kept as it was escaped, and refused when it is mapped
        return json.dumps(payload, separators=(",", ":"))
    return text
