"""Identity's tables: organizations, people, what each source says of them, and everything that sign-in needs.

Secondary indexes end with the tenant rather than lead with it: on tables that are not yet analyzed, the planner would
take one that does for a look-up by key, and read the tenant's every row for each.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Computed, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP, UUID

from usher_identity.erasure_tables import add_erasure_tables
from usher_identity.import_tables import add_import_tables
from usher_identity.machine_tables import add_machine_tables
from usher_identity.scim_tables import add_scim_tables
from usher_identity.sign_in_tables import add_sign_in_tables
from usher_identity.transfer_tables import add_transfer_tables
from usher_identity.upstream_tables import add_upstream_tables
from usher_kit.tables import add_plumbing, moment, new_metadata, tenant_id

METADATA = new_metadata()
TENANT, OUTBOX = add_plumbing(METADATA)
add_import_tables(METADATA)
add_transfer_tables(METADATA)
add_upstream_tables(METADATA)
add_scim_tables(METADATA)
add_sign_in_tables(METADATA)
add_machine_tables(METADATA)
add_erasure_tables(METADATA)


def key(name: str, of: str) -> "Column[Any]":
    """A generated search key, lower case, in code point order.

    A column, since a policy lets an index be used by leakproof comparisons alone, and `lower()` is not one.
    """
    return Column(name, Text(collation="C"), Computed(of, persisted=True))


ORGANIZATION = Table(
    "organization",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("parent_id", UUID(as_uuid=True)),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    key("name_key", "lower(name)"),
    Index(None, "parent_id", "tenant_id"),
    Index(None, "name_key", "id", "tenant_id"),
)

ORGANIZATION_LINK = Table(
    "organization_link",
    METADATA,
    tenant_id(),
    Column("source", Text, primary_key=True),
    Column("external_id", Text(collation="C"), primary_key=True),
    Column("organization_id", UUID(as_uuid=True), nullable=False),
    moment("linked_at"),
    Index(None, "organization_id", "tenant_id"),
)

CALENDAR = Table(
    "calendar",
    METADATA,
    tenant_id(),
    Column("org_id", UUID(as_uuid=True), primary_key=True),
    Column("entered", Text),
    Column("sourced", Text),
    Column("version", BigInteger, nullable=False),
)
"""Breaks as JSON, `[[first, last, name], …]`: entered by an administrator, which holds, and as sources have them."""

PERSON = Table(
    "person",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("org_id", UUID(as_uuid=True), nullable=False),
    Column("user_name", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("email", Text),
    Column("status", Text, nullable=False),
    moment("status_since"),
    Column("roles", ARRAY(Text), nullable=False),
    Column("role_since", ARRAY(TIMESTAMP(timezone=True)), nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("profile_version", BigInteger, nullable=False),
    Column("closed_by", UUID(as_uuid=True)),
    key("user_name_key", "lower(user_name)"),
    key("name_key", "lower(display_name)"),
    key("family_key", r"regexp_replace(lower(display_name), '^.*\s', '')"),
    key("email_key", "lower(email)"),
    Index(None, "org_id", "tenant_id"),
    Index(None, "name_key", "id", "tenant_id"),
    Index(None, "family_key", "tenant_id"),
    Index(None, "user_name_key", "tenant_id"),
    Index(None, "email_key", "tenant_id"),
)
"""`roles` and `role_since` are parallel: the roles held, each with since when without a break, whoever granted it.

`closed_by` is the transfer to another tenant that archived them here."""

PERSON_LINK = Table(
    "person_link",
    METADATA,
    tenant_id(),
    Column("source", Text, primary_key=True),
    Column("external_id", Text(collation="C"), primary_key=True),
    Column("person_id", UUID(as_uuid=True), nullable=False),
    Column("standing", Text, nullable=False, server_default=text("'active'")),
    moment("linked_at"),
    key("external_key", "lower(external_id)"),
    Index(None, "person_id", "tenant_id"),
    Index(None, "external_key", "tenant_id"),
)
"""`standing` is what the source last said of the person: `active`, `suspended` or `absent`."""

ROLE_GRANT = Table(
    "role_grant",
    METADATA,
    tenant_id(),
    Column("person_id", UUID(as_uuid=True), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    moment("since"),
)

ROLE_REMOVAL = Table(
    "role_removal",
    METADATA,
    tenant_id(),
    Column("person_id", UUID(as_uuid=True), primary_key=True),
    Column("role", Text, primary_key=True),
    moment("removed_at"),
    Column("removed_by", Text, nullable=False),
)

CREDENTIAL = Table(
    "credential",
    METADATA,
    tenant_id(),
    Column("person_id", UUID(as_uuid=True), primary_key=True),
    Column("password_hash", Text, nullable=False),
    moment("changed_at"),
)

OAUTH_CLIENT = Table(
    "oauth_client",
    METADATA,
    tenant_id(),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("grant_types", ARRAY(Text), nullable=False),
    Column("redirect_uris", ARRAY(Text), nullable=False),
    Column("sign_out_uris", ARRAY(Text), nullable=False),
)
"""Clients serve all tenants, and stand in the operators'."""

SESSION = Table(
    "session",
    METADATA,
    tenant_id(),
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("person_id", UUID(as_uuid=True), nullable=False),
    Column("secret_hash", Text(collation="C"), nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("address", Text, nullable=False),
    moment("created_at"),
    moment("used_at"),
    moment("expires_at"),
    moment("ended_at", nullable=True),
    Column("provider_id", UUID(as_uuid=True)),
    Index(None, "person_id", "tenant_id"),
    Index(None, "expires_at", "tenant_id"),
    Index(None, "ended_at", "tenant_id"),
)
"""One sign-in of one person in one browser; `secret_hash` is that of its cookie's secret.

`provider_id` is the identity provider that they signed in by; none where it was a password."""

AUTHORIZATION_CODE = Table(
    "authorization_code",
    METADATA,
    tenant_id(),
    Column("code_hash", Text(collation="C"), primary_key=True),
    Column("session_id", UUID(as_uuid=True), nullable=False),
    Column("person_id", UUID(as_uuid=True), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("nonce", Text),
    Column("code_challenge", Text, nullable=False),
    moment("signed_in_at"),
    moment("expires_at"),
    moment("used_at", nullable=True),
    Index(None, "expires_at", "tenant_id"),
)

REFRESH_TOKEN = Table(
    "refresh_token",
    METADATA,
    tenant_id(),
    Column("token_hash", Text(collation="C"), primary_key=True),
    Column("session_id", UUID(as_uuid=True), nullable=False),
    Column("person_id", UUID(as_uuid=True), nullable=False),
    Column("client_id", Text, nullable=False),
    Column("scope", Text, nullable=False),
    moment("issued_at"),
    moment("expires_at"),
    moment("used_at", nullable=True),
    Index(None, "expires_at", "tenant_id"),
)
"""A token is used once: using it again is a theft, and ends the session."""

SIGNING_KEY = Table(
    "signing_key",
    METADATA,
    tenant_id(),
    Column("id", Text, primary_key=True),
    Column("private_key", Text, nullable=False),
    Column("encrypted", Boolean, nullable=False),
    moment("created_at"),
    moment("signs_from"),
)
"""The keys that sign tokens, in the operators' tenant: PEM, encrypted where the settings give a secret."""
