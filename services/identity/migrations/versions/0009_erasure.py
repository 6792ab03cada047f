"""Erasures, each until it is done everywhere here, and what makes pseudonyms of who was erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.migrations import isolate

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "erasure",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        sa.Column("person_id", UUID(as_uuid=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("marks", ARRAY(sa.Text), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("tenant_id", "person_id", name="pk_erasure"),
    )
    op.create_index("ix_erasure_open", "erasure", ["asked_at"], postgresql_where=sa.text("done_at is null"))
    op.create_table(
        "pseudonym_key",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_pseudonym_key"),
    )
    for name in ("erasure", "pseudonym_key"):
        isolate(name)
