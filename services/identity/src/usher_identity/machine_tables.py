"""Machine clients: each stands in its own tenant, unlike the deployment's clients."""

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.tables import moment, tenant_id


def add_machine_tables(metadata: MetaData) -> None:
    """Add them to identity's tables."""
    Table(
        "machine_client",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("org_id", UUID(as_uuid=True), nullable=False),
        Column("name", Text, nullable=False),
        Column("scopes", ARRAY(Text), nullable=False),
        Column("secret_hash", Text, nullable=False),
        Column("former_hash", Text),
        moment("former_until", nullable=True),
        moment("created_at"),
        moment("disabled_at", nullable=True),
        moment("used_at", nullable=True),
        Column("version", BigInteger, nullable=False),
        Index(None, "org_id", "tenant_id"),
    )
