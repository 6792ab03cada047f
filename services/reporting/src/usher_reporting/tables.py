"""Reporting's tables: copies of what others own, the history of claims, headcounts, and the audit log."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from usher_kit.tables import add_directory, add_plumbing, moment, new_metadata, tenant_id
from usher_reporting.domain.headcount import Headcount
from usher_reporting.export_tables import add_exports
from usher_reporting.rebuild_tables import add_rebuilds

METADATA: MetaData = new_metadata()
add_plumbing(METADATA)
add_directory(METADATA)

PROFILE = Table(
    "profile",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("external_id", Text),
    Column("user_name", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("email", Text),
    Column("version", BigInteger, nullable=False),
    comment="Names and addresses: the only personal data here",
)

PRODUCT = Table(
    "product",
    METADATA,
    tenant_id(),
    Column("product", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
)

LICENSE_TERM = Table(
    "license_term",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("product", Text, nullable=False),
    Column("seats", Integer, nullable=False),
    moment("starts_at"),
    moment("ends_at"),
    Column("grace_days", Integer, nullable=False),
    Column("overage", Text, nullable=False),
    Column("shrink", Text, nullable=False),
    Column("price_per_seat", Numeric),
    Column("currency", Text),
    Column("state", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index(None, "tenant_id", "org_id"),
    Index("ix_license_term_ends", "tenant_id", "ends_at"),
)

POOL = Table(
    "pool",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("product", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("license_state", Text, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("capacity_with_grace", Integer, nullable=False),
    Column("overage_seats", Integer),
    Column("assigned", Integer, nullable=False),
    Column("waitlisted", Integer, nullable=False),
    Column("suspended", Integer, nullable=False),
    Column("over_allocated", Boolean, nullable=False),
    moment("starts_at", nullable=True),
    moment("ends_at", nullable=True),
    moment("as_of"),
    Column("version", BigInteger, nullable=False),
    Index(None, "tenant_id", "org_id"),
)

SEAT = Table(
    "seat",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("version", BigInteger, nullable=False, comment="entitlements'; 0 while only usage has told of the seat"),
    Column("org_id", UUID(as_uuid=True)),
    Column("counts_at", UUID(as_uuid=True), comment="the person's organization, where the seat counts"),
    Column("pool_id", UUID(as_uuid=True)),
    Column("state", Text, nullable=False),
    moment("since", nullable=True),
    moment("assigned_since", nullable=True),
    Column("activity_version", BigInteger, nullable=False, comment="usage's; 0 while only entitlements has"),
    Column("activity", Text, nullable=False),
    moment("activity_since", nullable=True),
    moment("last_login_at", nullable=True),
    # Without the tenant at its head, or the planner would take it for a look-up by key before the table is analyzed.
    Index("ix_seat_counts_at", "counts_at", "product", "state", "activity", "user_id"),
)

CLAIM = Table(
    "claim",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True),
    Column("previous_version", BigInteger, nullable=False),
    moment("at"),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("pool_id", UUID(as_uuid=True)),
    Column("kind", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("causation_id", Text),
    Column("correlation_id", Text),
    Column("changeset", Text),
    Column("trace_id", Text),
    moment("since", nullable=True),
    moment("assigned_since", nullable=True),
    Column("is_void", Boolean, nullable=False, comment="off the chain that leads to the seat's current version"),
    Column("known_at", DateTime(timezone=True), nullable=False, comment="on reporting's own line of time"),
    Column("voided_at", DateTime(timezone=True), comment="when it became known that it is void"),
    Index("ix_claim_at", "tenant_id", "at", "user_id"),
    Index("ix_claim_org_id", "tenant_id", "org_id", "at", "user_id"),
    Index("ix_claim_kind", "tenant_id", "kind", "at", "user_id"),
    Index("ix_claim_reason", "tenant_id", "reason", "at", "user_id"),
    Index("ix_claim_known_at", "tenant_id", "known_at"),
    Index("ix_claim_voided_at", "tenant_id", "voided_at", postgresql_where=text("voided_at is not null")),
    Index("ix_claim_actor", "tenant_id", "actor", "at", "user_id", postgresql_where=text("actor <> 'system'")),
    Index(
        "ix_claim_changeset",
        "tenant_id",
        "changeset",
        "at",
        "user_id",
        postgresql_where=text("changeset is not null"),
    ),
    Index(
        "ix_claim_epoch",
        "tenant_id",
        "user_id",
        "product",
        postgresql_where=text("(version >> 40) <> (previous_version >> 40)"),
    ),
)

SEAT_PLACE = Table(
    "seat_place",
    METADATA,
    tenant_id(),
    Column("user_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("known_from", DateTime(timezone=True), primary_key=True),
    Column("counts_at", UUID(as_uuid=True)),
    comment="Where a seat counted that has moved, from its first place on",
)

CLAIM_TALLY = Table(
    "claim_tally",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("day", Date, primary_key=True, comment="where the tenant's root is"),
    Column("kind", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("known_on", Date, primary_key=True, comment="the day in UTC on which reporting came to know of it"),
    Column("claims", BigInteger, nullable=False),
    Column("seats_entered", BigInteger, nullable=False),
    Column("seats_left", BigInteger, nullable=False),
    Column("seats_transferred", BigInteger, nullable=False, comment="came with people, less those that went"),
    Column("wants_begun", BigInteger, nullable=False, comment="people who came to hold or await a seat"),
    Column("wants_ended", BigInteger, nullable=False, comment="people who ceased to"),
    comment="Claims counted by day, void ones left out",
)

WAIT_TALLY = Table(
    "wait_tally",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("day", Date, primary_key=True, comment="when the seat was given, where the tenant's root is"),
    Column("reason", Text, primary_key=True),
    Column("length", SmallInteger, primary_key=True, comment="of the wait, in steps that grow by 5 %"),
    Column("known_on", Date, primary_key=True, comment="the day in UTC on which reporting came to know of it"),
    Column("seats", BigInteger, nullable=False),
    comment="Seats that were given after a wait, counted by day",
)

FORECAST = Table(
    "forecast",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    moment("made_at"),
    Column("document", JSONB, nullable=False, comment="the model, what weeks change demand by, and its backtest"),
    comment="What a pool's demand may become, made once a day",
)

HEADCOUNT = Table(
    "headcount",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    *(Column(figure, Integer, nullable=False) for figure in Headcount._fields),
)

ACTIVES = Table(
    "actives",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("period", Text, primary_key=True, comment="day or month"),
    Column("starts_on", Date, primary_key=True, comment="where the organization is"),
    Column("people", BigInteger, nullable=False, comment="different people of the organization who logged in"),
    Column("logins", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Index("ix_actives_starts_on", "tenant_id", "period", "starts_on"),
    comment="How many came, as usage counts them",
)

STANDING = Table(
    "standing",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("product", Text, primary_key=True),
    Column("status", Text, nullable=False),
    moment("since"),
    Column("findings", JSONB, nullable=False),
    moment("judged_at"),
    Column("version", BigInteger, nullable=False),
    comment="Who keeps to what they bought, as it was told last",
)

PROGRESS = Table(
    "progress",
    METADATA,
    tenant_id(),
    Column("as_of", DateTime(timezone=True), nullable=False, comment="the moment of the tenant's latest transaction"),
    Column("delays_ms", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    Column("time_zone", Text, nullable=False, server_default="UTC", comment="whose days claims count by"),
    comment="One row a tenant: its lock, its line of time, and how late its latest facts came",
)

ORGANIZATION = METADATA.tables["organization"]


def add_history(of: Table, *kept: str) -> Table:
    """A table of every state that the rows of another one were in, of these columns alone where they are named.

    The database itself writes it, whoever changes the other table, by the moment of the transaction that does.
    """
    return Table(
        f"{of.name}_history",
        METADATA,
        *(
            Column(one.name, one.type, primary_key=one.primary_key, nullable=one.nullable, autoincrement=False)
            for one in of.columns
            if one.primary_key or not kept or one.name in kept
        ),
        Column("known_from", DateTime(timezone=True), primary_key=True),
    )


for one in (ORGANIZATION, PRODUCT, LICENSE_TERM, POOL, HEADCOUNT, STANDING):
    add_history(one)
# Of seats only how they are used: what becomes of them is in their claims. Nobody's logins of every day are kept.
add_history(SEAT, "activity_version", "activity", "activity_since")
ACTIVES_HISTORY = add_history(ACTIVES)
Index("ix_actives_history_known_from", ACTIVES_HISTORY.c.tenant_id, ACTIVES_HISTORY.c.known_from)

AUDIT_ENTRY = Table(
    "audit_entry",
    METADATA,
    tenant_id(),
    Column("position", BigInteger, primary_key=True, autoincrement=False, comment="from 1, without gaps"),
    Column("event_id", Text, nullable=False),
    moment("at"),
    Column("service", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("org_id", UUID(as_uuid=True)),
    Column("outcome", Text, nullable=False),
    Column("trace_id", Text),
    Column("document", Text, nullable=False, comment="what is hashed: the act as canonical JSON"),
    Column("hash", Text, nullable=False, comment="covers the document and the entry before it"),
    Index("uq_audit_entry_event_id", "tenant_id", "event_id", unique=True),
    Index("ix_audit_entry_at", "tenant_id", "at", "position"),
    *(
        Index(f"ix_audit_entry_{by}", "tenant_id", by, "at", "position")
        for by in ("org_id", "actor", "act", "target", "outcome")
    ),
    comment="Administrative acts, hash-chained; append-only",
)

AUDIT_BATCH = Table(
    "audit_batch",
    METADATA,
    tenant_id(),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="from 1, without gaps"),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    moment("at"),
    Column("root", Text, nullable=False, comment="of the Merkle tree over the entries' texts"),
    Column("hash", Text, nullable=False, comment="covers the batch and the one before it"),
    comment="Entries that were appended at once; append-only",
)

AUDIT_CHECKPOINT = Table(
    "audit_checkpoint",
    METADATA,
    tenant_id(),
    Column("number", BigInteger, primary_key=True, autoincrement=False, comment="from 1, without gaps"),
    Column("entries", BigInteger, nullable=False),
    Column("batches", BigInteger, nullable=False),
    moment("at"),
    Column("signed", Text, nullable=False, comment="a JWS of what the log was then"),
    comment="Signed states of the audit log; append-only",
)

BI_USER = Table(
    "bi_user",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("role_name", Text, nullable=False, comment="the login; it says nothing of the tenant"),
    moment("created_at"),
    Column("created_by", Text, nullable=False),
    moment("rotated_at", nullable=True),
    Index("uq_bi_user_role_name", "role_name", unique=True),
    Index("uq_bi_user_name", "tenant_id", "name", unique=True),
    comment="Logins of BI, each bound to its tenant",
)

add_exports(METADATA)
add_rebuilds(METADATA)
