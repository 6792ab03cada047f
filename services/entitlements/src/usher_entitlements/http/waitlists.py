"""/v1/pools/{id}/waitlist: who waits, in which order, until when; and the order that an administrator says."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.expectation import OBSERVED, Pace, expect
from usher_entitlements.domain.pools import Pool
from usher_entitlements.http.cursors import read_number
from usher_entitlements.http.notes import Note
from usher_entitlements.store.pools import find_pool
from usher_entitlements.store.promotions import promoted_since
from usher_entitlements.store.terms import load_terms_of
from usher_entitlements.store.waitlists import list_line_of_pool, ordered_people
from usher_entitlements.use_cases.waitlists import put_first
from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, content_tag
from usher_kit.errors import Invalid, NotFound
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, encode_cursor
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/pools/{pool_id}/waitlist", tags=["waitlist"])

MOST_ORDERED = 1_000


class Waiting(BaseModel):
    """One who waits, at `position` from 1. `expected_at` is when a seat can be expected; null where nobody can tell.

    `line_order` is the place that an administrator gave; `first_in_line` is who lost a seat without a fault of theirs.
    """

    position: int
    user_id: UUID
    org_id: UUID
    wanted_since: datetime
    priority: int
    first_in_line: bool
    line_order: int | None
    role: str | None
    expected_at: datetime | None
    version: int


class Order(BaseModel):
    """Who comes first, in this order; all others follow by place. An empty list takes every order by hand back."""

    model_config = ConfigDict(extra="forbid")

    user_ids: Annotated[list[UUID], Field(max_length=MOST_ORDERED)]
    note: Note


@router.get("", dependencies=[scoped("seats:read")])
async def get_line(
    pool_id: UUID,
    access: Authorized,
    runtime: Running,
    response: Response,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Waiting]:
    """Who waits for a pool, in order of place, with when they can expect a seat. The ETag is of the order by hand."""
    place = decode_cursor(cursor, 1)
    passed = read_number(place[0]) if place else 0
    at = runtime.clock.now()
    async with access.transaction() as conn:
        pool = await visible_pool(conn, access, pool_id, "org_admin", "reporter")
        rows = await list_line_of_pool(conn, pool.tenant_id, pool.id, passed, limit + 1)
        terms = await load_terms_of(conn, pool.tenant_id, [pool.org_id], pool.product)
        pace = await pace_of(conn, pool, at)
        response.headers["ETag"] = content_tag(await ordered_people(conn, pool.tenant_id, pool.id))
    items = [
        Waiting(
            position=position,
            user_id=row.user_id,
            org_id=row.org_id,
            wanted_since=row.wanted_since,
            priority=row.priority,
            first_in_line=row.first_in_line,
            line_order=row.line_order,
            role=row.role,
            expected_at=expect(pool, terms, position, pace, at),
            version=row.version,
        )
        for position, row in enumerate(rows[:limit], passed + 1)
    ]
    return Page(items=items, next_cursor=encode_cursor([passed + limit]) if len(rows) > limit else None)


@router.put("", dependencies=[audited("waitlist.order")])
async def put_order(
    pool_id: UUID, order: Order, access: Authorized, runtime: Running, response: Response, if_match: IfMatch = None
) -> Page[Waiting]:
    """Put people at the head of the line by hand. It seats nobody: seats that come free go by the new order."""
    if len(set(order.user_ids)) < len(order.user_ids):
        raise Invalid("A person comes twice.", pointer="/user_ids")
    at = runtime.clock.now()
    async with access.transaction() as conn:
        pool = await visible_pool(conn, access, pool_id, "org_admin")
    async with access.transaction(pool.tenant_id) as conn:
        before = await put_first(conn, pool, order.user_ids, if_match, at)
        done = Act(
            "waitlist.order",
            str(pool.id),
            pool.tenant_id,
            pool.org_id,
            before={"user_ids": [str(user) for user in before]},
            after={"user_ids": [str(user) for user in order.user_ids], "note": order.note},
        )
        await record(conn, "entitlements", [done], at=at, cause=access.cause(), address=access.address)
    return await get_line(pool_id, access, runtime, response)


async def visible_pool(conn: AsyncConnection, access: Access, pool_id: UUID, *roles: str) -> Pool:
    """A pool of the caller's organization or its units. Raises NotFound."""
    pool = await find_pool(conn, pool_id)
    scope = await access.scope(conn, None, *roles)
    if pool is None or not scope.sees(pool.org_id):
        raise NotFound("No such pool, or not yours to see.")
    return pool


async def pace_of(conn: AsyncConnection, pool: Pool, at: datetime) -> Pace:
    """How fast the pool's line has moved, over the time that it has been open."""
    observed = max(min(OBSERVED, at - pool.license.starts_at), timedelta(days=1))
    return Pace(await promoted_since(conn, pool.tenant_id, pool.id, (at - observed).date()), observed)
