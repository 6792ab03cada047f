"""Rebuilds of the read models, and the schema in which the service may make tables for them."""

import sqlalchemy as sa
from alembic import op

from usher_kit.database import app_role
from usher_kit.migrations import isolate

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_rebuilds()
    create_parts()
    op.execute("create schema rebuilding")
    op.execute(f"grant usage, create on schema rebuilding to {app_role('reporting')}")


def create_rebuilds() -> None:
    op.create_table(
        "rebuild",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="waiting, filling, exchanging, closing, and then its outcome"
        ),
        sa.Column("outcome", sa.Text(), comment="done, cancelled or failed, once it is known"),
        sa.Column("error", sa.Text(), comment="why it failed, and what to do"),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("marks_asked", sa.BigInteger(), nullable=False, comment="marks that were put on the queue"),
        sa.Column("marks_seen", sa.BigInteger(), nullable=False, comment="the last of them that was applied"),
        sa.Column("tenants", sa.Integer(), nullable=False),
        sa.Column("exchanged", sa.Integer(), nullable=False, comment="tenants that are shown by what was rebuilt"),
        sa.Column("exchanged_until", sa.UUID(), comment="the last of them, in the order of ids"),
        sa.Column("corrected", sa.BigInteger(), nullable=False, comment="rows that were not as they ought to be"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_rebuild"),
        comment="Rebuilds of the read models, in the operators' tenant; one at a time",
    )
    isolate("rebuild")
    op.create_index(
        "uq_rebuild_open", "rebuild", ["tenant_id"], unique=True, postgresql_where=sa.text("finished_at is null")
    )


def create_parts() -> None:
    op.create_table(
        "rebuild_part",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("rebuild_id", sa.UUID(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("expected", sa.BigInteger(), nullable=False, comment="as many as the model of before had"),
        sa.Column("arrived", sa.BigInteger(), nullable=False, comment="facts that were told again and applied"),
        sa.Column("told", sa.BigInteger(), comment="how many its owner says that it told"),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("tenant_id", "rebuild_id", "type", name="pk_rebuild_part"),
        comment="What each rebuild waits for, type by type",
    )
    isolate("rebuild_part")
