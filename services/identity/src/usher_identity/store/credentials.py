"""Statements on passwords, kept as argon2id hashes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

CANDIDATES = text("""
    select p.tenant_id, p.id, p.status, c.password_hash
    from person p join credential c on c.tenant_id = p.tenant_id and c.person_id = p.id
    where p.tenant_id = any(cast(:tenants as uuid[])) and (p.user_name_key = :name or p.email_key = :name)
    order by p.id limit :limit
""")
SAVE = text("""
    insert into credential (tenant_id, person_id, password_hash, changed_at)
    values (:tenant, :person, :hash, :at)
    on conflict (tenant_id, person_id) do update
    set (password_hash, changed_at) = (excluded.password_hash, excluded.changed_at)
""")
HASH = text("select password_hash from credential where tenant_id = :tenant and person_id = :person")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody with a password whom a sign-in may mean."""

    tenant_id: UUID
    id: UUID
    status: str
    password_hash: str


async def find_candidates(conn: AsyncConnection, tenants: list[UUID], name: str, limit: int) -> list[Candidate]:
    """Who has this user name or email, in any case, in any of the tenants."""
    asked = {"tenants": tenants, "name": name.strip().lower(), "limit": limit}
    return [Candidate(*row) for row in await conn.execute(CANDIDATES, asked)]


async def load_password_hash(conn: AsyncConnection, tenant_id: UUID, person_id: UUID) -> str | None:
    found: str | None = await conn.scalar(HASH, {"tenant": tenant_id, "person": person_id})
    return found


async def save_password_hash(
    conn: AsyncConnection, tenant_id: UUID, person_id: UUID, password_hash: str, at: datetime
) -> None:
    await conn.execute(SAVE, {"tenant": tenant_id, "person": person_id, "hash": password_hash, "at": at})
