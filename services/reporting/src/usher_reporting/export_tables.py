"""The tables of exports: what was asked, by whom, how far it is, the files in parts, and what is asked by schedule."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from usher_kit.tables import moment, tenant_id


def uuid(name: str, *, nullable: bool = True) -> "Column[object]":
    return Column(name, UUID(as_uuid=True), nullable=nullable)


def owner_columns() -> "list[Column[object]]":
    """Who asked, as it takes to look up what they may see."""
    return [
        uuid("owner_tenant_id"),
        uuid("owner_user_id"),
        Column("owner_client_id", Text),
        uuid("owner_org_id"),
        Column("owner_scopes", ARRAY(Text), nullable=False),
    ]


def add_exports(metadata: MetaData) -> None:
    """Add exports, the parts of their files, and the schedules that ask for them."""
    Table(
        "export",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        *owner_columns(),
        Column("report", Text, nullable=False),
        Column("format", Text, nullable=False),
        uuid("org_id"),
        Column("filters", JSONB, nullable=False),
        Column("at", DateTime(timezone=True), comment="the past moment that is asked about"),
        moment("created_at"),
        uuid("schedule_id"),
        Column("recipients", ARRAY(UUID(as_uuid=True)), nullable=False),
        Column("state", Text, nullable=False),
        moment("started_at", nullable=True),
        moment("finished_at", nullable=True),
        Column("attempts", SmallInteger, nullable=False),
        Column("done", BigInteger, nullable=False, comment="rows written so far"),
        uuid("claim"),
        moment("leased_until", nullable=True),
        Column("tenants", ARRAY(UUID(as_uuid=True)), comment="whose rows the file holds"),
        Column("units", ARRAY(UUID(as_uuid=True)), comment="of which units alone; null: of whole tenants"),
        Column("as_of", DateTime(timezone=True), comment="of which moment the file is"),
        Column("rows", BigInteger),
        Column("size", BigInteger, comment="bytes"),
        Column("digest", Text, comment="SHA-256 of the file"),
        moment("expires_at", nullable=True),
        Column("removed", Text, comment="why the file is there no longer"),
        Column("error_code", Text),
        Column("error", Text),
        Index("ix_export_open", "id", postgresql_where=text("state in ('waiting', 'running')")),
        Index("ix_export_kept", "expires_at", postgresql_where=text("expires_at is not null and removed is null")),
        Index("ix_export_finished_at", "finished_at"),
        comment="Reports asked for as files",
    )
    Table(
        "export_part",
        metadata,
        tenant_id(),
        Column("export_id", UUID(as_uuid=True), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False, comment="from 0, without gaps"),
        Column("content", LargeBinary, nullable=False),
        comment="The files of exports, in parts",
    )
    Table(
        "report_schedule",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        *owner_columns(),
        Column("report", Text, nullable=False),
        Column("format", Text, nullable=False),
        uuid("org_id", nullable=False),
        Column("filters", JSONB, nullable=False),
        Column("cron", Text, nullable=False, comment="by the clock where the organization is"),
        Column("recipients", ARRAY(UUID(as_uuid=True)), nullable=False),
        moment("created_at"),
        moment("next_at"),
        moment("last_at", nullable=True),
        uuid("last_export_id"),
        Column("version", BigInteger, nullable=False),
        Index("ix_report_schedule_next_at", "next_at"),
        comment="Exports that are asked for again and again",
    )
