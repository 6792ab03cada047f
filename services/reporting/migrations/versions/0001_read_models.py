"""The read models: copies, seats, claims and headcounts."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from usher_kit.migrations import create_directory, create_plumbing, isolate

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UUID = sa.UUID()
MOMENT = sa.DateTime(timezone=True)


def table(name: str, key: "list[sa.Column[Any]]", *rest: "sa.Column[Any]", comment: str | None = None) -> None:
    columns = [sa.Column("tenant_id", UUID, nullable=False), *key]
    primary = sa.PrimaryKeyConstraint(*(column.name for column in columns), name=f"pk_{name}")
    op.create_table(name, *columns, *rest, primary, comment=comment)
    isolate(name)


def column(name: str, type_: Any, *, nullable: bool = False, **more: Any) -> "sa.Column[Any]":
    return sa.Column(name, type_, nullable=nullable, **more)


def upgrade() -> None:
    create_plumbing()
    create_directory()
    table(
        "profile",
        [column("id", UUID)],
        column("external_id", sa.Text(), nullable=True),
        column("user_name", sa.Text()),
        column("display_name", sa.Text()),
        column("email", sa.Text(), nullable=True),
        column("version", sa.BigInteger()),
        comment="Names and addresses: the only personal data here",
    )
    table(
        "product",
        [column("product", sa.Text())],
        column("name", sa.Text()),
        column("description", sa.Text()),
        column("version", sa.BigInteger()),
    )
    create_licenses()
    create_seats()


def create_licenses() -> None:
    table(
        "license_term",
        [column("id", UUID)],
        column("org_id", UUID),
        column("product", sa.Text()),
        column("seats", sa.Integer()),
        column("starts_at", MOMENT),
        column("ends_at", MOMENT),
        column("grace_days", sa.Integer()),
        column("overage", sa.Text()),
        column("shrink", sa.Text()),
        column("price_per_seat", sa.Numeric(), nullable=True),
        column("currency", sa.Text(), nullable=True),
        column("state", sa.Text()),
        column("version", sa.BigInteger()),
    )
    op.create_index("ix_license_term_tenant_id_org_id", "license_term", ["tenant_id", "org_id"])
    op.create_index("ix_license_term_ends", "license_term", ["tenant_id", "ends_at"])
    table(
        "pool",
        [column("id", UUID)],
        column("org_id", UUID),
        column("product", sa.Text()),
        column("state", sa.Text()),
        column("license_state", sa.Text()),
        column("capacity", sa.Integer()),
        column("capacity_with_grace", sa.Integer()),
        column("overage_seats", sa.Integer(), nullable=True),
        column("assigned", sa.Integer()),
        column("waitlisted", sa.Integer()),
        column("suspended", sa.Integer()),
        column("over_allocated", sa.Boolean()),
        column("starts_at", MOMENT, nullable=True),
        column("ends_at", MOMENT, nullable=True),
        column("as_of", MOMENT),
        column("version", sa.BigInteger()),
    )
    op.create_index("ix_pool_tenant_id_org_id", "pool", ["tenant_id", "org_id"])


def create_seats() -> None:
    table(
        "seat",
        [column("user_id", UUID), column("product", sa.Text())],
        column("version", sa.BigInteger(), comment="entitlements'; 0 while only usage has told of the seat"),
        column("org_id", UUID, nullable=True),
        column("pool_id", UUID, nullable=True),
        column("state", sa.Text()),
        column("since", MOMENT, nullable=True),
        column("assigned_since", MOMENT, nullable=True),
        column("activity_version", sa.BigInteger(), comment="usage's; 0 while only entitlements has"),
        column("activity", sa.Text()),
        column("activity_since", MOMENT, nullable=True),
        column("last_login_at", MOMENT, nullable=True),
    )
    table(
        "claim",
        [column("user_id", UUID), column("product", sa.Text()), column("version", sa.BigInteger())],
        column("previous_version", sa.BigInteger()),
        column("at", MOMENT),
        column("org_id", UUID),
        column("pool_id", UUID, nullable=True),
        column("kind", sa.Text()),
        column("reason", sa.Text()),
        column("from_state", sa.Text()),
        column("state", sa.Text()),
        column("actor", sa.Text()),
        column("message_id", sa.Text()),
        column("causation_id", sa.Text(), nullable=True),
        column("correlation_id", sa.Text(), nullable=True),
        column("changeset", sa.Text(), nullable=True),
        column("trace_id", sa.Text(), nullable=True),
        column("since", MOMENT, nullable=True),
        column("assigned_since", MOMENT, nullable=True),
        column("is_void", sa.Boolean(), comment="off the chain that leads to the seat's current version"),
        column("known_at", MOMENT, comment="on reporting's own line of time"),
        column("voided_at", MOMENT, nullable=True, comment="when it became known that it is void"),
    )
    op.create_index("ix_claim_at", "claim", ["tenant_id", "at", "user_id"])
    for by in ("org_id", "kind", "reason"):
        op.create_index(f"ix_claim_{by}", "claim", ["tenant_id", by, "at", "user_id"])
    op.create_index(
        "ix_claim_epoch",
        "claim",
        ["tenant_id", "user_id", "product"],
        postgresql_where=sa.text("(version >> 40) <> (previous_version >> 40)"),
    )
    table(
        "headcount",
        [column("org_id", UUID), column("product", sa.Text())],
        *(
            column(figure, sa.Integer())
            for figure in ("assigned", "waitlisted", "suspended", "active", "inactive", "never_used", "unknown")
        ),
    )
    table(
        "actives",
        [
            column("org_id", UUID),
            column("period", sa.Text(), comment="day or month"),
            column("starts_on", sa.Date(), comment="where the organization is"),
        ],
        column("people", sa.BigInteger(), comment="different people of the organization who logged in"),
        column("logins", sa.BigInteger()),
        column("version", sa.BigInteger()),
        comment="How many came, as usage counts them",
    )
    op.create_index("ix_actives_starts_on", "actives", ["tenant_id", "period", "starts_on"])
    table(
        "standing",
        [column("org_id", UUID), column("product", sa.Text())],
        column("status", sa.Text()),
        column("since", MOMENT),
        column("findings", pg.JSONB()),
        column("judged_at", MOMENT),
        column("version", sa.BigInteger()),
        comment="Who keeps to what they bought, as it was told last",
    )
    table(
        "progress",
        [],
        column("as_of", MOMENT, comment="the moment of the tenant's latest transaction"),
        column("delays_ms", pg.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'")),
        comment="One row a tenant: its lock, its line of time, and how late its latest facts came",
    )
