"""The tables of imports: jobs, what was uploaded for them, what they report, what each source said last, and what
the guard holds.
"""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.tables import moment, tenant_id

OPEN = text("state in ('waiting', 'running')")
UNDONE = text("outcome is null")
HELD = text("state = 'held'")
DUE = text("state in ('approved', 'rejected') and applied_at is null")


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
        Column("kind", Text, nullable=False),
        Column("authority_id", UUID(as_uuid=True)),
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
    add_guard_tables(metadata)
    add_bulk_tables(metadata)


def add_bulk_tables(metadata: MetaData) -> None:
    """Add the rows of bulk jobs (what each asks, whom it means, what became of it) and what dry runs foresee."""
    Table(
        "job_person",
        metadata,
        tenant_id(),
        Column("job_id", UUID(as_uuid=True), primary_key=True),
        Column("person_id", UUID(as_uuid=True), primary_key=True),
        Column("person_tenant_id", UUID(as_uuid=True), nullable=False),
        Column("org_id", UUID(as_uuid=True), nullable=False),
        Column("status", Text, nullable=False),
        Column("roles", Text, nullable=False),
    )
    Table(
        "job_row",
        metadata,
        tenant_id(),
        Column("job_id", UUID(as_uuid=True), primary_key=True),
        Column("number", BigInteger, primary_key=True),
        Column("user_ref", Text, nullable=False),
        Column("act", Text, nullable=False),
        Column("roles", Text, nullable=False),
        Column("org_ref", Text),
        Column("person_id", UUID(as_uuid=True)),
        Column("org_id", UUID(as_uuid=True)),
        Column("outcome", Text),
        Column("code", Text),
        Column("reason", Text),
        Index("ix_job_row_due", "job_id", "person_id", postgresql_where=UNDONE),
    )


def add_guard_tables(metadata: MetaData) -> None:
    """Add what the guard on mass loss holds, and what organizations have set for it."""
    Table(
        "change_set",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("org_id", UUID(as_uuid=True), nullable=False),
        Column("source", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("job_id", UUID(as_uuid=True), nullable=False),
        Column("state", Text, nullable=False),
        Column("share_percent", Integer, nullable=False),
        Column("of_people", BigInteger, nullable=False),
        Column("would_deactivate", BigInteger, nullable=False),
        Column("would_remove_roles", BigInteger, nullable=False),
        moment("created_at"),
        Column("version", BigInteger, nullable=False),
    )
    Table(
        "held_change",
        metadata,
        tenant_id(),
        Column("job_id", UUID(as_uuid=True), primary_key=True),
        Column("person_id", UUID(as_uuid=True), primary_key=True),
        Column("ref", Text(collation="C"), primary_key=True),
        Column("org_id", UUID(as_uuid=True), nullable=False),
        Column("source", Text, nullable=False),
        Column("status", Text),
        Column("standing", Text),
        Column("roles", Text, nullable=False),
        Column("gains", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("set_id", UUID(as_uuid=True)),
        Column("decided_by", Text),
        moment("decided_at", nullable=True),
        moment("applied_at", nullable=True),
        Index(None, "set_id", "person_id", "ref", "tenant_id"),
        Index("ix_held_change_held", "source", postgresql_where=HELD),
        Index("ix_held_change_due", "set_id", postgresql_where=DUE),
    )
    Table(
        "setting",
        metadata,
        tenant_id(),
        Column("org_id", UUID(as_uuid=True), primary_key=True),
        Column("loss_share_percent", Integer, nullable=False),
    )
