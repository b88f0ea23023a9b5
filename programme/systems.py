"""Declared systems and how each is read: files, databases, APIs, vendors, webhooks."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from programme.base import Declaration, Scalar
from programme.calls import TranscriptRead
from programme.paging import PagedRead as PagedRead
from programme.webhooks import WebhookRead as WebhookRead
from programme.webhooks import WebhookSystem


class BearerAuth(Declaration):
    """``Authorization: Bearer <token>``; the token comes from ``${env:NAME}``."""

    kind: Literal["bearer"]
    token: str


class ApiKeyAuth(Declaration):
    """A key in a named header, or in the query parameter that ``query`` names."""

    kind: Literal["api_key"]
    header: str = "X-API-Key"
    query: str | None = None
    key: str


class BasicAuth(Declaration):
    """HTTP basic authentication."""

    kind: Literal["basic"]
    username: str
    password: str


class OAuthAuth(Declaration):
    """OAuth 2 client credentials: a token is fetched from ``token_url`` and renewed in time.

    ``client_in`` says where the token request carries the client: HTTP basic or its form body.
    ``params`` are further form fields, such as ``audience``.
    """

    kind: Literal["oauth2"]
    token_url: str
    client_id: str
    client_secret: str
    client_in: Literal["basic", "body"] = "basic"
    scope: str | None = None
    params: dict[str, str] = Field(default={})


Auth = Annotated[BearerAuth | ApiKeyAuth | BasicAuth | OAuthAuth, Field(discriminator="kind")]


class FilesSystem(Declaration):
    """Files under one root. ``${data_root}`` is the data-root setting."""

    kind: Literal["files"]
    root: str = "${data_root}"


class SqlSystem(Declaration):
    """Any database SQLAlchemy reaches; ``url`` may hold ``${env:NAME}`` and ``${data_root}``."""

    kind: Literal["sql"]
    url: str


class HttpSystem(Declaration):
    """What all systems that are asked over HTTP share.

    A request is repeated up to ``max_attempts`` times on 429, 5xx, time-outs and broken answers,
    after ``backoff_seconds``, twice that, four times and so on, or as ``Retry-After`` says.
    """

    base_url: str
    auth: Auth | None = None
    timeout_seconds: float = 30.0
    max_attempts: int = Field(default=5, ge=1, le=20)
    backoff_seconds: float = Field(default=1.0, ge=0, le=60)


class RestSystem(HttpSystem):
    """A JSON API over HTTP, read as each entity declares under ``rest:``."""

    kind: Literal["rest"]


class ZendeskSystem(HttpSystem):
    """Zendesk Support; ``base_url`` is ``https://<subdomain>.zendesk.com``."""

    kind: Literal["zendesk"]


class QualtricsSystem(HttpSystem):
    """Qualtrics; ``base_url`` is ``https://<datacenter>.qualtrics.com``, the key an API token."""

    kind: Literal["qualtrics"]


class SurveyMonkeySystem(HttpSystem):
    """SurveyMonkey API v3."""

    kind: Literal["surveymonkey"]


class TypeformSystem(HttpSystem):
    """Typeform responses API."""

    kind: Literal["typeform"]


class FormbricksSystem(HttpSystem):
    """Formbricks management API."""

    kind: Literal["formbricks"]


class IntercomSystem(HttpSystem):
    """Intercom conversations."""

    kind: Literal["intercom"]


VENDOR_KINDS = ("zendesk", "qualtrics", "surveymonkey", "typeform", "formbricks", "intercom")
VendorSystem = (
    ZendeskSystem
    | QualtricsSystem
    | SurveyMonkeySystem
    | TypeformSystem
    | FormbricksSystem
    | IntercomSystem
)
System = Annotated[
    FilesSystem | SqlSystem | RestSystem | WebhookSystem | VendorSystem,
    Field(discriminator="kind"),
]


class VendorRead(Declaration):
    """One stream of a vendor's API, as its connector names it."""

    stream: str
    survey: str | None = None
    params: dict[str, Scalar] = Field(default={})


class FileRead(Declaration):
    """Which files hold the entity and how they are written. Every column of a CSV is read as text.

    ``.gz``, ``.zst`` and ``.zip`` (of one file) are decompressed by their names, up to
    ``max_expanded_gb`` (10^9 bytes).

    Rows are counted from 1 as an editor shows them, with blank ones; those that ``skip_pattern``
    (a regular expression, matched where a row begins: comments, totals) leaves out are not counted.
    ``header_row`` is the row with the column names. Where ``header_rows`` rows name the columns
    together, their words are joined by a blank, and an empty cell repeats its left neighbour in all
    but the last of them (merged cells). ``skip_after_header`` rows follow that are no data (units,
    labels); ``skip_footer`` is the number of rows at the end that are none. ``names`` are the
    columns of a file without a header.
    ``quote`` is the quotation mark of a CSV; empty where there is none.
    ``sheet`` is an Excel sheet's name or number from 1. ``records_path`` is the path of the list
    of a JSON document (empty: the document is the list).
    ``transcript`` says what is read from ``vtt`` and ``transcript_json``.
    """

    pattern: str
    format: Literal["csv", "jsonl", "json", "excel", "parquet", "vtt", "transcript_json"] = "csv"
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    quote: str = '"'
    names: list[str] = Field(default=[])
    header_row: int = Field(default=1, ge=1, le=1000)
    header_rows: int = Field(default=1, ge=1, le=10)
    skip_after_header: int = Field(default=0, ge=0, le=1000)
    skip_footer: int = Field(default=0, ge=0, le=1000)
    skip_pattern: str | None = None
    sheet: str | int = 1
    records_path: str = ""
    max_expanded_gb: float = Field(default=20.0, gt=0)
    transcript: TranscriptRead | None = None

    @model_validator(mode="after")
    def _marks_are_single_characters(self) -> FileRead:
        if len(self.delimiter) != 1 or not self.delimiter.isascii() or self.delimiter in "\r\n":
            raise ValueError(f"`delimiter` is one ASCII character, not `{self.delimiter}`")
        if self.quote and (len(self.quote) != 1 or not self.quote.isascii()):
            raise ValueError(f"`quote` is one ASCII character or empty, not `{self.quote}`")
        if self.quote == self.delimiter:
            raise ValueError("`quote` and `delimiter` are the same character")
        return self

    @model_validator(mode="after")
    def _names_replace_the_header(self) -> FileRead:
        if self.names and (self.header_row, self.header_rows) != (1, 1):
            raise ValueError("`names` are for a file without a header: leave out `header_row(s)`")
        return self

    @field_validator("skip_pattern")
    @classmethod
    def _pattern_compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"`{value}` is no regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _transcripts_are_declared(self) -> FileRead:
        is_transcript = self.format in ("vtt", "transcript_json")
        if is_transcript != (self.transcript is not None):
            raise ValueError("`transcript` goes with format `vtt` or `transcript_json`")
        if self.transcript and (self.format == "transcript_json") != bool(self.transcript.turns):
            raise ValueError("`transcript.turns` goes with format `transcript_json`")
        return self


class SqlRead(Declaration):
    """One table or view, read whole or from the cursor on."""

    table: str
    cursor: str | None = None
