"""The tables of imports: jobs, what was uploaded for them, what they report, and what each source said last."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.tables import moment, tenant_id

OPEN = text("state in ('waiting', 'running')")


def add_import_tables(metadata: MetaData) -> None:
    """Add them to identity's tables."""
    Table(
        "job",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("state", Text, nullable=False),
        Column("source", Text, nullable=False),
        Column("target_id", UUID(as_uuid=True)),
        Column("is_dry_run", Boolean, nullable=False),
        Column("roles", Text, nullable=False),
        Column("actor", Text, nullable=False),
        Column("file_name", Text, nullable=False),
        Column("file_bytes", BigInteger, nullable=False),
        moment("created_at"),
        moment("started_at", nullable=True),
        moment("finished_at", nullable=True),
        Column("claim", UUID(as_uuid=True)),
        moment("leased_until", nullable=True),
        Column("attempts", Integer, nullable=False),
        Column("phase", Text, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("total", BigInteger),
        Column("counts", Text, nullable=False),
        Column("issues", BigInteger, nullable=False),
        Column("dialect", Text),
        Column("mode", Text),
        Column("error_code", Text),
        Column("error", Text),
        Index("ix_job_open", "id", postgresql_where=OPEN),
    )
    Table(
        "upload_part",
        metadata,
        tenant_id(),
        Column("job_id", UUID(as_uuid=True), primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("content", LargeBinary, nullable=False),
    )
    Table(
        "job_issue",
        metadata,
        tenant_id(),
        Column("job_id", UUID(as_uuid=True), primary_key=True),
        Column("number", BigInteger, primary_key=True),
        Column("severity", Text, nullable=False),
        Column("file", Text, nullable=False),
        Column("line", BigInteger),
        Column("column", Text),
        Column("code", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("row_id", Text),
    )
    Table(
        "person_said",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("external_id", Text(collation="C"), primary_key=True),
        Column("person_id", UUID(as_uuid=True), nullable=False),
        Column("user_name", Text, nullable=False),
        Column("display_name", Text, nullable=False),
        Column("email", Text),
        Column("org_id", UUID(as_uuid=True), nullable=False),
        Column("roles", Text, nullable=False),
    )
    Table(
        "role_mapping",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("words", Text, nullable=False),
    )
    Table(
        "academic_session",
        metadata,
        tenant_id(),
        Column("source", Text, primary_key=True),
        Column("external_id", Text(collation="C"), primary_key=True),
        Column("title", Text, nullable=False),
        Column("first", Date, nullable=False),
        Column("last", Date, nullable=False),
    )
