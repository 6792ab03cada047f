"""A seat's whole history: every version that it ever had, with its cause (seats: Words; guide: Manage Users)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product
from usher_kit.access import Access, Authorized
from usher_kit.errors import NotFound
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_reporting.http.claims import Claim
from usher_reporting.http.places import NUMBER, place_in
from usher_reporting.http.reach import ROLES
from usher_reporting.store.claims import find_person, load_history

router = APIRouter(tags=["claims"])


@router.get("/v1/users/{user_id}/seats/{product}/history", dependencies=[scoped("reports:read")])
async def seat_history(
    user_id: UUID,
    product: Annotated[Product, Path()],
    access: Authorized,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Claim]:
    """Every version of a seat in its order, the oldest first, wherever in the tenant the person was at the time.

    For the person, and for who reads the reports of the organization that they are of now.
    """
    after = place_in(cursor, NUMBER, 1)
    async with access.transaction() as conn:
        tenant_id = await tenant_of(conn, access, user_id)
        found = await load_history(conn, tenant_id, user_id, product, after=after[0] if after else 0, limit=limit + 1)
    shown, following = first_page(found, limit, lambda row: [row["version"]])
    return Page(items=[Claim(**row) for row in shown], next_cursor=following)


async def tenant_of(conn: AsyncConnection, access: Access, user_id: UUID) -> UUID:
    """The tenant of a person whose history the caller may read. Raises Forbidden, and NotFound for all others."""
    if user_id == access.caller.user_id and access.caller.tenant_id:
        return access.caller.tenant_id
    scope = await access.scope(conn, None, *ROLES)
    person = await find_person(conn, scope.tenants, user_id)
    if person is None or not scope.sees(person[1]):
        raise NotFound("No such person, or not yours to see.")
    return person[0]
