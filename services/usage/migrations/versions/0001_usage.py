"""Usage's tables: logins, seats and their activity, policies and calendars."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.migrations import create_directory, create_plumbing, isolate

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_plumbing()
    create_directory()
    create_settings()
    create_logins()
    create_seats()


def create_logins() -> None:
    table("login", uuid("user_id"), moment("at"), uuid("org_id"), words("method"), key=("user_id", "at"))
    op.create_index("ix_login_at", "login", ["at"])
    table("last_login", uuid("user_id"), moment("at", nullable=True), key=("user_id",))
    table("presence", uuid("user_id"), *span(), key=("user_id", "org_id", "period", "starts_on"))
    op.create_index("ix_presence_starts_on", "presence", ["starts_on"])
    table(
        "actives",
        *span(),
        *map(number, ("people", "logins", "version", "told_version")),
        key=("org_id", "period", "starts_on"),
    )
    op.create_index("ix_actives_untold", "actives", ["org_id"], postgresql_where=sa.text("version <> told_version"))


def span() -> "list[sa.Column[Any]]":
    return [uuid("org_id"), words("period"), sa.Column("starts_on", sa.Date, nullable=False)]


def create_settings() -> None:
    table("configuration", key=())
    table(
        "policy",
        uuid("org_id"),
        words("product"),
        sa.Column("window_days", sa.Integer, nullable=False),
        *(sa.Column(f"{name}_days", sa.Integer) for name in ("warn", "reclaim", "keep")),
        key=("org_id", "product"),
    )
    table(
        "calendar",
        uuid("org_id"),
        truth("is_set"),
        *(sa.Column(name, ARRAY(sa.Date), nullable=False) for name in ("firsts", "lasts")),
        number("version"),
        key=("org_id",),
    )
    table("source", uuid("org_id"), moment("since"), key=("org_id",))


def create_seats() -> None:
    table(
        "seat",
        uuid("user_id"),
        words("product"),
        uuid("org_id"),
        words("state"),
        words("reason"),
        moment("assigned_since", nullable=True),
        truth("is_return"),
        number("version"),
        key=("user_id", "product"),
    )
    table(
        "suspension",
        uuid("user_id"),
        words("product"),
        number("version"),
        moment("began_at", nullable=True),
        moment("ended_at", nullable=True),
        key=("user_id", "product", "version"),
    )
    table("keep", uuid("user_id"), words("product"), moment("at"), moment("until"), key=("user_id", "product"))
    create_activity()


def create_activity() -> None:
    table(
        "seat_activity",
        uuid("user_id"),
        words("product"),
        uuid("org_id"),
        words("activity"),
        moment("since"),
        moment("assigned_since", nullable=True),
        moment("last_login_at", nullable=True),
        moment("warned_since", nullable=True),
        moment("reclaim_due", nullable=True),
        moment("kept_until", nullable=True),
        moment("told_at"),
        moment("next_change_at", nullable=True),
        number("version"),
        key=("user_id", "product"),
    )
    index("ix_seat_activity_org_id", "org_id")
    index("ix_seat_activity_due", "next_change_at", where="next_change_at is not null")
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


def truth(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.Boolean, nullable=False)


def number(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def moment(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
