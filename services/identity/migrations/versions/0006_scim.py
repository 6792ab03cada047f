"""What SCIM clients said, and the tokens by which they are known."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from usher_kit.migrations import isolate

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_USER = sa.text("kind = 'User'")


def text_c(name: str, *, nullable: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text(collation="C"), nullable=nullable)


def upgrade() -> None:
    op.create_table(
        "scim_resource",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        text_c("id"),
        sa.Column("kind", sa.Text, nullable=False),
        text_c("name"),
        text_c("external_id", nullable=True),
        sa.Column("words", ARRAY(sa.Text), nullable=False),
        sa.Column("resource", sa.Text, nullable=False),
        sa.Column("searched", JSONB, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("version", "said", "mapped_version")),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("created_at", "changed_at")),
        sa.PrimaryKeyConstraint("tenant_id", "source", "id", name="pk_scim_resource"),
    )
    op.create_index(
        "ix_scim_resource_external_id_source_tenant_id", "scim_resource", ["external_id", "source", "tenant_id"]
    )
    op.create_index(
        "uq_scim_resource_user", "scim_resource", ["name", "source", "tenant_id"], unique=True, postgresql_where=IS_USER
    )
    op.create_index(
        "ix_scim_resource_name_kind_source_tenant_id", "scim_resource", ["name", "kind", "source", "tenant_id"]
    )
    op.create_index(
        "ix_scim_resource_mapped",
        "scim_resource",
        ["mapped_version", "source", "tenant_id"],
        postgresql_where=IS_USER,
    )
    for table, first in (("scim_email", "email"), ("scim_member", "group_id")):
        op.create_table(
            table,
            sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
            sa.Column("source", sa.Text, nullable=False),
            text_c(first),
            text_c("user_id"),
            sa.PrimaryKeyConstraint("tenant_id", "source", first, "user_id", name=f"pk_{table}"),
        )
        op.create_index(f"ix_{table}_user_id_source_tenant_id", table, ["user_id", "source", "tenant_id"])
    op.create_table(
        "scim_token",
        sa.Column("tenant_id", UUID(as_uuid=True), nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.PrimaryKeyConstraint("tenant_id", "hash", name="pk_scim_token"),
    )
    op.create_index("ix_scim_token_source_tenant_id", "scim_token", ["source", "tenant_id"])
    for name in ("scim_resource", "scim_email", "scim_member", "scim_token"):
        isolate(name)
