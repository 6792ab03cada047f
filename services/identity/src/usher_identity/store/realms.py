"""Statements on realms of Keycloak: whose each is, over all tenants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.database import open_more

CLAIM = text("""
    insert into keycloak_realm (tenant_id, key, of_tenant, upstream)
    select :operators, key, :tenant, :upstream from unnest(cast(:keys as text[])) as claimed (key)
    on conflict do nothing
""")
RELEASE = text(
    "delete from keycloak_realm where tenant_id = :operators and of_tenant = :tenant and upstream = :upstream"
)
FIND = text("""
    select key, of_tenant, upstream from keycloak_realm
    where tenant_id = :operators and key = any(cast(:keys as text[]))
""")


@dataclass(frozen=True, slots=True)
class Owner:
    """The upstream that a realm is heard as."""

    tenant_id: UUID
    upstream: str


async def claim_realm(conn: AsyncConnection, keys: Sequence[str], owner: Owner) -> bool:
    """Make a realm an upstream's, by all the words for it. False where one is another's already."""
    await open_more(conn, [OPERATORS_TENANT])
    asked = {"operators": OPERATORS_TENANT, "keys": keys, "tenant": owner.tenant_id, "upstream": owner.upstream}
    return (await conn.execute(CLAIM, asked)).rowcount == len(keys)


async def release_realm(conn: AsyncConnection, owner: Owner) -> None:
    """Let an upstream's realm be another's."""
    await open_more(conn, [OPERATORS_TENANT])
    asked = {"operators": OPERATORS_TENANT, "tenant": owner.tenant_id, "upstream": owner.upstream}
    await conn.execute(RELEASE, asked)


async def find_owners(conn: AsyncConnection, keys: Iterable[str]) -> dict[str, Owner]:
    """Whose these realms are, by the words of routing keys. The transaction sees these owners' rows from here on."""
    await open_more(conn, [OPERATORS_TENANT])
    rows = await conn.execute(FIND, {"operators": OPERATORS_TENANT, "keys": sorted(keys)})
    found = {row.key: Owner(row.of_tenant, row.upstream) for row in rows}
    await open_more(conn, {one.tenant_id for one in found.values()})
    return found
