"""Transfers' table: one row a transfer within a tenant, and one on each side of a transfer between two."""

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.tables import moment, tenant_id

ASKED = text("state = 'asked' and direction <> 'in'")


def add_transfer_tables(metadata: MetaData) -> None:
    """Add the table. A person is asked for once at a time."""
    Table(
        "transfer",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("direction", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("user_id", UUID(as_uuid=True)),
        Column("from_org_id", UUID(as_uuid=True)),
        Column("to_org_id", UUID(as_uuid=True), nullable=False),
        Column("roles", ARRAY(Text), nullable=False),
        Column("user_name", Text),
        Column("display_name", Text),
        Column("email", Text),
        Column("from_name", Text),
        Column("note", Text),
        Column("asked_side", Text, nullable=False),
        Column("asked_by", Text),
        moment("asked_at"),
        Column("decided_by", Text),
        moment("decided_at", nullable=True),
        Column("answer", Text),
        Column("peer_tenant_id", UUID(as_uuid=True)),
        Column("peer_id", UUID(as_uuid=True)),
        Column("version", BigInteger, nullable=False),
        Index("ix_transfer_asked", "user_id", "tenant_id", unique=True, postgresql_where=ASKED),
    )
