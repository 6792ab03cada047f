"""Upstreams: systems that send commands, which of these came already, and what each has said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.migrations import isolate

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "upstream",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("org_id", UUID(as_uuid=True), nullable=False),
        sa.Column("quota", sa.Integer, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT),
        sa.Column("window_at", MOMENT, nullable=False),
        sa.Column("used", sa.Integer, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_upstream"),
    )
    op.create_table(
        "upstream_inbox",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "id")),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "source", "id", name="pk_upstream_inbox"),
    )
    op.create_index("ix_upstream_inbox_received_at", "upstream_inbox", ["received_at"])
    op.create_table(
        "upstream_said",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "kind")),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        sa.Column("sayings", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "source", "kind", "external_id", name="pk_upstream_said"),
    )
    op.create_table(
        "upstream_loss",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        *(sa.Column(name, UUID(as_uuid=True), nullable=False) for name in ("person_id", "org_id")),
        sa.Column("is_gone", sa.Boolean, nullable=False),
        sa.Column("lost_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "source", "person_id", name="pk_upstream_loss"),
    )
    op.create_index("ix_upstream_loss_lost_at", "upstream_loss", ["lost_at"])
    for name in ("upstream_loss", "upstream", "upstream_inbox", "upstream_said"):
        isolate(name)
