"""Notifications' tables: copies of organizations, people and seats, profiles, notices and their deliveries."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB, UUID

from usher_kit.tables import add_directory, add_plumbing, moment, new_metadata, tenant_id

ADMINISTRATORS = "roles && array['org_admin', 'system_admin']"

METADATA = new_metadata()
add_plumbing(METADATA)
add_directory(METADATA, indexes=[Index("ix_person_administrators", "org_id", postgresql_where=text(ADMINISTRATORS))])

PROFILE = Table(
    "profile",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("email", Text),
    Column("version", BigInteger, nullable=False),
)
"""The only personal data here; blank once the person is deleted (messages: Reliability, Erasure)."""

MUTE = Table(
    "mute",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Text, primary_key=True),
)
"""Kinds of notices that a person does not want."""

SEAT = Table(
    "seat",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("state", Text, nullable=False),
    moment("since"),
    Column("version", BigInteger, nullable=False),
    Index("ix_seat_waitlisted", "tenant_id", postgresql_where=text("state = 'waitlisted'")),
)

SEAT_ACTIVITY = Table(
    "seat_activity",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    moment("last_login_at", nullable=True),
    moment("warned_since", nullable=True),
    moment("reclaim_due", nullable=True),
    Column("version", BigInteger, nullable=False),
)
"""How seats are used, as far as a reclaim goes. A seat of which one was never in sight need not be here."""

LICENSE_NOTICE = Table(
    "license_notice",
    METADATA,
    tenant_id(),
    Column("subject", Text, primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("product", Text, nullable=False),
    Column("seats", Integer, nullable=False),
    moment("ends_at"),
    Column("version", BigInteger, nullable=False),
    moment("told_at"),
    Column("cause", Text, nullable=False),
    moment("addressed_at", nullable=True),
    Index("ix_license_notice_open", "told_at", postgresql_where=text("addressed_at is null")),
)
"""Terms that come to their end, each notice once; `addressed_at` is when its deliveries were made."""

LICENSE_REQUEST = Table(
    "license_request",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("product", Text, nullable=False),
    Column("seats", Integer, nullable=False),
    Column("note", Text),
    Column("state", Text, nullable=False),
    Column("figures", JSONB, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("answer_note", Text),
    Column("version", BigInteger, nullable=False),
    moment("told_at"),
    Column("cause", Text, nullable=False),
    moment("addressed_at", nullable=True),
    Index("ix_license_request_open", "told_at", postgresql_where=text("addressed_at is null")),
)
"""What organizations ask of those who sell; `addressed_at` is when deliveries were made of this version."""

CHANGE_SET = Table(
    "change_set",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("would_deactivate", Integer, nullable=False),
    Column("would_remove_roles", Integer, nullable=False),
    Column("of_people", Integer, nullable=False),
    Column("share_percent", Integer, nullable=False),
    Column("version", BigInteger, nullable=False),
    moment("told_at"),
    Column("cause", Text, nullable=False),
    moment("addressed_at", nullable=True),
    Index("ix_change_set_open", "told_at", postgresql_where=text("addressed_at is null")),
)
"""What the guard on mass loss holds, or held; `addressed_at` is when its deliveries were made."""

TRANSFER = Table(
    "transfer",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("status", Text, nullable=False),
    Column("user_id", UUID(as_uuid=True)),
    Column("from_org_id", UUID(as_uuid=True)),
    Column("to_org_id", UUID(as_uuid=True)),
    Column("asked_org_id", UUID(as_uuid=True)),
    Column("decides_org_id", UUID(as_uuid=True)),
    Column("version", BigInteger, nullable=False),
    moment("told_at"),
    Column("cause", Text, nullable=False),
    moment("addressed_at", nullable=True),
    Index("ix_transfer_open", "told_at", postgresql_where=text("addressed_at is null")),
)
"""What is asked of organizations' people, or for them; `addressed_at` is when deliveries were made of this version."""

EXPORT_FILE = Table(
    "export_file",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("report", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("rows", BigInteger, nullable=False),
    moment("expires_at"),
)
"""Files that reporting made by schedule, as their mails tell of them."""

DELIVERY = Table(
    "delivery",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("subject_version", BigInteger, nullable=False),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("recipient_tenant_id", UUID(as_uuid=True), nullable=False),
    Column("recipient", UUID(as_uuid=True), nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("attempts", Integer, nullable=False),
    moment("created_at"),
    moment("send_at"),
    moment("useful_until"),
    moment("leased_until", nullable=True),
    moment("settled_at", nullable=True),
    Column("version", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    Index("uq_delivery_notice", "tenant_id", "kind", "subject", "subject_version", "recipient", unique=True),
    Index("ix_delivery_pending", "send_at", postgresql_where=text("status = 'pending'")),
    Index(None, "org_id"),
    Index(None, "recipient"),
)
"""A notice to a recipient. Who is about to send it holds it until `leased_until`, outside any transaction."""

DIGEST = Table(
    "digest",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("delivery_id", UUID(as_uuid=True)),
    moment("due_at", nullable=True),
)
"""Each administrator's last digest; its row is locked before another is made."""
