"""Rows that a person lets through although a declared check refuses them.

The decision is kept in the lake, because it names a row and no person: the row's id is a hash of
what was received. It is part of what ``raw`` is made from, so that a load date is landed again when
a row is released, and so that a lake that is landed anew lets the same rows through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date

from connectors.contract_outcomes import check_columns
from connectors.errors import UnusableDeclarationError
from connectors.lake import Lake, read_json, write_json
from connectors.quarantine import RefusedRow, find_row, row_id
from connectors.rows import Refusal
from programme import Programme, Settings
from programme.contracts import Check


@dataclass(frozen=True)
class Release:
    """One row let through.

    Attributes:
        row: Its id, as ``cxloop quarantine show`` prints it.
        record: The canonical record.
        entity: The entity it came with.
        rule: The check that it breaks.
        column: The field that the check is about.
        reason: Why it is right nevertheless.
        on: The day on which it was decided.
    """

    row: str
    record: str
    entity: str
    rule: str
    column: str
    reason: str
    on: str


@dataclass(frozen=True)
class Released:
    """All rows of one source that were let through, by id."""

    rows: Mapping[str, Release]

    @classmethod
    def of(cls, lake: Lake) -> Released:
        """Those of the lake's source."""
        if not lake.released.exists():
            return cls({})
        found = [Release(**content) for content in read_json(lake.released)["rows"]]
        return cls({release.row: release for release in found})

    def let_through(self, record: str, entity: str, refusal: Refusal) -> bool:
        """Whether the row of this refusal was released from this very check."""
        if not self.rows:
            return False
        row = row_id(record, entity, refusal.rule, refusal.column, refusal.payload)
        return row in self.rows


def release_row(
    programme: Programme, settings: Settings, row: str, *, reason: str, on: date
) -> RefusedRow:
    """Let one quarantined row through from now on; land the source again to see it in ``raw``.

    Raises:
        UnusableDeclarationError: when no quarantined row has the id, or it was refused by something
            else than a declared check: what is no number cannot be landed as one.
    """
    refused = find_row(settings, row)
    if refused is None:
        raise UnusableDeclarationError(
            f"no quarantined row has the id `{row}`",
            source="quarantine",
            mend="take the id from `cxloop quarantine show RECORD`",
        )
    checks = programme.sources[refused.source].entities[refused.entity].checks
    if not any(_is_of(check, refused) for check in checks):
        what = f"row {row} was refused by `{refused.rule}`, which is no check declared by you"
        if refused.column:
            what += f" (column {refused.column})"
        raise UnusableDeclarationError(
            what,
            source=refused.source,
            entity=refused.entity,
            mend="mend the mapping (recode, missing, formats) or the source, then replay: what "
            "breaks a key, a type or a scale would be a wrong number in `raw`",
        )
    lake = Lake(settings.lake, refused.source)
    with lake.locked():
        rows = dict(Released.of(lake).rows)
        rows[row] = Release(
            row, refused.record, refused.entity, refused.rule, refused.column, reason, str(on)
        )
        content = {"rows": [asdict(rows[name]) for name in sorted(rows)]}
        write_json(lake.released, content, source=lake.source)
    return refused


def _is_of(check: Check, refused: RefusedRow) -> bool:
    columns = ", ".join(check_columns(check))
    asked = (check.record, check.expectation, columns, check.severity)
    return asked == (refused.record, refused.rule, refused.column, "quarantine")
