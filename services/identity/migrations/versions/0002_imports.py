"""Imports: jobs, uploads, issues, what sources said last, their own words for roles, and what the guard holds."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.migrations import isolate

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_jobs()
    create_job_parts()
    create_sources()
    create_guard()
    create_bulk()


def table(name: str, *columns: "sa.Column[Any]", key: tuple[str, ...]) -> None:
    """A table whose key leads with the tenant, behind its policy."""
    tenant = sa.Column("tenant_id", UUID(as_uuid=True), nullable=False)
    op.create_table(name, tenant, *columns, sa.PrimaryKeyConstraint("tenant_id", *key, name=f"pk_{name}"))
    isolate(name)


def words(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text, nullable=nullable)


def uuid(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, UUID(as_uuid=True), nullable=nullable)


def number(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def moment(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, MOMENT, nullable=nullable)


def create_jobs() -> None:
    table(
        "job",
        uuid("id"),
        words("state"),
        words("source"),
        uuid("target_id", nullable=True),
        sa.Column("is_dry_run", sa.Boolean, nullable=False),
        words("roles"),
        words("actor"),
        words("file_name"),
        number("file_bytes"),
        moment("created_at"),
        moment("started_at", nullable=True),
        moment("finished_at", nullable=True),
        uuid("claim", nullable=True),
        moment("leased_until", nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        words("phase"),
        number("position"),
        number("total", nullable=True),
        words("counts"),
        number("issues"),
        words("dialect", nullable=True),
        words("mode", nullable=True),
        words("error_code", nullable=True),
        words("error", nullable=True),
        words("kind"),
        uuid("authority_id", nullable=True),
        key=("id",),
    )
    is_open = sa.text("state in ('waiting', 'running')")
    op.create_index("ix_job_open", "job", ["id"], postgresql_where=is_open)


def create_job_parts() -> None:
    table(
        "upload_part",
        uuid("job_id"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        key=("job_id", "number"),
    )
    table(
        "job_issue",
        uuid("job_id"),
        number("number"),
        words("severity"),
        words("file"),
        number("line", nullable=True),
        words("column", nullable=True),
        words("code"),
        words("reason"),
        words("row_id", nullable=True),
        key=("job_id", "number"),
    )


def create_sources() -> None:
    table(
        "person_said",
        words("source"),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        uuid("person_id"),
        words("user_name"),
        words("display_name"),
        words("email", nullable=True),
        uuid("org_id"),
        words("roles"),
        key=("source", "external_id"),
    )
    table("role_mapping", words("source"), words("words"), key=("source",))
    table(
        "academic_session",
        words("source"),
        sa.Column("external_id", sa.Text(collation="C"), nullable=False),
        words("title"),
        sa.Column("first", sa.Date, nullable=False),
        sa.Column("last", sa.Date, nullable=False),
        key=("source", "external_id"),
    )


def create_bulk() -> None:
    table(
        "job_row",
        uuid("job_id"),
        number("number"),
        words("user_ref"),
        words("act"),
        words("roles"),
        words("org_ref", nullable=True),
        uuid("person_id", nullable=True),
        uuid("org_id", nullable=True),
        words("outcome", nullable=True),
        words("code", nullable=True),
        words("reason", nullable=True),
        key=("job_id", "number"),
    )
    table(
        "job_person",
        uuid("job_id"),
        uuid("person_id"),
        uuid("person_tenant_id"),
        uuid("org_id"),
        words("status"),
        words("roles"),
        key=("job_id", "person_id"),
    )
    is_undone = sa.text("outcome is null")
    op.create_index("ix_job_row_due", "job_row", ["job_id", "person_id"], postgresql_where=is_undone)


def create_guard() -> None:
    table(
        "change_set",
        uuid("id"),
        uuid("org_id"),
        words("source"),
        words("kind"),
        uuid("job_id"),
        words("state"),
        sa.Column("share_percent", sa.Integer, nullable=False),
        number("of_people"),
        number("would_deactivate"),
        number("would_remove_roles"),
        moment("created_at"),
        number("version"),
        key=("id",),
    )
    table(
        "held_change",
        uuid("job_id"),
        uuid("person_id"),
        sa.Column("ref", sa.Text(collation="C"), nullable=False),
        uuid("org_id"),
        words("source"),
        words("status", nullable=True),
        words("standing", nullable=True),
        words("roles"),
        words("gains"),
        words("state"),
        uuid("set_id", nullable=True),
        words("decided_by", nullable=True),
        moment("decided_at", nullable=True),
        moment("applied_at", nullable=True),
        key=("job_id", "person_id", "ref"),
    )
    of_set = ["set_id", "person_id", "ref", "tenant_id"]
    op.create_index("ix_held_change_set_id_person_id_ref_tenant_id", "held_change", of_set)
    is_held, is_due = sa.text("state = 'held'"), sa.text("state in ('approved', 'rejected') and applied_at is null")
    op.create_index("ix_held_change_held", "held_change", ["source"], postgresql_where=is_held)
    op.create_index("ix_held_change_due", "held_change", ["set_id"], postgresql_where=is_due)
    table("setting", uuid("org_id"), sa.Column("loss_share_percent", sa.Integer, nullable=False), key=("org_id",))
