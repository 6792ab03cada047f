"""Notifications' tables: profiles, seats, notices and their deliveries."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from usher_kit.migrations import create_directory, create_plumbing, isolate

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_plumbing()
    create_directory()
    index("ix_person_administrators", "person", "org_id", where="roles && array['org_admin', 'system_admin']")
    create_people()
    create_notices()
    create_deliveries()


def create_people() -> None:
    table("profile", uuid("user_id"), words("display_name"), words("email", nullable=True), number("version"),
          key=("user_id",))  # fmt: skip
    table("mute", uuid("user_id"), words("kind"), key=("user_id", "kind"))
    table(
        "seat",
        uuid("user_id"),
        words("product"),
        uuid("org_id"),
        words("state"),
        moment("since"),
        number("version"),
        key=("user_id", "product"),
    )
    index("ix_seat_waitlisted", "seat", "tenant_id", where="state = 'waitlisted'")
    table(
        "seat_activity",
        uuid("user_id"),
        words("product"),
        *(moment(name, nullable=True) for name in ("last_login_at", "warned_since", "reclaim_due")),
        number("version"),
        key=("user_id", "product"),
    )


def create_notices() -> None:
    table(
        "license_notice",
        words("subject"),
        uuid("org_id"),
        words("product"),
        sa.Column("seats", sa.Integer, nullable=False),
        moment("ends_at"),
        number("version"),
        moment("told_at"),
        words("cause"),
        moment("addressed_at", nullable=True),
        key=("subject",),
    )
    index("ix_license_notice_open", "license_notice", "told_at", where="addressed_at is null")
    table(
        "license_request",
        uuid("id"),
        uuid("org_id"),
        words("product"),
        sa.Column("seats", sa.Integer, nullable=False),
        words("note", nullable=True),
        words("state"),
        sa.Column("figures", JSONB, nullable=False),
        words("asked_by"),
        words("answer_note", nullable=True),
        number("version"),
        moment("told_at"),
        words("cause"),
        moment("addressed_at", nullable=True),
        key=("id",),
    )
    index("ix_license_request_open", "license_request", "told_at", where="addressed_at is null")
    figures = ("would_deactivate", "would_remove_roles", "of_people", "share_percent")
    table(
        "change_set",
        uuid("id"),
        uuid("org_id"),
        words("source"),
        words("status"),
        *(sa.Column(name, sa.Integer, nullable=False) for name in figures),
        number("version"),
        moment("told_at"),
        words("cause"),
        moment("addressed_at", nullable=True),
        key=("id",),
    )
    index("ix_change_set_open", "change_set", "told_at", where="addressed_at is null")
    table(
        "transfer",
        uuid("id"),
        words("status"),
        *(uuid(name, nullable=True) for name in ("user_id", "from_org_id", "to_org_id", "asked_org_id")),
        uuid("decides_org_id", nullable=True),
        number("version"),
        moment("told_at"),
        words("cause"),
        moment("addressed_at", nullable=True),
        key=("id",),
    )
    index("ix_transfer_open", "transfer", "told_at", where="addressed_at is null")
    table(
        "export_file",
        uuid("id"),
        uuid("org_id"),
        words("report"),
        words("format"),
        number("rows"),
        moment("expires_at"),
        key=("id",),
    )


def create_deliveries() -> None:
    table(
        "delivery",
        uuid("id"),
        words("kind"),
        words("subject"),
        number("subject_version"),
        uuid("org_id"),
        uuid("recipient_tenant_id"),
        uuid("recipient"),
        words("status"),
        words("reason", nullable=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        moment("created_at"),
        moment("send_at"),
        moment("useful_until"),
        moment("leased_until", nullable=True),
        moment("settled_at", nullable=True),
        number("version"),
        words("cause"),
        key=("id",),
    )
    index("uq_delivery_notice", "delivery", "tenant_id", "kind", "subject", "subject_version", "recipient", unique=True)
    index("ix_delivery_pending", "delivery", "send_at", where="status = 'pending'")
    index("ix_delivery_org_id", "delivery", "org_id")
    index("ix_delivery_recipient", "delivery", "recipient")
    table("digest", uuid("user_id"), uuid("delivery_id", nullable=True), moment("due_at", nullable=True),
          key=("user_id",))  # fmt: skip


def table(name: str, *columns: "sa.Column[Any]", key: tuple[str, ...]) -> None:
    """A table whose key leads with the tenant, behind its policy."""
    tenant = sa.Column("tenant_id", UUID(as_uuid=True), nullable=False)
    op.create_table(name, tenant, *columns, sa.PrimaryKeyConstraint("tenant_id", *key, name=f"pk_{name}"))
    isolate(name)


def index(name: str, table_name: str, *columns: str, where: str | None = None, unique: bool = False) -> None:
    predicate = sa.text(where) if where else None
    op.create_index(name, table_name, list(columns), unique=unique, postgresql_where=predicate)


def uuid(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, UUID(as_uuid=True), nullable=nullable)


def words(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text, nullable=nullable)


def number(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def moment(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
