"""The audit log: entries, batches, checkpoints; nothing of it can be changed or removed."""

import sqlalchemy as sa
from alembic import op

from usher_kit.migrations import append_only, isolate

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def table(name: str, key: str, *rest: "sa.Column[object]", comment: str) -> None:
    op.create_table(
        name,
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column(key, sa.BigInteger(), nullable=False, autoincrement=False, comment="from 1, without gaps"),
        *rest,
        sa.PrimaryKeyConstraint("tenant_id", key, name=f"pk_{name}"),
        comment=comment,
    )
    isolate(name)
    append_only(name)


def upgrade() -> None:
    create_entries()
    table(
        "audit_batch",
        "number",
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("root", sa.Text(), nullable=False, comment="of the Merkle tree over the entries' texts"),
        sa.Column("hash", sa.Text(), nullable=False, comment="covers the batch and the one before it"),
        comment="Entries that were appended at once; append-only",
    )
    table(
        "audit_checkpoint",
        "number",
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("batches", sa.BigInteger(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("signed", sa.Text(), nullable=False, comment="a JWS of what the log was then"),
        comment="Signed states of the audit log; append-only",
    )


def create_entries() -> None:
    table(
        "audit_entry",
        "position",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("org_id", sa.UUID(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=True),
        sa.Column("document", sa.Text(), nullable=False, comment="what is hashed: the act as canonical JSON"),
        sa.Column("hash", sa.Text(), nullable=False, comment="covers the document and the entry before it"),
        comment="Administrative acts, hash-chained; append-only",
    )
    op.create_index("uq_audit_entry_event_id", "audit_entry", ["tenant_id", "event_id"], unique=True)
    op.create_index("ix_audit_entry_at", "audit_entry", ["tenant_id", "at", "position"])
    for by in ("org_id", "actor", "act", "target", "outcome"):
        op.create_index(f"ix_audit_entry_{by}", "audit_entry", ["tenant_id", by, "at", "position"])
