"""Entitlements' tables: configuration, rules, terms, pools, seats, and the guard on a pool's capacity."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from usher_kit.migrations import create_directory, create_plumbing, isolate, open_to_reader

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GUARD = """
    create function pool_never_grows_past_its_capacity() returns trigger language plpgsql as $$
    declare
        allowed bigint := new.capacity + new.extra + new.carried_in;
        before bigint := 0;
    begin
        -- Seats that come along with their unit are no allocation: they alone may lead past the capacity.
        if tg_op = 'UPDATE' then
            allowed := allowed - old.carried_in;
            before := old.assigned + new.carried_in - old.carried_in;
        end if;
        if new.assigned > before and new.assigned > allowed then
            raise exception 'pool % would give % seats, beyond its %', new.id, new.assigned, allowed
                using errcode = 'check_violation', constraint = 'pool_never_grows_past_its_capacity';
        end if;
        return new;
    end $$
"""


def upgrade() -> None:
    create_plumbing()
    create_directory([sa.Column("config_version", sa.BigInteger, nullable=False, server_default=sa.text("0"))])
    op.create_index("ix_person_id", "person", ["id"])
    table("configuration", number("version"), moment("due_at", nullable=True), key=())
    table("product", words("product"), words("name"), words("description"), number("version"), key=("product",))
    table("grant_rule", words("role"), words("product"), count("priority"),
          flag("active"), moment("since", nullable=True), number("version"), key=("role", "product"))  # fmt: skip
    create_terms()
    create_pools()
    create_seats()
    create_settings()
    open_to_reader(
        "entitlements",
        "check",
        {
            "person": ["tenant_id", "id", "org_id"],
            "seat": ["tenant_id", "user_id", "product", "pool_id", "state"],
            "pool": ["tenant_id", "id", "usable_until"],
        },
    )


def create_terms() -> None:
    table("license_term", uuid("id"), uuid("org_id"), words("product"), count("seats"), moment("starts_at"),
          moment("ends_at"), count("grace_days"), words("overage"), words("shrink"),
          sa.Column("price_per_seat", sa.Numeric(14, 4)), words("currency", nullable=True),
          moment("ended_at", nullable=True), words("state"), number("version"), key=("id",))  # fmt: skip
    table("license_notice", uuid("term_id"), moment("ends_at"), count("threshold"), moment("told_at"),
          key=("term_id", "ends_at", "threshold"))  # fmt: skip
    table("license_request", uuid("id"), uuid("org_id"), uuid("pool_id"), words("product"), count("seats"),
          words("note", nullable=True), sa.Column("figures", JSONB, nullable=False), words("asked_by"),
          moment("asked_at"), words("state"), words("answered_by", nullable=True),
          moment("answered_at", nullable=True), words("answer_note", nullable=True),
          sa.Column("license_term_id", UUID(as_uuid=True)), number("version"), key=("id",))  # fmt: skip
    op.create_index(
        "uq_license_request_open",
        "license_request",
        ["tenant_id", "pool_id", "org_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )


def create_pools() -> None:
    figures = ("assigned", "waitlisted", "suspended")
    table("pool", uuid("id"), uuid("org_id"), words("product"), words("license_state"), count("capacity"),
          count("capacity_with_grace"), count("extra", nullable=True), count("extra_with_grace", nullable=True),
          moment("starts_at"), moment("ends_at"), moment("usable_until"), words("shrink"), *map(count, figures),
          flag("over_allocated"), count("carried_in"), moment("as_of"), number("version"), key=("id",))  # fmt: skip
    op.create_check_constraint(
        "ck_pool_no_negative_figure", "pool", "assigned >= 0 and waitlisted >= 0 and suspended >= 0"
    )
    op.create_check_constraint(
        "ck_pool_no_hidden_over_allocation",
        "pool",
        "over_allocated or extra_with_grace is null or assigned <= capacity_with_grace + extra_with_grace",
    )
    op.create_index("ix_pool_tenant_id_org_id", "pool", ["tenant_id", "org_id"])
    op.execute(GUARD)
    op.execute("""create trigger pool_never_grows_past_its_capacity before insert or update on pool
                  for each row execute function pool_never_grows_past_its_capacity()""")
    table("pool_service", uuid("org_id"), words("product"), uuid("pool_id"), key=("org_id", "product"))


def create_seats() -> None:
    table("seat", uuid("user_id"), words("product"), uuid("org_id"), uuid("pool_id"), words("state"), words("reason"),
          moment("since"), moment("assigned_since", nullable=True), moment("wanted_since"), count("priority"),
          flag("first_in_line"), words("role", nullable=True), sa.Column("evidence", JSONB, nullable=False),
          number("version"), count("line_order", nullable=True), moment("blocked_at", nullable=True),
          moment("lifted_at", nullable=True), moment("given_back_at", nullable=True),
          words("blocked_for", nullable=True), key=("user_id", "product"))  # fmt: skip
    op.create_index(
        "ix_seat_line",
        "seat",
        ["tenant_id", "pool_id", "line_order", sa.text("first_in_line desc"), "priority", "wanted_since", "user_id"],
        postgresql_where=sa.text("state = 'waitlisted'"),
    )
    op.create_index(
        "ix_seat_suspended",
        "seat",
        ["tenant_id", "pool_id", "assigned_since", "user_id"],
        postgresql_where=sa.text("state = 'suspended'"),
    )
    table("reevaluation", uuid("user_id"), words("product"), uuid("pool_id"), count("priority"), moment("since"),
          words("reason"), sa.Column("cause", JSONB, nullable=False), key=("user_id", "product"))  # fmt: skip
    op.create_index("ix_reevaluation_line", "reevaluation", ["tenant_id", "pool_id", "priority", "since", "user_id"])
    table("work_list", uuid("pool_id"), count("at_most"), key=("pool_id",))
    table("rule_change", number("config_version"), count("people"), moment("started_at"), key=())


def create_settings() -> None:
    table("seat_activity", uuid("user_id"), words("product"), number("version"), words("activity"),
          moment("assigned_since", nullable=True), moment("last_login_at", nullable=True),
          moment("reclaim_due", nullable=True), moment("kept_until", nullable=True),
          key=("user_id", "product"))  # fmt: skip
    op.create_index(
        "ix_seat_activity_due", "seat_activity", ["reclaim_due"], postgresql_where=sa.text("reclaim_due is not null")
    )
    table("promotions", uuid("pool_id"), sa.Column("day", sa.Date, nullable=False), count("people"),
          key=("pool_id", "day"))  # fmt: skip
    table("settling", uuid("pool_id"), words("reason"), sa.Column("cause", JSONB, nullable=False),
          sa.Column("progress", UUID(as_uuid=True)), key=("pool_id",))  # fmt: skip
    table("notice_clock", moment("due_at"), key=())
    table("setting", uuid("org_id"), words("product"), sa.Column("notice_days", ARRAY(sa.Integer), nullable=False),
          number("version"), key=("org_id", "product"))  # fmt: skip


def table(name: str, *columns: "sa.Column[Any]", key: tuple[str, ...]) -> None:
    """A table led by its tenant, behind row-level security."""
    op.create_table(name, uuid("tenant_id"), *columns, sa.PrimaryKeyConstraint("tenant_id", *key, name=f"pk_{name}"))
    isolate(name)


def uuid(name: str) -> "sa.Column[Any]":
    return sa.Column(name, UUID(as_uuid=True), nullable=False)


def words(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text, nullable=nullable)


def count(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Integer, nullable=nullable)


def number(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def flag(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.Boolean, nullable=False)


def moment(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)
