"""Usage's tables: copies of organizations, calendars, people and seats, logins, and what was told of each seat."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.tables import add_directory, add_plumbing, moment, new_metadata, tenant_id

UNUSED = "activity in ('inactive', 'never_used')"

METADATA = new_metadata()
add_plumbing(METADATA)
add_directory(METADATA)

CONFIGURATION = Table("configuration", METADATA, tenant_id())
"""One row a tenant, locked for what its seats are judged by: shared by what judges, alone by what changes that."""

CALENDAR = Table(
    "calendar",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("is_set", Boolean, nullable=False),
    Column("firsts", ARRAY(Date), nullable=False),
    Column("lasts", ARRAY(Date), nullable=False),
    Column("version", BigInteger, nullable=False),
)
"""The breaks of organizations: the first and the last day of each, as parallel arrays."""

SOURCE = Table(
    "source",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    moment("since"),
)
"""Organizations of whose people a source of logins told one; `since` is the first of these logins."""

POLICY = Table(
    "policy",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("window_days", Integer, nullable=False),
    Column("warn_days", Integer),
    Column("reclaim_days", Integer),
    Column("keep_days", Integer),
)

LOGIN = Table(
    "login",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("method", Text, nullable=False),
    Index(None, "at"),
)
"""Every login as it came, kept for a time; its key is the inbox, since logins have no version (messages: The
state-carrying rule)."""

PRESENCE = Table(
    "presence",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("period", Text, primary_key=True),
    Column("starts_on", Date, primary_key=True),
    Index(None, "starts_on"),
)
"""Who came to which organization on which day and in which month, kept a little longer than the logins."""

ACTIVES = Table(
    "actives",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("period", Text, primary_key=True),
    Column("starts_on", Date, primary_key=True),
    Column("people", BigInteger, nullable=False),
    Column("logins", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("told_version", BigInteger, nullable=False),
    Index("ix_actives_untold", "org_id", postgresql_where=text("version <> told_version")),
)
"""How many came, kept for ever; what was told of it last is of `told_version`."""

LAST_LOGIN = Table(
    "last_login",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    moment("at", nullable=True),
)
"""One row a person, locked before their seats are judged; without `at`, they have seats and never logged in."""

SEAT = Table(
    "seat",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    moment("assigned_since", nullable=True),
    Column("is_return", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
)
"""`is_return`: the holding began with the reason `returned`."""

SUSPENSION = Table(
    "suspension",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    moment("began_at", nullable=True),
    moment("ended_at", nullable=True),
)
"""Suspensions of seats by the version that began them; either end may be known first."""

KEEP = Table(
    "keep",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    moment("at"),
    moment("until"),
)
"""The last wish to keep each seat: when it was uttered, and until when it keeps the seat."""

SEAT_ACTIVITY = Table(
    "seat_activity",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("activity", Text, nullable=False),
    moment("since"),
    moment("assigned_since", nullable=True),
    moment("last_login_at", nullable=True),
    moment("warned_since", nullable=True),
    moment("reclaim_due", nullable=True),
    moment("kept_until", nullable=True),
    moment("told_at"),
    moment("next_change_at", nullable=True),
    Column("version", BigInteger, nullable=False),
    Index(None, "org_id"),
    Index("ix_seat_activity_due", "next_change_at", postgresql_where=text("next_change_at is not null")),
    Index("ix_seat_activity_unused", "since", "user_id", "product", postgresql_where=text(UNUSED)),
)
"""The last fact told of each seat (version 0: none), and when to look at it again; null is never."""
