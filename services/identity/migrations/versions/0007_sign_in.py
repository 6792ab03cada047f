"""Sign-in by other providers."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.migrations import isolate

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def ids(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, UUID(as_uuid=True), nullable=False) for name in names]


def texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    op.create_table(
        "identity_provider",
        *ids("tenant_id"),
        *texts("name"),
        *ids("id", "org_id"),
        *texts("title", "issuer", "client_id", "client_secret"),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        *texts("claims", "mapping"),
        sa.Column("links_by", ARRAY(sa.Text), nullable=False),
        sa.Column("creates_people", sa.Boolean, nullable=False),
        sa.Column("domains", ARRAY(sa.Text), nullable=False),
        *(sa.Column(name, sa.Boolean, nullable=False) for name in ("is_offered", "serves_all")),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "name", name="pk_identity_provider"),
    )
    op.create_table(
        "sign_in_attempt",
        *ids("tenant_id"),
        sa.Column("state_hash", sa.Text(collation="C"), nullable=False),
        *ids("provider_id"),
        *texts("asked"),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "state_hash", name="pk_sign_in_attempt"),
    )
    op.create_index("ix_sign_in_attempt_expires_at_tenant_id", "sign_in_attempt", ["expires_at", "tenant_id"])
    op.add_column("session", sa.Column("provider_id", UUID(as_uuid=True)))
    for name in ("identity_provider", "sign_in_attempt"):
        isolate(name)
