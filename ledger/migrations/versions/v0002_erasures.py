"""Erasures of persons: what was done, and the keyed hashes by which they stay away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the two tables."""
    op.create_table(
        "erasures",
        sa.Column("erasure_id", sa.String(32), primary_key=True),
        sa.Column("key_check", sa.String(64), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True)),
        sa.Column("plan", sa.Text, nullable=False),
        sa.Column("certificate", sa.Text),
        sa.CheckConstraint(
            "(completed_at is null) = (certificate is null)", name="ck_erasures_certificate"
        ),
    )
    op.create_table(
        "erased_ids",
        sa.Column("kind", sa.String(40), primary_key=True),
        sa.Column("id_hash", sa.String(64), primary_key=True),
        sa.Column(
            "erasure_id", sa.String(32), sa.ForeignKey("erasures.erasure_id"), primary_key=True
        ),
    )
