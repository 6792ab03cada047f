"""/v1/seats and /v1/users/{id}/seats: who holds, awaits or has lost which product."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from usher_contracts.entitlements import Product, SeatReason
from usher_entitlements.http.cursors import read_id, read_moment, read_number
from usher_entitlements.store.lists import SeatFilter, list_line, list_seats
from usher_entitlements.store.people import find_person
from usher_kit.access import Authorized
from usher_kit.errors import NotFound
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, first_page

router = APIRouter(prefix="/v1", tags=["seats"])

State = Literal["waitlisted", "assigned", "suspended", "withheld", "released"]
MOST_PRODUCTS = 1_000
PLACE_IN_LINE: Sequence[str] = ("product", "line_order", "first_in_line", "priority", "wanted_since", "user_id")
PLACE_BY_PERSON: Sequence[str] = ("user_id", "product")


class Seat(BaseModel):
    """A person's seat. `since` is when its state began; `wanted_since` and `priority` are its place in line.

    `line_order` is the place that an administrator gave by hand; `blocked_at` is when it was withheld or reclaimed.
    """

    model_config = ConfigDict(from_attributes=True)

    user_id: UUID
    product: str
    org_id: UUID
    pool_id: UUID
    state: State
    reason: SeatReason
    since: datetime
    assigned_since: datetime | None
    wanted_since: datetime
    priority: int
    first_in_line: bool
    role: str | None
    version: int
    line_order: int | None
    blocked_at: datetime | None


@router.get("/seats", dependencies=[scoped("seats:read")])
async def get_seats(
    access: Authorized,
    org_id: UUID | None = None,
    product: Annotated[Product | None, Query()] = None,
    state: Annotated[State | None, Query()] = None,
    user_id: UUID | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Seat]:
    """Seats of the people of an organization and its units, by person; those who wait, by product and place in line."""
    which = SeatFilter(product, state, user_id)
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin", "reporter")
        if state == "waitlisted":
            rows = await list_line(conn, (scope.tenants, scope.units), which, read_place(cursor), limit + 1)
            names = PLACE_IN_LINE
        else:
            place = decode_cursor(cursor, 2)
            after = (read_id(place[0]), str(place[1])) if place else None
            rows = await list_seats(conn, (scope.tenants, scope.units), which, after, limit + 1)
            names = PLACE_BY_PERSON
    shown, following = first_page(rows, limit, lambda row: [getattr(row, name) for name in names])
    return Page(items=[Seat.model_validate(row) for row in shown], next_cursor=following)


@router.get("/users/{user_id}/seats", dependencies=[scoped("seats:read")])
async def get_seats_of_person(user_id: UUID, access: Authorized) -> Page[Seat]:
    """One person's seats, whatever their state: one's own, or of a person of the caller's organization."""
    async with access.transaction() as conn:
        person = await find_person(conn, user_id)
        own = user_id == access.caller.user_id
        scope = None if own else await access.scope(conn, None, "org_admin", "reporter")
        if person is None or (scope is not None and not scope.sees(person.org_id)):
            raise NotFound("No such person, or not yours to see.")
        rows = await list_seats(conn, ([person.tenant_id], None), SeatFilter(user_id=user_id), None, MOST_PRODUCTS)
    return Page(items=[Seat.model_validate(row) for row in rows])


def read_place(cursor: str | None) -> tuple[str, int | None, bool, int, datetime, UUID] | None:
    place = decode_cursor(cursor, 6)
    if place is None:
        return None
    order = None if place[1] is None else read_number(place[1])
    return (str(place[0]), order, bool(place[2]), read_number(place[3]), read_moment(place[4]), read_id(place[5]))
