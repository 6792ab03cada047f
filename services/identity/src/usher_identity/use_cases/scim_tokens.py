"""The tokens of SCIM clients: made anew while older ones end, and what each lets in."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.scim import Space
from usher_identity.domain.upstreams import WINDOW, Upstream
from usher_identity.store.scim_tokens import Token, add_token, end_tokens, find_named_by
from usher_identity.store.upstreams import load_upstreams_for_update, save_upstreams


@dataclass(frozen=True, slots=True)
class Let:
    """Whom a token lets in, and how long to wait where the quota of the minute is used up."""

    upstream: Upstream
    wait: timedelta | None


async def issue_token(conn: AsyncConnection, upstream: Upstream, token: Token, grace: timedelta) -> None:
    """Keep a new token of a locked upstream; those of before end after the grace."""
    space = Space(upstream.tenant_id, upstream.name)
    await end_tokens(conn, space, token.created_at + grace)
    await add_token(conn, space, token)


async def let_in(conn: AsyncConnection, tenant_id: UUID, hash_: str, asked: int, at: datetime) -> Let | None:
    """The upstream whose token this is, with what it asks for counted; None for a token that is not valid.

    More at once than the whole quota is let in as the whole of a minute's.
    """
    name = await find_named_by(conn, tenant_id, hash_, at)
    if name is None:
        return None
    found = await load_upstreams_for_update(conn, [(tenant_id, name)])
    upstream = found[tenant_id, name]
    needed = min(asked, upstream.quota)
    counted, admitted = upstream.admit(needed, at)
    if admitted < needed:
        return Let(upstream, upstream.window_at + WINDOW - at)
    await save_upstreams(conn, [counted])
    return Let(upstream, None)
