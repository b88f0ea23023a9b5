"""Loads, builds, registrations, editions and the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table of the first version."""
    _what_was_loaded_and_built()
    _what_was_locked()
    _what_was_sent()


def _what_was_loaded_and_built() -> None:
    op.create_table(
        "loads",
        sa.Column("source", sa.String(80), primary_key=True),
        sa.Column("load_date", sa.Date, primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("received", sa.BigInteger, nullable=False),
        sa.Column("landed", sa.BigInteger, nullable=False),
        sa.Column("quarantined", sa.BigInteger, nullable=False),
        sa.Column("duplicate", sa.BigInteger, nullable=False),
        sa.Column("watermark", sa.DateTime(timezone=True)),
    )
    op.create_table(
        "builds",
        sa.Column("build_number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("nodes", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
    )


def _what_was_locked() -> None:
    op.create_table(
        "registrations",
        sa.Column("experiment_id", sa.String(80), primary_key=True),
        sa.Column("plan_hash", sa.String(64), nullable=False),
        sa.Column("plan_text", sa.Text, nullable=False),
        sa.Column("registered_on", sa.Date, nullable=False),
    )
    op.create_table(
        "editions",
        sa.Column("edition_id", sa.String(200), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(80), nullable=False),
        sa.Column("period", sa.String(40), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("inputs_hash", sa.String(64), nullable=False),
        sa.Column("code_version", sa.String(80), nullable=False),
        sa.Column("seed", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("kind", "subject", "period", "revision", name="uq_editions_revision"),
        sa.CheckConstraint("kind in ('benchmark', 'experiment')", name="ck_editions_kind"),
        sa.CheckConstraint("state in ('complete', 'partial', 'blocked')", name="ck_editions_state"),
    )


def _what_was_sent() -> None:
    states = "state in ('claimed', 'sending', 'sent', 'failed')"
    op.create_table(
        "outbox",
        sa.Column(
            "edition_id", sa.String(200), sa.ForeignKey("editions.edition_id"), primary_key=True
        ),
        sa.Column("recipient", sa.String(320), primary_key=True),
        sa.Column("language", sa.String(10), nullable=False),
        sa.Column("content_hash", sa.String(64), nullable=False),
        sa.Column("message_id", sa.String(400), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
        sa.CheckConstraint(states, name="ck_outbox_state"),
        sa.CheckConstraint("(state = 'sent') = (sent_at is not null)", name="ck_outbox_sent_at"),
    )
