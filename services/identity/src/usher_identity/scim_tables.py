"""What SCIM clients said, each in a space of its own: resources, addresses, members; and their tokens."""

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from usher_kit.tables import moment, tenant_id

IS_USER = text("kind = 'User'")


def add_scim_tables(metadata: MetaData) -> None:
    """Add them to identity's tables."""
    Table(
        "scim_resource",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("id", Text(collation="C"), primary_key=True),
        Column("kind", Text, nullable=False),
        Column("name", Text(collation="C"), nullable=False),
        Column("external_id", Text(collation="C")),
        Column("words", ARRAY(Text), nullable=False),
        Column("resource", Text, nullable=False),
        Column("searched", JSONB, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("said", BigInteger, nullable=False),
        Column("mapped_version", BigInteger, nullable=False),
        moment("created_at"),
        moment("changed_at"),
        Index(None, "external_id", "source", "tenant_id"),
        Index("uq_scim_resource_user", "name", "source", "tenant_id", unique=True, postgresql_where=IS_USER),
        Index(None, "name", "kind", "source", "tenant_id"),
        Index("ix_scim_resource_mapped", "mapped_version", "source", "tenant_id", postgresql_where=IS_USER),
    )
    Table(
        "scim_email",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("email", Text(collation="C"), primary_key=True),
        Column("user_id", Text(collation="C"), primary_key=True),
        Index(None, "user_id", "source", "tenant_id"),
    )
    Table(
        "scim_member",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("group_id", Text(collation="C"), primary_key=True),
        Column("user_id", Text(collation="C"), primary_key=True),
        Index(None, "user_id", "source", "tenant_id"),
    )
    Table(
        "scim_token",
        metadata,
        tenant_id(),
        Column("hash", Text, primary_key=True),
        Column("id", UUID(as_uuid=True), nullable=False),
        Column("source", Text, nullable=False),
        moment("created_at"),
        moment("expires_at", nullable=True),
        Index(None, "source", "tenant_id"),
    )
