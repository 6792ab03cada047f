"""Pseudonyms: what external ids of erased people are stored as, so that who comes again by one is known as erased.

A pseudonym is a digest by a key of the tenant's own: whoever has an id can tell whether it was erased here, and nobody
who has the pseudonym can tell of whom it is without the key.
"""

import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

PREFIX = "erased:"
LOAD = text("""
    select tenant_id, key from pseudonym_key
    where cast(:tenants as uuid[]) is null or tenant_id = any(cast(:tenants as uuid[]))
""")
ADD = text("""
    insert into pseudonym_key (tenant_id, key)
    select * from unnest(cast(:tenants as uuid[]), cast(:keys as bytea[])) on conflict do nothing
""")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes the pseudonyms of some tenants; of one in which nobody was ever erased there are none."""

    keys: Mapping[UUID, bytes]

    def of(self, tenant_id: UUID, source: str, external_id: str) -> str:
        """What the id is stored as once its person is erased. Raises KeyError in a tenant without a key."""
        named = f"{source}\x00{external_id}".encode()
        return PREFIX + hmac.digest(self.keys[tenant_id], named, "sha256").hex()

    def asked(self, source: str, external_ids: Iterable[str]) -> dict[str, str]:
        """What to look for where these ids are asked for, each as it was asked: themselves, and their pseudonyms."""
        asked = {external_id: external_id for external_id in external_ids}
        return asked | {self.of(tenant, source, one): one for tenant in self.keys for one in list(asked)}


async def load_pseudonyms(conn: AsyncConnection, tenants: Sequence[UUID] | None = None) -> Pseudonyms:
    """The pseudonyms of those of these tenants (None: of the transaction's) in which somebody was erased."""
    return Pseudonyms({row.tenant_id: row.key for row in await conn.execute(LOAD, {"tenants": tenants})})


async def make_pseudonyms(conn: AsyncConnection, tenants: Iterable[UUID]) -> Pseudonyms:
    """The pseudonyms of these tenants, which all have a key from now on."""
    listed = sorted(set(tenants))
    await conn.execute(ADD, {"tenants": listed, "keys": [secrets.token_bytes(32) for _ in listed]})
    return await load_pseudonyms(conn, listed)
