"""Rosters over REST: when each is read and its client's secret, and what a reading has so far."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.migrations import isolate

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "roster_sync",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "sealed")),
        sa.Column("due_at", MOMENT, nullable=False),
        *(sa.Column(name, MOMENT) for name in ("since", "whole_at")),
        sa.PrimaryKeyConstraint("tenant_id", "source", name="pk_roster_sync"),
    )
    op.create_index("ix_roster_sync_due_at", "roster_sync", ["due_at"])
    op.create_table(
        "roster_reading",
        *(sa.Column(name, UUID(as_uuid=True), nullable=False) for name in ("tenant_id", "job_id")),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "job_id", name="pk_roster_reading"),
    )
    op.create_table(
        "roster_page",
        *(sa.Column(name, UUID(as_uuid=True), nullable=False) for name in ("tenant_id", "job_id")),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "job_id", "file", "number", name="pk_roster_page"),
    )
    for name in ("roster_sync", "roster_reading", "roster_page"):
        isolate(name)
