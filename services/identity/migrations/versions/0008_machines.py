"""Machine clients, and finding sessions that ended."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.migrations import isolate

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "machine_client",
        *(sa.Column(name, UUID(as_uuid=True), nullable=False) for name in ("tenant_id", "id", "org_id")),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("former_hash", sa.Text),
        sa.Column("former_until", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.Column("used_at", MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_machine_client"),
    )
    op.create_index("ix_machine_client_org_id_tenant_id", "machine_client", ["org_id", "tenant_id"])
    isolate("machine_client")
    op.create_index("ix_session_ended_at_tenant_id", "session", ["ended_at", "tenant_id"])
