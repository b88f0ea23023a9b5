"""Declared sources: how a vendor's table becomes canonical records, without Python or SQL."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from programme.base import Declaration, Identifier, RefusedError, Scalar
from programme.contracts import Check, Contracts
from programme.privacy import Masking, Retention
from programme.systems import (
    VENDOR_KINDS,
    FileRead,
    PagedRead,
    SqlRead,
    System,
    VendorRead,
    WebhookRead,
)

_ORIGINS = ("column", "const", "join", "fingerprint")
_READERS = ("files", "sql", "rest", "api", "webhook")


class Condition(Declaration):
    """Only rows whose ``column`` is (or is not) one of the values; nulls never match.

    ``optional`` says that the column itself may be absent, as JSON collections leave out what is
    empty; where it is, no row matches.
    """

    column: str
    is_in: list[Scalar] | None = None
    is_not_in: list[Scalar] | None = None
    not_null: bool = False
    optional: bool = False


class FieldMap(Declaration):
    """One field of a canonical record.

    Exactly one of ``column``, ``const``, ``join`` or ``fingerprint`` says where the value comes
    from. A plain string in YAML is short for ``column``. ``fingerprint`` lists the columns that
    tell rows apart where the source has no id: rows alike in all of them get the same value. The
    steps apply in this order: ``missing`` (values that mean "no answer" become null), ``recode``,
    then conversion to the field's type, where ``formats`` and ``timezone`` say how a text becomes
    an instant.

    ``when`` takes the value only from rows that fulfil a condition; for the others it is null:
    ``deleted_at: {column: updated_at, when: {column: status, is_in: [deleted]}}``.
    ``recode_other`` decides about a value that ``recode`` does not list: ``quarantine`` (default)
    sends the row to quarantine, ``keep`` passes it on, ``null`` makes it null.
    ``formats`` are strptime formats, tried in order; without them an instant is ISO 8601.
    ``epoch_seconds`` and ``epoch_milliseconds`` are formats too.
    ``required`` sends a row without the value to quarantine. ``optional`` says that the column
    itself may be absent, as JSON collections leave out what is empty.
    """

    column: str | None = None
    const: Scalar | None = None
    join: list[str] | None = None
    fingerprint: list[str] | None = None
    separator: str = "-"
    when: Condition | None = None
    missing: list[Scalar] = Field(default=[])
    recode: dict[str, Scalar | None] | None = None
    recode_other: Literal["quarantine", "keep", "null"] = "quarantine"
    formats: list[str] = Field(default=[])
    timezone: str | None = None
    required: bool = False
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _column_shorthand(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @field_validator("recode_other", mode="before")
    @classmethod
    def _null_is_a_word(cls, value: Any) -> Any:
        # `recode_other: null` is YAML's null, and meant as the word
        return "null" if value is None else value

    @model_validator(mode="after")
    def _one_origin(self) -> FieldMap:
        given = [name for name in _ORIGINS if getattr(self, name) is not None]
        if len(given) != 1:
            listed = ", ".join(_ORIGINS)
            raise ValueError(f"give exactly one of {listed}; given: {given or 'none'}")
        return self


class RecordMap(Declaration):
    """How one entity's rows become rows of one canonical record.

    For ``feedback``, ``survey`` and ``question`` name a declared question, which supplies kind,
    scale, direction, touchpoint and journey stage. ``explode`` names a list column: each of its
    elements becomes a row (its keys as ``<explode>.<key>`` beside the parent's columns).
    ``first_by`` keeps the first row of each value combination in file order and counts the rest
    as duplicates (one person repeated over several comment rows).
    """

    record: str
    survey: Identifier | None = None
    question: Identifier | None = None
    where: list[Condition] = Field(default=[])
    explode: str | None = None
    first_by: list[str] = Field(default=[])
    fields: dict[str, FieldMap]


class Absence(Declaration):
    """A row that the newest whole table or file lacks was deleted by the source.

    For what is read whole each time: a table or collection without ``cursor``, or files of which
    each holds everything. More than ``max_share`` of the rows gone at once holds the load date.
    """

    max_share: float = Field(default=0.2, gt=0, le=1)


class Entity(Declaration):
    """One table, collection or set of files of a source.

    ``columns``, where given, lists the columns the vendor is known to send: a missing one holds the
    batch and a new one is warned about, both by name. Columns that a mapping uses are always
    required. ``personal`` says what happens to personal data before landing. ``checks`` are about
    rows, ``contract`` (by record) about whole batches; see ``programme.contracts``.
    """

    files: FileRead | None = None
    sql: SqlRead | None = None
    rest: PagedRead | None = None
    api: VendorRead | None = None
    webhook: WebhookRead | None = None
    lookback_minutes: int = Field(default=0, ge=0)
    columns: list[str] | None = None
    personal: dict[str, Literal["hash", "drop"]] = Field(default={})
    records: list[RecordMap] = Field(min_length=1)
    masking: Masking | None = None
    checks: list[Check] = Field(default=[])
    contract: Contracts = Field(default={})
    absence: Absence | None = None

    @model_validator(mode="after")
    def _one_reader(self) -> Entity:
        given = [name for name in _READERS if getattr(self, name) is not None]
        if len(given) != 1:
            listed = ", ".join(_READERS)
            raise ValueError(f"give exactly one of {listed}; given: {given or 'none'}")
        return self

    @model_validator(mode="after")
    def _absence_is_of_wholes(self) -> Entity:
        if self.absence is None:
            return self
        if (self.sql and self.sql.cursor) or (self.rest and self.rest.cursor):
            what = "with a `cursor` only changes are read, so that absence says nothing"
            raise RefusedError(what, "absence", mend="leave out `cursor` or `absence`")
        if self.api or self.webhook:
            what = "a vendor's stream or webhook brings changes, never the whole"
            raise RefusedError(what, "absence", mend="map `deleted_at` instead")
        return self


class Source(Declaration):
    """A system the company collects from. The file stem is the id.

    ``timezone`` is that of timestamps that carry none. ``history_from`` bounds the first pull.
    ``schedule`` is a cron expression or preset for its ingestion; null means by hand only.
    """

    description: str
    owner: str
    schedule: str | None = "@daily"
    system: System
    timezone: str = "UTC"
    history_from: date | None = None
    masking: Masking | None = None
    retention: Retention | None = None
    entities: dict[Identifier, Entity] = Field(min_length=1)

    @model_validator(mode="after")
    def _readers_match_the_system(self) -> Source:
        block = "api" if self.system.kind in VENDOR_KINDS else self.system.kind
        for name, entity in self.entities.items():
            if getattr(entity, block) is None:
                raise RefusedError(
                    f"entity `{name}` has no `{block}:` block, "
                    f"but the system's kind is `{self.system.kind}`",
                    *("entities", name),
                    mend=f"say under `{block}:` what is read",
                )
        self._require_own_records()
        return self

    def _require_own_records(self) -> None:
        """Where absence means deletion, nothing else of the source may fill the record."""
        for name, entity in self.entities.items():
            records = [part.record for part in entity.records] if entity.absence else []
            others = [
                part.record
                for other in self.entities.values()
                if other is not entity
                for part in other.records
            ]
            shared = {record for record in records if record in others or records.count(record) > 1}
            if shared:
                raise RefusedError(
                    f"{', '.join(sorted(shared))} has other rows in this source: their absence "
                    f"from `{name}` would delete them",
                    *("entities", name, "absence"),
                    mend="make it the record's only mapping, or leave out `absence`",
                )
