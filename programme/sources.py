"""Declared sources: how a vendor's table becomes canonical records, without Python or SQL."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from programme.base import Declaration, Identifier, RefusedError, Scalar


class BearerAuth(Declaration):
    """``Authorization: Bearer <token>``; the token comes from ``${env:NAME}``."""

    kind: Literal["bearer"]
    token: str


class ApiKeyAuth(Declaration):
    """A key in a named header."""

    kind: Literal["api_key"]
    header: str = "X-API-Key"
    key: str


class BasicAuth(Declaration):
    """HTTP basic authentication."""

    kind: Literal["basic"]
    username: str
    password: str


Auth = Annotated[BearerAuth | ApiKeyAuth | BasicAuth, Field(discriminator="kind")]


class FilesSystem(Declaration):
    """Files under one root. ``${data_root}`` is the data-root setting."""

    kind: Literal["files"]
    root: str = "${data_root}"


class SqlSystem(Declaration):
    """Any database SQLAlchemy reaches; ``url`` may hold ``${env:NAME}`` and ``${data_root}``."""

    kind: Literal["sql"]
    url: str


class RestSystem(Declaration):
    """A JSON API over HTTP.

    A request is repeated up to ``max_attempts`` times on 429, 5xx, time-outs and broken answers,
    after ``backoff_seconds``, twice that, four times and so on, or as ``Retry-After`` says.
    """

    kind: Literal["rest"]
    base_url: str
    auth: Auth | None = None
    timeout_seconds: float = 30.0
    max_attempts: int = Field(default=5, ge=1, le=20)
    backoff_seconds: float = Field(default=1.0, ge=0, le=60)


System = Annotated[FilesSystem | SqlSystem | RestSystem, Field(discriminator="kind")]


class FileRead(Declaration):
    """Which files hold the entity and how they are written. Every column is read as text.

    ``.gz`` is decompressed by its name.
    """

    pattern: str
    format: Literal["csv", "jsonl"] = "csv"
    encoding: str = "utf-8-sig"
    delimiter: str = ","


class SqlRead(Declaration):
    """One table or view, read whole or from the cursor on."""

    table: str
    cursor: str | None = None


class PagedRead(Declaration):
    """One REST collection.

    ``paginator`` names how pages follow: ``page_number`` (``page_param``, ``total_path``),
    ``cursor`` (``cursor_path`` in the answer, ``cursor_param`` in the next request),
    ``next_link`` (``next_path`` in the answer), ``header_link`` or ``single``.
    """

    path: str
    data_selector: str
    params: dict[str, Scalar] = Field(default={})
    paginator: Literal["page_number", "cursor", "next_link", "header_link", "single"] = "single"
    page_param: str = "page"
    base_page: int = 1
    total_path: str | None = None
    cursor_path: str | None = None
    cursor_param: str | None = None
    next_path: str | None = None
    cursor: str | None = None
    since_param: str | None = None

    @model_validator(mode="after")
    def _incremental_is_whole(self) -> PagedRead:
        if (self.cursor is None) != (self.since_param is None):
            raise ValueError("`cursor` and `since_param` go together: declare both or neither")
        if self.paginator == "cursor" and not (self.cursor_path and self.cursor_param):
            raise ValueError("paginator `cursor` needs `cursor_path` and `cursor_param`")
        if self.paginator == "next_link" and not self.next_path:
            raise ValueError("paginator `next_link` needs `next_path`")
        return self


class FieldMap(Declaration):
    """One field of a canonical record.

    Exactly one of ``column``, ``const`` or ``join`` says where the value comes from. A plain string
    in YAML is short for ``column``. The steps apply in this order: ``missing`` (values that mean
    "no answer" become null), ``recode``, then conversion to the field's type, where ``formats`` and
    ``timezone`` say how a text becomes an instant.

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
    separator: str = "-"
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
        given = [name for name in ("column", "const", "join") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of column, const, join; given: {given or 'none'}")
        return self


class Condition(Declaration):
    """Keep only rows whose ``column`` is (or is not) one of the values; nulls never match."""

    column: str
    is_in: list[Scalar] | None = None
    is_not_in: list[Scalar] | None = None
    not_null: bool = False


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


class Check(Declaration):
    """One Great Expectations expectation on a canonical record of this entity.

    ``severity``: ``quarantine`` sends the failing rows there, ``hold`` fails the task and lands
    nothing of the batch, ``warn`` records it.
    """

    record: str
    expectation: str
    kwargs: dict[str, Any] = Field(default={})
    severity: Literal["quarantine", "hold", "warn"] = "quarantine"
    reason: str = ""


class Entity(Declaration):
    """One table, collection or set of files of a source.

    ``columns``, where given, lists the columns the vendor is known to send: a missing one holds the
    batch and a new one is warned about, both by name. Columns that a mapping uses are always
    required. ``personal`` says what happens to personal data before landing.
    """

    files: FileRead | None = None
    sql: SqlRead | None = None
    rest: PagedRead | None = None
    lookback_minutes: int = Field(default=0, ge=0)
    columns: list[str] | None = None
    personal: dict[str, Literal["hash", "drop"]] = Field(default={})
    records: list[RecordMap] = Field(min_length=1)
    checks: list[Check] = Field(default=[])

    @model_validator(mode="after")
    def _one_reader(self) -> Entity:
        given = [name for name in ("files", "sql", "rest") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of files, sql, rest; given: {given or 'none'}")
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
    entities: dict[Identifier, Entity] = Field(min_length=1)

    @model_validator(mode="after")
    def _readers_match_the_system(self) -> Source:
        for name, entity in self.entities.items():
            if getattr(entity, self.system.kind) is None:
                raise RefusedError(
                    f"entity `{name}` has no `{self.system.kind}:` block, "
                    f"but the system's kind is `{self.system.kind}`",
                    *("entities", name),
                    mend=f"say under `{self.system.kind}:` what is read",
                )
        return self
