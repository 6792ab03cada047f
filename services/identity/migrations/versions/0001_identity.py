"""Identity's tables: organizations, people, what sources say of them, and sign-in."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from usher_kit.migrations import create_plumbing, isolate

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

C_TEXT = sa.Text(collation="C")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_plumbing()
    create_organizations()
    create_people()
    create_roles()
    create_sign_in()


def table(name: str, *columns: "sa.Column[Any]", key: tuple[str, ...]) -> None:
    """A table whose key leads with the tenant, behind its policy."""
    tenant = sa.Column("tenant_id", UUID(as_uuid=True), nullable=False)
    op.create_table(name, tenant, *columns, sa.PrimaryKeyConstraint("tenant_id", *key, name=f"pk_{name}"))
    isolate(name)


def index(table_name: str, *columns: str) -> None:
    op.create_index(f"ix_{table_name}_{'_'.join(columns)}", table_name, list(columns))


def uuid(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, UUID(as_uuid=True), nullable=nullable)


def words(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, sa.Text, nullable=nullable)


def exact(name: str) -> "sa.Column[Any]":
    return sa.Column(name, C_TEXT, nullable=False)


def moment(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, MOMENT, nullable=nullable)


def number(name: str) -> "sa.Column[Any]":
    return sa.Column(name, sa.BigInteger, nullable=False)


def key(name: str, of: str) -> "sa.Column[Any]":
    return sa.Column(name, C_TEXT, sa.Computed(of, persisted=True))


def create_organizations() -> None:
    table(
        "organization",
        uuid("id"),
        uuid("parent_id", nullable=True),
        words("name"),
        words("kind"),
        words("status"),
        words("time_zone"),
        number("version"),
        key("name_key", "lower(name)"),
        key=("id",),
    )
    index("organization", "parent_id", "tenant_id")
    index("organization", "name_key", "id", "tenant_id")
    table(
        "organization_link",
        words("source"),
        exact("external_id"),
        uuid("organization_id"),
        moment("linked_at"),
        key=("source", "external_id"),
    )
    index("organization_link", "organization_id", "tenant_id")
    table(
        "calendar",
        uuid("org_id"),
        words("entered", nullable=True),
        words("sourced", nullable=True),
        number("version"),
        key=("org_id",),
    )


def create_people() -> None:
    table(
        "person",
        uuid("id"),
        uuid("org_id"),
        words("user_name"),
        words("display_name"),
        words("email", nullable=True),
        words("status"),
        moment("status_since"),
        sa.Column("roles", ARRAY(sa.Text), nullable=False),
        sa.Column("role_since", ARRAY(MOMENT), nullable=False),
        number("version"),
        number("profile_version"),
        key("user_name_key", "lower(user_name)"),
        key("name_key", "lower(display_name)"),
        key("family_key", r"regexp_replace(lower(display_name), '^.*\s', '')"),
        key("email_key", "lower(email)"),
        key=("id",),
    )
    index("person", "org_id", "tenant_id")
    index("person", "name_key", "id", "tenant_id")
    index("person", "family_key", "tenant_id")
    index("person", "user_name_key", "tenant_id")
    index("person", "email_key", "tenant_id")
    table(
        "person_link",
        words("source"),
        exact("external_id"),
        uuid("person_id"),
        sa.Column("standing", sa.Text, nullable=False, server_default=sa.text("'active'")),
        moment("linked_at"),
        key("external_key", "lower(external_id)"),
        key=("source", "external_id"),
    )
    index("person_link", "person_id", "tenant_id")
    index("person_link", "external_key", "tenant_id")


def create_roles() -> None:
    table(
        "role_grant",
        uuid("person_id"),
        words("role"),
        words("source"),
        moment("since"),
        key=("person_id", "role", "source"),
    )
    table(
        "role_removal",
        uuid("person_id"),
        words("role"),
        moment("removed_at"),
        words("removed_by"),
        key=("person_id", "role"),
    )


def create_sign_in() -> None:
    table("credential", uuid("person_id"), words("password_hash"), moment("changed_at"), key=("person_id",))
    table(
        "oauth_client",
        words("id"),
        words("name"),
        words("secret_hash"),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("grant_types", ARRAY(sa.Text), nullable=False),
        sa.Column("redirect_uris", ARRAY(sa.Text), nullable=False),
        sa.Column("sign_out_uris", ARRAY(sa.Text), nullable=False),
        key=("id",),
    )
    table(
        "session",
        uuid("id"),
        uuid("person_id"),
        exact("secret_hash"),
        words("user_agent"),
        words("address"),
        moment("created_at"),
        moment("used_at"),
        moment("expires_at"),
        moment("ended_at", nullable=True),
        key=("id",),
    )
    index("session", "person_id", "tenant_id")
    index("session", "expires_at", "tenant_id")
    table(
        "authorization_code",
        exact("code_hash"),
        uuid("session_id"),
        uuid("person_id"),
        words("client_id"),
        words("redirect_uri"),
        words("scope"),
        words("nonce", nullable=True),
        words("code_challenge"),
        moment("signed_in_at"),
        moment("expires_at"),
        moment("used_at", nullable=True),
        key=("code_hash",),
    )
    index("authorization_code", "expires_at", "tenant_id")
    table(
        "refresh_token",
        exact("token_hash"),
        uuid("session_id"),
        uuid("person_id"),
        words("client_id"),
        words("scope"),
        moment("issued_at"),
        moment("expires_at"),
        moment("used_at", nullable=True),
        key=("token_hash",),
    )
    index("refresh_token", "expires_at", "tenant_id")
    table(
        "signing_key",
        words("id"),
        words("private_key"),
        sa.Column("encrypted", sa.Boolean, nullable=False),
        moment("created_at"),
        moment("signs_from"),
        key=("id",),
    )
