"""Exports: what was asked, how far it is, the files in parts, and what is asked by schedule."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from usher_kit.migrations import isolate

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
UUIDS, TEXTS = pg.ARRAY(sa.UUID()), pg.ARRAY(sa.Text())


def owner() -> "list[sa.Column[object]]":
    return [
        sa.Column("owner_tenant_id", sa.UUID(), nullable=True),
        sa.Column("owner_user_id", sa.UUID(), nullable=True),
        sa.Column("owner_client_id", sa.Text(), nullable=True),
        sa.Column("owner_org_id", sa.UUID(), nullable=True),
        sa.Column("owner_scopes", TEXTS, nullable=False),
    ]


def upgrade() -> None:
    create_exports()
    create_parts()
    create_schedules()


def create_exports() -> None:
    op.create_table(
        "export",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        *owner(),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("org_id", sa.UUID(), nullable=True),
        sa.Column("filters", pg.JSONB(), nullable=False),
        sa.Column("at", MOMENT, nullable=True, comment="the past moment that is asked about"),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("schedule_id", sa.UUID(), nullable=True),
        sa.Column("recipients", UUIDS, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("done", sa.BigInteger(), nullable=False, comment="rows written so far"),
        sa.Column("claim", sa.UUID(), nullable=True),
        sa.Column("leased_until", MOMENT, nullable=True),
        sa.Column("tenants", UUIDS, nullable=True, comment="whose rows the file holds"),
        sa.Column("units", UUIDS, nullable=True, comment="of which units alone; null: of whole tenants"),
        sa.Column("as_of", MOMENT, nullable=True, comment="of which moment the file is"),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True, comment="bytes"),
        sa.Column("digest", sa.Text(), nullable=True, comment="SHA-256 of the file"),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("removed", sa.Text(), nullable=True, comment="why the file is there no longer"),
        sa.Column("error_code", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_export"),
        comment="Reports asked for as files",
    )
    op.create_index("ix_export_open", "export", ["id"], postgresql_where=sa.text("state in ('waiting', 'running')"))
    op.create_index(
        "ix_export_kept",
        "export",
        ["expires_at"],
        postgresql_where=sa.text("expires_at is not null and removed is null"),
    )
    op.create_index("ix_export_finished_at", "export", ["finished_at"])
    isolate("export")


def create_parts() -> None:
    op.create_table(
        "export_part",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("export_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False, comment="from 0, without gaps"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "export_id", "number", name="pk_export_part"),
        comment="The files of exports, in parts",
    )
    isolate("export_part")


def create_schedules() -> None:
    op.create_table(
        "report_schedule",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        *owner(),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("org_id", sa.UUID(), nullable=False),
        sa.Column("filters", pg.JSONB(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False, comment="by the clock where the organization is"),
        sa.Column("recipients", UUIDS, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=True),
        sa.Column("last_export_id", sa.UUID(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_report_schedule"),
        comment="Exports that are asked for again and again",
    )
    op.create_index("ix_report_schedule_next_at", "report_schedule", ["next_at"])
    isolate("report_schedule")
