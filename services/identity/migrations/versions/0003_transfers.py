"""Transfers: who is asked into another organization, and by which transfer a person was closed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.migrations import isolate

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("person", sa.Column("closed_by", UUID(as_uuid=True)))
    op.create_table(
        "transfer",
        *(sa.Column(name, UUID(as_uuid=True), nullable=False) for name in ("tenant_id", "id")),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("user_id", UUID(as_uuid=True)),
        sa.Column("from_org_id", UUID(as_uuid=True)),
        sa.Column("to_org_id", UUID(as_uuid=True), nullable=False),
        sa.Column("roles", ARRAY(sa.Text), nullable=False),
        *(sa.Column(name, sa.Text) for name in ("user_name", "display_name", "email", "from_name", "note")),
        sa.Column("asked_side", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("decided_by", sa.Text),
        sa.Column("decided_at", MOMENT),
        sa.Column("answer", sa.Text),
        sa.Column("peer_tenant_id", UUID(as_uuid=True)),
        sa.Column("peer_id", UUID(as_uuid=True)),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_transfer"),
    )
    isolate("transfer")
    is_asked = sa.text("state = 'asked' and direction <> 'in'")
    op.create_index("ix_transfer_asked", "transfer", ["user_id", "tenant_id"], unique=True, postgresql_where=is_asked)
