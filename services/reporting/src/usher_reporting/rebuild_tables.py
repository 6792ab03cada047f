"""Tables of rebuilds: one at a time, and what each of them waits for."""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import UUID

from usher_kit.tables import moment, tenant_id


def add_rebuilds(metadata: MetaData) -> None:
    """`rebuild` and `rebuild_part`, rows of the operators' tenant."""
    Table(
        "rebuild",
        metadata,
        tenant_id(),
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column("state", Text, nullable=False, comment="waiting, filling, exchanging, closing, and then its outcome"),
        Column("outcome", Text, comment="done, cancelled or failed, once it is known"),
        Column("error", Text, comment="why it failed, and what to do"),
        Column("asked_by", Text, nullable=False),
        moment("asked_at"),
        moment("started_at", nullable=True),
        moment("finished_at", nullable=True),
        Column("marks_asked", BigInteger, nullable=False, comment="marks that were put on the queue"),
        Column("marks_seen", BigInteger, nullable=False, comment="the last of them that was applied"),
        Column("tenants", Integer, nullable=False),
        Column("exchanged", Integer, nullable=False, comment="tenants that are shown by what was rebuilt"),
        Column("exchanged_until", UUID(as_uuid=True), comment="the last of them, in the order of ids"),
        Column("corrected", BigInteger, nullable=False, comment="rows that were not as they ought to be"),
        Index("uq_rebuild_open", "tenant_id", unique=True, postgresql_where=text("finished_at is null")),
        comment="Rebuilds of the read models, in the operators' tenant; one at a time",
    )
    Table(
        "rebuild_part",
        metadata,
        tenant_id(),
        Column("rebuild_id", UUID(as_uuid=True), primary_key=True),
        Column("type", Text, primary_key=True),
        Column("expected", BigInteger, nullable=False, comment="as many as the model of before had"),
        Column("arrived", BigInteger, nullable=False, comment="facts that were told again and applied"),
        Column("told", BigInteger, comment="how many its owner says that it told"),
        moment("ended_at", nullable=True),
        comment="What each rebuild waits for, type by type",
    )
