"""Erasures, each until it is done, and what makes pseudonyms of who was erased."""

from sqlalchemy import Column, Index, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.tables import moment, tenant_id

OPEN = text("done_at is null")


def add_erasure_tables(metadata: MetaData) -> None:
    """Add them to identity's tables. `marks` are what is still searched for by name; none is left once it is done."""
    Table(
        "erasure",
        metadata,
        tenant_id(),
        Column("person_id", UUID(as_uuid=True), primary_key=True),
        moment("asked_at"),
        Column("asked_by", Text, nullable=False),
        Column("marks", ARRAY(Text), nullable=False),
        moment("done_at", nullable=True),
        Index("ix_erasure_open", "asked_at", postgresql_where=OPEN),
    )
    Table("pseudonym_key", metadata, tenant_id(), Column("key", LargeBinary, nullable=False))
