"""Statements on the tokens of SCIM clients: their hashes alone, and until when each is valid."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.scim import Space
from usher_identity.store.scim import of

FIND = text("""
    select u.name from scim_token t
    join upstream u on u.tenant_id = t.tenant_id and u.name = t.source
    where t.tenant_id = :tenant and t.hash = :hash and (t.expires_at is null or t.expires_at > :at)
        and u.kind = 'scim' and u.removed_at is null
""")
END = text("""
    update scim_token set expires_at = least(coalesce(expires_at, :until), :until)
    where tenant_id = :tenant and source = :source
""")
ADD = text("""
    insert into scim_token (tenant_id, hash, id, source, created_at)
    values (:tenant, :hash, :id, :source, :at)
""")
REMOVE = text("delete from scim_token where tenant_id = :tenant and source = :source")
FORGET = text("delete from scim_token where expires_at < :before")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept."""

    id: UUID
    hash: str
    created_at: datetime


async def find_named_by(conn: AsyncConnection, tenant_id: UUID, hash_: str, at: datetime) -> str | None:
    """The name of the upstream whose token this is; None for one that is not valid."""
    found: str | None = await conn.scalar(FIND, {"tenant": tenant_id, "hash": hash_, "at": at})
    return found


async def add_token(conn: AsyncConnection, space: Space, token: Token) -> None:
    asked = {**of(space), "hash": token.hash, "id": token.id, "at": token.created_at}
    await conn.execute(ADD, asked)


async def end_tokens(conn: AsyncConnection, space: Space, until: datetime) -> None:
    """Let all tokens of an upstream be valid until then at the latest."""
    await conn.execute(END, {**of(space), "until": until})


async def remove_tokens(conn: AsyncConnection, space: Space) -> None:
    await conn.execute(REMOVE, of(space))


async def forget_tokens(conn: AsyncConnection, before: datetime) -> None:
    """Forget those that ended before then."""
    await conn.execute(FORGET, {"before": before})
