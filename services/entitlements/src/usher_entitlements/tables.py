"""Entitlements' tables: configuration, rules, terms, pools and seats, beside the copies of organizations and people."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Integer, Numeric, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from usher_kit.tables import add_directory, add_plumbing, moment, new_metadata, tenant_id


def uuid(name: str, *, key: bool = False) -> "Column[Any]":
    return Column(name, UUID(as_uuid=True), primary_key=key, nullable=False)


def words(name: str, *, key: bool = False, nullable: bool = False) -> "Column[Any]":
    return Column(name, Text, primary_key=key, nullable=nullable)


def count(name: str, *, nullable: bool = False) -> "Column[Any]":
    return Column(name, Integer, nullable=nullable)


def version() -> "Column[Any]":
    return Column("version", BigInteger, nullable=False)


METADATA = new_metadata()
add_plumbing(METADATA)
# A person's `config_version` is the tenant's configuration last decided under; 0 is never decided: pending.
# Products ask by the id of a person alone, without their tenant.
add_directory(
    METADATA,
    Column("config_version", BigInteger, nullable=False, server_default=text("0")),
    indexes=[Index("ix_person_id", "id")],
)

CONFIGURATION = Table("configuration", METADATA, tenant_id(), version(), moment("due_at", nullable=True))
"""What is decided under, one row a tenant: locked shared by who decides, alone by who changes rules, tree or terms.

`due_at` is when time alone does something next to one of its terms.
"""

PRODUCT = Table(
    "product", METADATA, tenant_id(), words("product", key=True), words("name"), words("description"), version()
)
"""The catalogue of the deployment: rows of the operators' tenant."""

GRANT_RULE = Table(
    "grant_rule",
    METADATA,
    tenant_id(),
    words("role", key=True),
    words("product", key=True),
    count("priority"),
    Column("active", Boolean, nullable=False),
    moment("since", nullable=True),
    version(),
)
"""A tenant's own rules; one without any row has the default ones."""

LICENSE_TERM = Table(
    "license_term",
    METADATA,
    tenant_id(),
    uuid("id", key=True),
    uuid("org_id"),
    words("product"),
    count("seats"),
    moment("starts_at"),
    moment("ends_at"),
    count("grace_days"),
    words("overage"),
    words("shrink"),
    Column("price_per_seat", Numeric(14, 4)),
    words("currency", nullable=True),
    moment("ended_at", nullable=True),
    words("state"),
    version(),
)

LICENSE_NOTICE = Table(
    "license_notice",
    METADATA,
    tenant_id(),
    uuid("term_id", key=True),
    Column("ends_at", moment("ends_at").type, primary_key=True),
    Column("threshold", Integer, primary_key=True),
    moment("told_at"),
)
"""Notices that were told: each once for a term, its end and a threshold in days."""

LICENSE_REQUEST = Table(
    "license_request",
    METADATA,
    tenant_id(),
    uuid("id", key=True),
    uuid("org_id"),
    uuid("pool_id"),
    words("product"),
    count("seats"),
    words("note", nullable=True),
    Column("figures", JSONB, nullable=False),
    words("asked_by"),
    moment("asked_at"),
    words("state"),
    words("answered_by", nullable=True),
    moment("answered_at", nullable=True),
    words("answer_note", nullable=True),
    Column("license_term_id", UUID(as_uuid=True)),
    version(),
    Index("uq_license_request_open", "tenant_id", "pool_id", "org_id", unique=True,
          postgresql_where=text("state = 'open'")),
)  # fmt: skip
"""What organizations ask of those who sell, with the figures of the moment: one open request a pool and asker.

`pool_id` may be of a pool that is not there yet: the one that a term of the organization's own would open.
"""

POOL = Table(
    "pool",
    METADATA,
    tenant_id(),
    uuid("id", key=True),
    uuid("org_id"),
    words("product"),
    words("license_state"),
    count("capacity"),
    count("capacity_with_grace"),
    count("extra", nullable=True),
    count("extra_with_grace", nullable=True),
    moment("starts_at"),
    moment("ends_at"),
    moment("usable_until"),
    words("shrink"),
    count("assigned"),
    count("waitlisted"),
    count("suspended"),
    Column("over_allocated", Boolean, nullable=False),
    count("carried_in"),
    moment("as_of"),
    version(),
    CheckConstraint("assigned >= 0 and waitlisted >= 0 and suspended >= 0", name="no_negative_figure"),
    CheckConstraint(
        "over_allocated or extra_with_grace is null or assigned <= capacity_with_grace + extra_with_grace",
        name="no_hidden_over_allocation",
    ),
    Index(None, "tenant_id", "org_id"),
)
"""`extra` is the overage for newcomers, `extra_with_grace` for holders; null is no limit.

The trigger `pool_never_grows_past_its_capacity` refuses what no allocation may do, whatever the code says.
"""

POOL_SERVICE = Table(
    "pool_service", METADATA, tenant_id(), uuid("org_id", key=True), words("product", key=True), uuid("pool_id")
)
"""Which pool serves each organization: its own, or its nearest ancestor's; nobody walks the tree for a decision."""

SEAT = Table(
    "seat",
    METADATA,
    tenant_id(),
    uuid("user_id", key=True),
    words("product", key=True),
    uuid("org_id"),
    uuid("pool_id"),
    words("state"),
    words("reason"),
    moment("since"),
    moment("assigned_since", nullable=True),
    moment("wanted_since"),
    count("priority"),
    Column("first_in_line", Boolean, nullable=False),
    words("role", nullable=True),
    Column("evidence", JSONB, nullable=False),
    version(),
    count("line_order", nullable=True),
    moment("blocked_at", nullable=True),
    moment("lifted_at", nullable=True),
    moment("given_back_at", nullable=True),
    words("blocked_for", nullable=True),
)
"""One row a person and product, for ever. `evidence` is what its last version was decided by.

`line_order` is an administrator's place in line. `blocked_at` and `blocked_for` tell of the last withholding or
reclaim; `lifted_at` is null while it keeps the person from the seat, `given_back_at` until it is lifted for good.
"""

Index(
    "ix_seat_line",
    SEAT.c.tenant_id,
    SEAT.c.pool_id,
    SEAT.c.line_order,
    SEAT.c.first_in_line.desc(),
    SEAT.c.priority,
    SEAT.c.wanted_since,
    SEAT.c.user_id,
    postgresql_where=text("state = 'waitlisted'"),
)
Index(
    "ix_seat_suspended",
    SEAT.c.tenant_id,
    SEAT.c.pool_id,
    SEAT.c.assigned_since,
    SEAT.c.user_id,
    postgresql_where=text("state = 'suspended'"),
)

SEAT_ACTIVITY = Table(
    "seat_activity",
    METADATA,
    tenant_id(),
    uuid("user_id", key=True),
    words("product", key=True),
    version(),
    words("activity"),
    moment("assigned_since", nullable=True),
    moment("last_login_at", nullable=True),
    moment("reclaim_due", nullable=True),
    moment("kept_until", nullable=True),
)
"""How seats are used, as usage told it last. Who never logged in and is not due has no row."""

Index("ix_seat_activity_due", SEAT_ACTIVITY.c.reclaim_due, postgresql_where=text("reclaim_due is not null"))

PROMOTIONS = Table(
    "promotions",
    METADATA,
    tenant_id(),
    uuid("pool_id", key=True),
    Column("day", Date, primary_key=True),
    count("people"),
)
"""How many people were promoted from each pool's line, by UTC day: what an expected date rests on."""

SETTING = Table(
    "setting",
    METADATA,
    tenant_id(),
    uuid("org_id", key=True),
    words("product", key=True),
    Column("notice_days", ARRAY(Integer), nullable=False),
    version(),
)
"""What an organization has set for a product (empty: for all of them); its units inherit it."""

SETTLING = Table(
    "settling",
    METADATA,
    tenant_id(),
    uuid("pool_id", key=True),
    words("reason"),
    Column("cause", JSONB, nullable=False),
    Column("progress", UUID(as_uuid=True)),
)
"""Pools that a changed license still moves seats of, step by step. `progress` is the last holder who was suspended."""

NOTICE_CLOCK = Table("notice_clock", METADATA, tenant_id(), moment("due_at"))
"""When a notice of one of a tenant's terms is due next, or it is to be found out."""

REEVALUATION = Table(
    "reevaluation",
    METADATA,
    tenant_id(),
    uuid("user_id", key=True),
    words("product", key=True),
    uuid("pool_id"),
    count("priority"),
    moment("since"),
    words("reason"),
    Column("cause", JSONB, nullable=False),
    Index("ix_reevaluation_line", "tenant_id", "pool_id", "priority", "since", "user_id"),
)
"""Who is still to be decided about after a change of the configuration, in order of place; over when it is empty."""

WORK_LIST = Table("work_list", METADATA, tenant_id(), uuid("pool_id", key=True), count("at_most"))
"""The pools for which somebody may be to be decided about, and how many people at most: to count them takes long."""

RULE_CHANGE = Table(
    "rule_change",
    METADATA,
    tenant_id(),
    Column("config_version", BigInteger, nullable=False),
    count("people"),
    moment("started_at"),
)
"""The last change of a tenant's rules, and how many people it left to be decided about."""
