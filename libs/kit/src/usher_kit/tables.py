"""Tables that every service has: tenants' ids, the outbox, and the copies of organizations and people."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}


def new_metadata() -> MetaData:
    """Metadata with the naming that keeps migrations stable."""
    return MetaData(naming_convention=NAMING)


def tenant_id() -> "Column[Any]":
    """The column that leads every table's key; row-level security stands on it (architecture: The way of a message)."""
    return Column("tenant_id", UUID(as_uuid=True), primary_key=True)


def moment(name: str, *, nullable: bool = False) -> "Column[Any]":
    """A point in time, with its zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def add_plumbing(metadata: MetaData) -> tuple[Table, Table]:
    """`tenant`, the ids alone and so outside row-level security, and `outbox`, the facts still to be published.

    Beside them `idempotency_key`, the writes that were done and what was answered; and `epoch`, the one row that says
    in which epoch versions are told: it belongs to the database, and to its backups. And what telling again needs.
    """
    tenant = Table("tenant", metadata, Column("id", UUID(as_uuid=True), primary_key=True))
    Table(
        "epoch",
        metadata,
        Column("is_one", Boolean, CheckConstraint("is_one", "single_row"), primary_key=True, server_default=true()),
        Column("number", SmallInteger, nullable=False),
    )
    outbox = Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("tenant_id", UUID(as_uuid=True), nullable=False),
        Column("exchange", Text, nullable=False),
        Column("routing_key", Text, nullable=False),
        Column("attributes", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
        moment("added_at"),
        Column("queue", Text, comment="where it goes alone, when it is told again"),
    )
    add_history(metadata)
    Table(
        "idempotency_key",
        metadata,
        tenant_id(),
        Column("actor", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("request_hash", Text, nullable=False),
        Column("status", SmallInteger),
        Column("media_type", Text),
        Column("etag", Text),
        Column("answer", LargeBinary),
        moment("added_at"),
        Index(None, "added_at"),
    )
    return tenant, outbox


def add_history(metadata: MetaData) -> None:
    """`told`, the facts that were published and are kept, and `re_emission`, who asked for what to be told again.

    A message's id is a UUIDv7: each tenant's facts are in the order in which they were made.
    """
    Table(
        "told",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True, comment="the message's"),
        Column("routing_key", Text, nullable=False),
        Column("attributes", Text, nullable=False),
        Column("body", Text, nullable=False),
        comment="Facts as they were published, where their history is kept",
    )
    Table(
        "re_emission",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("queue", Text, nullable=False),
        Column("is_wanted", Boolean, nullable=False),
        Column("types_left", ARRAY(Text), nullable=False, comment="the first is being told"),
        Column("place", ARRAY(Text), comment="the key of the last that was told of the first type left"),
        Column("facts", BigInteger, nullable=False, comment="told of the first type left"),
        Column("told", JSONB, nullable=False, comment="how many of each type that is through"),
        Column("outbox_until", BigInteger, comment="history is told once the outbox is empty up to this row"),
        moment("asked_at"),
        moment("ended_at", nullable=True),
        Column("version", BigInteger, nullable=False),
        comment="What was asked to be told again, and how far that has come",
    )


def add_directory(
    metadata: MetaData, *person_columns: "Column[Any]", indexes: Sequence[Index] = ()
) -> tuple[Table, Table]:
    """The service's own copies of organizations and people, kept from identity's facts; no foreign keys (messages).

    Secondary indexes do not lead with the tenant: on tables that are not yet analyzed, the planner would take one of
    them for a look-up by key, and read the tenant's every row for each.
    """
    organization = Table(
        "organization",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("parent_id", UUID(as_uuid=True)),
        Column("external_id", Text),
        Column("name", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("status", Text, nullable=False),
        Column("time_zone", Text, nullable=False),
        Column("version", BigInteger, nullable=False),
        Index(None, "parent_id"),
    )
    person = Table(
        "person",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("org_id", UUID(as_uuid=True), nullable=False),
        Column("status", Text, nullable=False),
        moment("status_since"),
        Column("roles", ARRAY(Text), nullable=False),
        Column("role_since", ARRAY(DateTime(timezone=True)), nullable=False),
        Column("version", BigInteger, nullable=False),
        *person_columns,
        Index(None, "org_id"),
        *indexes,
    )
    return organization, person
