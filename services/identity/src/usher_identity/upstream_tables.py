"""Upstreams, which of their commands came already, what each has said, and whom it took something from of late."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.tables import moment, tenant_id


def add_upstream_tables(metadata: MetaData) -> None:
    """Add them to identity's tables."""
    Table(
        "upstream",
        metadata,
        tenant_id(),
        Column("name", Text, primary_key=True),
        Column("id", UUID(as_uuid=True), nullable=False),
        Column("kind", Text, nullable=False),
        Column("org_id", UUID(as_uuid=True), nullable=False),
        Column("quota", Integer, nullable=False),
        moment("created_at"),
        moment("removed_at", nullable=True),
        moment("window_at"),
        Column("used", Integer, nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("settings", Text, nullable=False),
    )
    Table(
        "keycloak_realm",
        metadata,
        tenant_id(),
        Column("key", Text, primary_key=True),
        Column("of_tenant", UUID(as_uuid=True), nullable=False),
        Column("upstream", Text, nullable=False),
    )
    Table(
        "upstream_tally",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("outcome", Text, primary_key=True),
        Column("what", Text, primary_key=True),
        Column("events", BigInteger, nullable=False),
        Column("detail", Text, nullable=False),
        Column("last_id", Text, nullable=False),
        moment("last_at"),
    )
    Table(
        "roster_sync",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("sealed", Text, nullable=False),
        moment("due_at"),
        moment("since", nullable=True),
        moment("whole_at", nullable=True),
        Index(None, "due_at"),
    )
    Table(
        "roster_reading",
        metadata,
        tenant_id(),
        Column("job_id", UUID(as_uuid=True), primary_key=True),
        Column("state", Text, nullable=False),
    )
    Table(
        "roster_page",
        metadata,
        tenant_id(),
        Column("job_id", UUID(as_uuid=True), primary_key=True),
        Column("file", Text, primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("content", LargeBinary, nullable=False),
    )
    Table(
        "upstream_inbox",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("id", Text, primary_key=True),
        moment("received_at"),
        Index(None, "received_at"),
    )
    Table(
        "upstream_loss",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("person_id", UUID(as_uuid=True), primary_key=True),
        Column("org_id", UUID(as_uuid=True), nullable=False),
        Column("is_gone", Boolean, nullable=False),
        moment("lost_at"),
        Index(None, "lost_at"),
    )
    Table(
        "upstream_said",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("kind", Text, primary_key=True),
        Column("external_id", Text(collation="C"), primary_key=True),
        Column("sayings", Text, nullable=False),
    )
