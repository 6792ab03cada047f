"""Usage's tables: logins, seats and their activity, policies."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.migrations import create_directory, create_plumbing, isolate

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_plumbing()
    create_directory()
    table("configuration", moment("logins_since", nullable=True), key=())
    table("policy", uuid("org_id"), words("product"), sa.Column("window_days", sa.Integer, nullable=False),
          key=("org_id", "product"))  # fmt: skip
    table("login", uuid("user_id"), moment("at"), uuid("org_id"), words("method"), key=("user_id", "at"))
    table("last_login", uuid("user_id"), moment("at", nullable=True), key=("user_id",))
    create_seats()


def create_seats() -> None:
    table(
        "seat",
        uuid("user_id"),
        words("product"),
        uuid("org_id"),
        words("state"),
        moment("assigned_since", nullable=True),
        number("version"),
        key=("user_id", "product"),
    )
    table(
        "seat_activity",
        uuid("user_id"),
        words("product"),
        uuid("org_id"),
        words("activity"),
        moment("since"),
        moment("last_login_at", nullable=True),
        moment("told_at"),
        moment("next_change_at", nullable=True),
        number("version"),
        key=("user_id", "product"),
    )
    index("ix_seat_activity_org_id", "org_id")
    index("ix_seat_activity_due", "next_change_at", where="next_change_at is not null")
    index("ix_seat_activity_unknown", "tenant_id", where="activity = 'unknown'")
    index("ix_seat_activity_unused", "since", "user_id", "product", where="activity in ('inactive', 'never_used')")


def index(name: str, *columns: str, where: str | None = None) -> None:
    op.create_index(name, "seat_activity", list(columns), postgresql_where=sa.text(where) if where else None)


def table(name: str, *columns: "sa.Column[Any]", key: tuple[str, ...]) -> None:
    """A table whose key leads with the tenant, behind its policy."""
    tenant = sa.Column("tenant_id", UUID(as_uuid=True), nullable=False)
    op.create_table(name, tenant, *columns, sa.PrimaryKeyConstraint("tenant_id", *key, name=f"pk_{name}"))
    isolate(name)


def uuid(name: str) -> "sa.Column[Any]":
    return sa.Column(name, UUID(as_uuid=True), nullable=False)


def words(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text, nullable=False)


def number(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def moment(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
