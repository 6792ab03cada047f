"""Usage's tables: copies of organizations, people and seats, the logins, and what was told of each seat."""

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.tables import add_directory, add_plumbing, moment, new_metadata, tenant_id

UNUSED = "activity in ('inactive', 'never_used')"

METADATA = new_metadata()
add_plumbing(METADATA)
add_directory(METADATA)

CONFIGURATION = Table(
    "configuration",
    METADATA,
    tenant_id(),
    moment("logins_since", nullable=True),
)
"""What is decided under, one row a tenant: locked shared by what decides, alone by what changes it.

`logins_since` is when the tenant's first login was seen; until then no source of logins is connected.
"""

POLICY = Table(
    "policy",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("window_days", Integer, nullable=False),
)

LOGIN = Table(
    "login",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("at", DateTime(timezone=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("method", Text, nullable=False),
)
"""Every login as it came; its key is the inbox, since logins have no version (messages: The state-carrying rule)."""

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
    moment("assigned_since", nullable=True),
    Column("version", BigInteger, nullable=False),
)

SEAT_ACTIVITY = Table(
    "seat_activity",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("activity", Text, nullable=False),
    moment("since"),
    moment("last_login_at", nullable=True),
    moment("told_at"),
    moment("next_change_at", nullable=True),
    Column("version", BigInteger, nullable=False),
    Index(None, "org_id"),
    Index("ix_seat_activity_due", "next_change_at", postgresql_where=text("next_change_at is not null")),
    Index("ix_seat_activity_unknown", "tenant_id", postgresql_where=text("activity = 'unknown'")),
    Index("ix_seat_activity_unused", "since", "user_id", "product", postgresql_where=text(UNUSED)),
)
"""The last fact told of each seat, and when to look at it again (`next_change_at`, null for never)."""
