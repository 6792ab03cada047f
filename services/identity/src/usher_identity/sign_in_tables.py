"""Identity providers of others, and sign-ins that are on their way there."""

from sqlalchemy import BigInteger, Boolean, Column, Index, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.tables import moment, tenant_id


def add_sign_in_tables(metadata: MetaData) -> None:
    """Add them to identity's tables."""
    Table(
        "identity_provider",
        metadata,
        tenant_id(),
        Column("name", Text, primary_key=True),
        Column("id", UUID(as_uuid=True), nullable=False),
        Column("org_id", UUID(as_uuid=True), nullable=False),
        Column("title", Text, nullable=False),
        Column("issuer", Text, nullable=False),
        Column("client_id", Text, nullable=False),
        Column("client_secret", Text, nullable=False),
        Column("scopes", ARRAY(Text), nullable=False),
        Column("claims", Text, nullable=False),
        Column("mapping", Text, nullable=False),
        Column("links_by", ARRAY(Text), nullable=False),
        Column("creates_people", Boolean, nullable=False),
        Column("domains", ARRAY(Text), nullable=False),
        Column("is_offered", Boolean, nullable=False),
        Column("serves_all", Boolean, nullable=False),
        moment("created_at"),
        moment("removed_at", nullable=True),
        Column("version", BigInteger, nullable=False),
    )
    Table(
        "sign_in_attempt",
        metadata,
        tenant_id(),
        Column("state_hash", Text(collation="C"), primary_key=True),
        Column("provider_id", UUID(as_uuid=True), nullable=False),
        Column("asked", Text, nullable=False),
        moment("expires_at"),
        Index(None, "expires_at", "tenant_id"),
    )
