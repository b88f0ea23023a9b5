"""The rows of the ledger, as immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

from ledger.errors import LedgerError, NaiveInstantError

EditionKind = Literal["benchmark", "experiment"]
EditionState = Literal["complete", "partial", "blocked"]
MailState = Literal["claimed", "sending", "sent", "failed"]


def in_utc(instant: datetime) -> datetime:
    """The same instant in UTC.

    Raises:
        NaiveInstantError: the timestamp has no time zone.
    """
    if instant.tzinfo is None:
        raise NaiveInstantError(
            f"timestamp {instant.isoformat()} has no time zone", "pass an aware datetime, e.g. UTC"
        )
    return instant.astimezone(UTC)


@dataclass(frozen=True)
class Load:
    """One source's day, landed.

    Attributes:
        source: Id of the declared source.
        load_date: The partition.
        fingerprint: Hash of what was landed; equal inputs give an equal one.
        received: Rows received from the source.
        landed: Rows written to ``raw``.
        quarantined: Rows kept aside with a rule and a reason.
        duplicate: Rows that repeat another one.
        watermark: The newest instant seen in the data (UTC); None where the source has no cursor.
    """

    source: str
    load_date: date
    fingerprint: str
    received: int
    landed: int
    quarantined: int
    duplicate: int
    watermark: datetime | None

    def __post_init__(self) -> None:
        if self.watermark is not None:
            object.__setattr__(self, "watermark", in_utc(self.watermark))


@dataclass(frozen=True)
class Build:
    """One build of the warehouse.

    Attributes:
        fingerprint: Of the lake that was built from.
        as_of: The last day the build knows about.
        nodes: Models and tests that ran.
        failed: How many of them failed.
    """

    fingerprint: str
    as_of: date
    nodes: int
    failed: int


@dataclass(frozen=True)
class Registration:
    """An experiment's plan as it was locked."""

    experiment_id: str
    plan_hash: str
    plan_text: str
    registered_on: date


@dataclass(frozen=True)
class Edition:
    """A frozen result.

    Attributes:
        edition_id: ``benchmark/<id>/<wave>/r<revision>`` or ``experiment/<id>/r<revision>``.
        kind: What was frozen.
        subject: Id of the benchmark or experiment.
        period: The wave, or what names the period of an experiment.
        revision: From 1.
        state: ``partial`` and ``blocked`` editions say why in their content.
        as_of: The last day the numbers know about.
        content_hash: SHA-256 of ``edition.json``.
        inputs_hash: Hash of everything the numbers were computed from.
        code_version: Version of the code that computed them.
        seed: Of every random draw; 0 up to 2**63 - 1.
    """

    edition_id: str
    kind: EditionKind
    subject: str
    period: str
    revision: int
    state: EditionState
    as_of: date
    content_hash: str
    inputs_hash: str
    code_version: str
    seed: int

    def __post_init__(self) -> None:
        if not 0 <= self.seed < 2**63:
            raise LedgerError(f"seed {self.seed} does not fit", "use a seed below 2**63")


@dataclass(frozen=True)
class OutboxMail:
    """One mail to one recipient about one edition.

    Attributes:
        edition_id: The frozen edition.
        recipient: Address in lower case.
        language: Of the report sent.
        content_hash: Of the mail's content.
        message_id: The Message-ID header, the same in every attempt.
        state: ``claimed`` was never sent; ``sending`` is in doubt; ``failed`` may be sent again.
        attempts: How often sending began.
        reason: Why the last attempt failed; None otherwise.
        claimed_at: UTC.
        sent_at: UTC; None until sent.
    """

    edition_id: str
    recipient: str
    language: str
    content_hash: str
    message_id: str
    state: MailState
    attempts: int
    reason: str | None
    claimed_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True)
class Erasure:
    """A person's removal. Neither the id nor anything from which it could be told is kept.

    Attributes:
        erasure_id: Keyed hash of the ids; the same request has the same one.
        key_check: Keyed hash of a constant, which tells whether the key is still the same.
        reason: As the request gave it.
        requested_at: UTC.
        completed_at: UTC; None while it is under way or was cut off.
        plan: JSON: the places found before anything was removed.
        certificate: JSON: what was removed and how that was verified; None until completed.
    """

    erasure_id: str
    key_check: str
    reason: str
    requested_at: datetime
    completed_at: datetime | None
    plan: str
    certificate: str | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "requested_at", in_utc(self.requested_at))
        if self.completed_at is not None:
            object.__setattr__(self, "completed_at", in_utc(self.completed_at))
