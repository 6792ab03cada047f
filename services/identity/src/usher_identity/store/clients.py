"""Statements on clients and signing keys, which stand in the operators' tenant, and on passwords."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.sign_in import Client

CLIENT = text("""
    select id, name, secret_hash, scopes, grant_types, redirect_uris, sign_out_uris from oauth_client
    where tenant_id = :tenant and id = :id
""")
REMOVE_CLIENTS = text("delete from oauth_client where tenant_id = :tenant and not id = any(cast(:ids as text[]))")
SAVE_CLIENT = text("""
    insert into oauth_client (tenant_id, id, name, secret_hash, scopes, grant_types, redirect_uris, sign_out_uris)
    values (:tenant, :id, :name, :secret_hash, cast(:scopes as text[]), cast(:grant_types as text[]),
        cast(:redirect_uris as text[]), cast(:sign_out_uris as text[]))
    on conflict (tenant_id, id) do update
    set (name, secret_hash, scopes, grant_types, redirect_uris, sign_out_uris) = (excluded.name, excluded.secret_hash,
        excluded.scopes, excluded.grant_types, excluded.redirect_uris, excluded.sign_out_uris)
""")

KEYS = text("select id, private_key, encrypted, signs_from from signing_key where tenant_id = :tenant order by id")
LOCK_PROVIDER = text("select pg_advisory_xact_lock(hashtext('usher.provider'))")
ADD_KEY = text("""
    insert into signing_key (tenant_id, id, private_key, encrypted, created_at, signs_from)
    values (:tenant, :id, :private_key, :encrypted, :created_at, :signs_from)
""")
REMOVE_KEYS = text("delete from signing_key where tenant_id = :tenant and id = any(cast(:ids as text[]))")


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A signing key as it lies in the database: PEM, encrypted or not."""

    id: str
    private_key: str
    is_encrypted: bool
    signs_from: datetime


async def load_client(conn: AsyncConnection, id_: str) -> Client | None:
    row = (await conn.execute(CLIENT, {"tenant": OPERATORS_TENANT, "id": id_})).one_or_none()
    if row is None:
        return None
    return Client(
        row.id,
        row.name,
        row.secret_hash,
        frozenset(row.scopes),
        frozenset(row.grant_types),
        tuple(row.redirect_uris),
        tuple(row.sign_out_uris),
    )


async def replace_clients(conn: AsyncConnection, clients: Sequence[Client]) -> None:
    """Make these the clients that there are."""
    await conn.execute(REMOVE_CLIENTS, {"tenant": OPERATORS_TENANT, "ids": [client.id for client in clients]})
    rows = [
        {
            "tenant": OPERATORS_TENANT,
            "id": client.id,
            "name": client.name,
            "secret_hash": client.secret_hash,
            "scopes": sorted(client.scopes),
            "grant_types": sorted(client.grant_types),
            "redirect_uris": list(client.redirect_uris),
            "sign_out_uris": list(client.sign_out_uris),
        }
        for client in clients
    ]
    if rows:
        await conn.execute(SAVE_CLIENT, rows)


async def load_keys(conn: AsyncConnection) -> list[StoredKey]:
    rows = await conn.execute(KEYS, {"tenant": OPERATORS_TENANT})
    return [StoredKey(row.id, row.private_key, row.encrypted, row.signs_from) for row in rows]


async def lock_provider(conn: AsyncConnection) -> None:
    """Let one process at a time bring in what all share: keys, clients, the operators. Ends with the transaction."""
    await conn.execute(LOCK_PROVIDER)


async def add_key(conn: AsyncConnection, key: StoredKey, created_at: datetime) -> None:
    await conn.execute(
        ADD_KEY,
        {
            "tenant": OPERATORS_TENANT,
            "id": key.id,
            "private_key": key.private_key,
            "encrypted": key.is_encrypted,
            "created_at": created_at,
            "signs_from": key.signs_from,
        },
    )


async def remove_keys(conn: AsyncConnection, ids: Sequence[str]) -> None:
    await conn.execute(REMOVE_KEYS, {"tenant": OPERATORS_TENANT, "ids": list(ids)})
