"""The ledger's tables as the code knows them; ``migrations`` brings a database to this state."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from ledger.entries import in_utc


class Instant(TypeDecorator[datetime]):
    """An aware UTC timestamp; SQLite keeps it as naive text, Postgres as ``timestamptz``."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC."""
        if value is None:
            return None
        instant = in_utc(value)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: aware, UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

loads = Table(
    "loads",
    metadata,
    Column("source", String(80), primary_key=True),
    Column("load_date", Date, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("landed", BigInteger, nullable=False),
    Column("quarantined", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("watermark", Instant),
)

builds = Table(
    "builds",
    metadata,
    Column("build_number", Integer, primary_key=True, autoincrement=True),
    Column("fingerprint", String(64), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("nodes", Integer, nullable=False),
    Column("failed", Integer, nullable=False),
)

registrations = Table(
    "registrations",
    metadata,
    Column("experiment_id", String(80), primary_key=True),
    Column("plan_hash", String(64), nullable=False),
    Column("plan_text", Text, nullable=False),
    Column("registered_on", Date, nullable=False),
)

editions = Table(
    "editions",
    metadata,
    Column("edition_id", String(200), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("period", String(40), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("as_of", Date, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("inputs_hash", String(64), nullable=False),
    Column("code_version", String(80), nullable=False),
    Column("seed", BigInteger, nullable=False),
    UniqueConstraint("kind", "subject", "period", "revision", name="uq_editions_revision"),
    CheckConstraint("kind in ('benchmark', 'experiment')", name="ck_editions_kind"),
    CheckConstraint("state in ('complete', 'partial', 'blocked')", name="ck_editions_state"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("edition_id", String(200), ForeignKey("editions.edition_id"), primary_key=True),
    Column("recipient", String(320), primary_key=True),
    Column("language", String(10), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("message_id", String(400), nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
    Column("claimed_at", Instant, nullable=False),
    Column("sent_at", Instant),
    UniqueConstraint("message_id", name="uq_outbox_message_id"),
    CheckConstraint("state in ('claimed', 'sending', 'sent', 'failed')", name="ck_outbox_state"),
    CheckConstraint("(state = 'sent') = (sent_at is not null)", name="ck_outbox_sent_at"),
)

erasures = Table(
    "erasures",
    metadata,
    Column("erasure_id", String(32), primary_key=True),
    Column("key_check", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("requested_at", Instant, nullable=False),
    Column("completed_at", Instant),
    Column("plan", Text, nullable=False),
    Column("certificate", Text),
    CheckConstraint(
        "(completed_at is null) = (certificate is null)", name="ck_erasures_certificate"
    ),
)

erased_ids = Table(
    "erased_ids",
    metadata,
    Column("kind", String(40), primary_key=True),
    Column("id_hash", String(64), primary_key=True),
    Column("erasure_id", String(32), ForeignKey("erasures.erasure_id"), primary_key=True),
)
