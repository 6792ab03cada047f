"""/v1/pools: all the seats of each product at each organization, with their figures."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from usher_contracts.entitlements import Product
from usher_entitlements.domain import pools
from usher_entitlements.domain.terms import TermState
from usher_entitlements.http.cursors import read_id
from usher_entitlements.store.lists import list_pools, list_serving_pools
from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, first_page

router = APIRouter(prefix="/v1/pools", tags=["pools"])


class Pool(BaseModel):
    """`capacity` can be given; `capacity_with_grace` is kept. `overage_seats` beyond it may be given; null: no limit.

    `over_capacity` are seats held beyond the capacity where overage has no limit; `available` is negative where more
    are held than the capacity.
    """

    id: UUID
    tenant_id: UUID
    org_id: UUID
    product: str
    state: Literal["open", "ended"]
    license_state: str
    capacity: int
    capacity_with_grace: int
    overage_seats: int | None
    assigned: int
    available: int
    waitlisted: int
    suspended: int
    over_allocated: bool
    over_capacity: int
    starts_at: datetime
    ends_at: datetime
    usable_until: datetime
    as_of: datetime
    version: int


@router.get("", dependencies=[scoped("licenses:read")])
async def get_pools(
    access: Authorized,
    org_id: UUID | None = None,
    product: Annotated[Product | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Pool]:
    """Pools of an organization and its units, by organization and product."""
    place = decode_cursor(cursor, 2)
    after = (read_id(place[0]), str(place[1])) if place else None
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin", "reporter")
        found = await list_pools(conn, (scope.tenants, scope.units), product, after, limit + 1)
    shown, following = first_page(found, limit, lambda row: [row.org_id, row.product])
    return Page(items=[from_domain(pool) for pool in shown], next_cursor=following)


@router.get("/serving", dependencies=[scoped("licenses:read")])
async def get_serving_pools(access: Authorized, org_id: UUID | None = None) -> Page[Pool]:
    """The pools that serve an organization (the caller's own without `org_id`): its own, and its ancestors'."""
    asked = access.asked(org_id)
    async with access.transaction() as conn:
        await access.scope(conn, asked, "org_admin", "reporter")
        found = await list_serving_pools(conn, asked)
    return Page(items=[from_domain(pool) for pool in found])


def from_domain(pool: pools.Pool) -> Pool:
    given = pool.license
    return Pool(
        id=pool.id,
        tenant_id=pool.tenant_id,
        org_id=pool.org_id,
        product=pool.product,
        state="ended" if given.state is TermState.ENDED else "open",
        license_state=given.state.value,
        capacity=given.capacity,
        capacity_with_grace=given.capacity_with_grace,
        overage_seats=given.extra,
        assigned=pool.assigned,
        available=given.capacity - pool.assigned,
        waitlisted=pool.waitlisted,
        suspended=pool.suspended,
        over_allocated=pool.over_allocated,
        over_capacity=max(0, pool.assigned - given.capacity) if given.extra is None else 0,
        starts_at=given.starts_at,
        ends_at=given.ends_at,
        usable_until=given.usable_until,
        as_of=pool.as_of,
        version=pool.version,
    )
