"""Ways by which upstreams come: what each needs to know, whose a realm is, and what became of its events."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.migrations import isolate

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("upstream", sa.Column("settings", sa.Text, nullable=False, server_default="{}"))
    op.alter_column("upstream", "settings", server_default=None)
    op.create_table(
        "keycloak_realm",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("of_tenant", UUID(as_uuid=True), nullable=False),
        sa.Column("upstream", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "key", name="pk_keycloak_realm"),
    )
    op.create_table(
        "upstream_tally",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "outcome", "what")),
        sa.Column("events", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("detail", "last_id")),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "source", "outcome", "what", name="pk_upstream_tally"),
    )
    for name in ("keycloak_realm", "upstream_tally"):
        isolate(name)
