"""Declared files: where they lie and how they are written."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from programme.base import Declaration, RefusedError
from programme.calls import TranscriptRead


class S3Store(Declaration):
    """An S3-compatible store, for a root ``s3://bucket/prefix``.

    ``endpoint`` is ``https://host[:port]``; left out, it is AWS. Without keys, those of the machine
    are used (instance role, ``AWS_*`` variables).
    """

    endpoint: str | None = None
    region: str = "us-east-1"
    access_key: str | None = None
    secret_key: str | None = None
    timeout_seconds: float = Field(default=30.0, gt=0)
    max_attempts: int = Field(default=4, ge=1, le=20)

    @model_validator(mode="after")
    def _keys_go_together(self) -> S3Store:
        if (self.access_key is None) != (self.secret_key is None):
            what = "`access_key` and `secret_key` go together"
            raise RefusedError(what, mend="declare both or neither")
        if self.endpoint is not None and not re.match(r"(https?://|\$\{)", self.endpoint):
            what = f"`{self.endpoint}` is no address"
            raise RefusedError(what, "endpoint", mend="begin it with https://")
        return self


class SftpServer(Declaration):
    """An SFTP server, for a root ``sftp://host[:port]/folder``.

    ``private_key`` is a key in PEM or OpenSSH form (``${env:NAME}``), or the path of its file.
    ``known_host`` is the server's key as it stands in a ``known_hosts`` file, or its fingerprint
    ``SHA256:...``: a server that shows another one is refused.
    """

    username: str
    password: str | None = None
    private_key: str | None = None
    passphrase: str | None = None
    known_host: str
    timeout_seconds: float = Field(default=30.0, gt=0)
    max_attempts: int = Field(default=4, ge=1, le=20)

    @model_validator(mode="after")
    def _one_proof(self) -> SftpServer:
        if (self.password is None) == (self.private_key is None):
            what = "one of `password` and `private_key` proves who asks"
            raise RefusedError(what, mend="declare one of them")
        if self.private_key is not None and "PRIVATE KEY" in self.private_key:
            what = "a credential is written out in a file that is reviewed in git"
            raise RefusedError(what, "private_key", mend="write ${env:NAME}, or the file's path")
        return self


class FilesSystem(Declaration):
    """Files under one root: a directory, ``s3://bucket/prefix`` or ``sftp://host[:port]/folder``.

    ``${data_root}`` is the data-root setting. ``s3`` and ``sftp`` say how the store is reached.
    """

    kind: Literal["files"]
    root: str = "${data_root}"
    s3: S3Store | None = None
    sftp: SftpServer | None = None

    @model_validator(mode="after")
    def _root_is_reached(self) -> FilesSystem:
        scheme, _, rest = self.root.partition("://")
        if rest and scheme not in ("s3", "sftp"):
            raise ValueError(f"`root` is a directory, s3:// or sftp://, not {scheme}://")
        if rest and getattr(self, scheme) is None:
            raise ValueError(f"a root of {scheme}:// needs `{scheme}:`, which says how to reach it")
        if "@" in urlsplit(self.root).netloc:
            raise ValueError("`root` holds no credentials: they belong under `s3:` or `sftp:`")
        return self


class FileRead(Declaration):
    """Which files hold the entity and how they are written. Every column of a CSV is read as text.

    ``.gz``, ``.zst`` and ``.zip`` (of one file) are decompressed by their names, up to
    ``max_expanded_gb`` (10^9 bytes).

    Rows are counted from 1 as an editor shows them, with blank ones; those that ``skip_pattern``
    (a regular expression, matched where a row begins: comments, totals) leaves out are not counted.
    ``header_row`` is the row with the column names. Where ``header_rows`` rows name the columns
    together, their words are joined by a blank, and an empty cell repeats its left neighbour in all
    but the last of them (merged cells). ``skip_after_header`` rows follow that are no data (units,
    labels); ``skip_footer`` is the number of filled rows at the end that are none. ``names`` are
    the columns of a file without a header.
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
