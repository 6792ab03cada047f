"""/v1/activity and /v1/inactive-seats: who uses the seat that they hold, and who does not."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from usher_contracts.entitlements import Product
from usher_kit.access import Authorized
from usher_kit.errors import Invalid, NotFound
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, encode_cursor
from usher_usage.store.lists import find_person, list_by_person, list_of_person, list_unused

router = APIRouter(prefix="/v1", tags=["activity"])

READERS = ("org_admin", "reporter")


ActivityName = Literal["active", "warned", "inactive", "never_used", "unknown"]


class SeatActivity(BaseModel):
    """A held seat and how its holder uses it. `last_login_at` is exact, and null where no login counts for the seat.

    `reclaim_due` is null while no reclaim is in sight; `warned_since` is when the holder was warned of it.
    """

    model_config = ConfigDict(from_attributes=True)

    user_id: UUID
    product: str
    org_id: UUID
    activity: ActivityName
    since: datetime
    assigned_since: datetime
    last_login_at: datetime | None
    warned_since: datetime | None
    reclaim_due: datetime | None
    kept_until: datetime | None
    next_change_at: datetime | None
    version: int


class PersonActivity(BaseModel):
    """A person's last login, whatever they held then, and their seats."""

    user_id: UUID
    org_id: UUID
    last_login_at: datetime | None
    seats: list[SeatActivity]


@router.get("/activity", dependencies=[scoped("usage:read")])
async def list_activity(
    access: Authorized,
    org_id: UUID | None = None,
    product: Annotated[Product | None, Query()] = None,
    activity: Annotated[ActivityName | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[SeatActivity]:
    """Held seats of an organization and its units, by person."""
    place = decode_cursor(cursor, 2)
    after = (read_id(place[0]), str(place[1])) if place else None
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, *READERS)
        rows = await list_by_person(conn, scope, product=product, activity=activity, after=after, limit=limit + 1)
    return to_page(rows, limit, "user_id", "product")


@router.get("/activity/{user_id}", dependencies=[scoped("usage:read")])
async def show_activity(user_id: UUID, access: Authorized) -> PersonActivity:
    """One person's seats: one's own, or of a person of the caller's organization."""
    async with access.transaction() as conn:
        own = user_id == access.caller.user_id
        scope = None if own else await access.scope(conn, None, *READERS)
        person = await find_person(conn, user_id)
        if person is None or (scope is not None and not scope.sees(person.org_id)):
            raise NotFound("No such person, or not yours to see.")
        seats = await list_of_person(conn, user_id)
    shown = [SeatActivity.model_validate(row) for row in seats]
    return PersonActivity(user_id=user_id, org_id=person.org_id, last_login_at=person.last_login_at, seats=shown)


@router.get("/inactive-seats", dependencies=[scoped("usage:read")])
async def list_inactive_seats(
    access: Authorized,
    org_id: UUID | None = None,
    product: Annotated[Product | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[SeatActivity]:
    """Held seats that are inactive or were never used, those that have been so for the longest time first."""
    place = decode_cursor(cursor, 3)
    after = (read_moment(place[0]), read_id(place[1]), str(place[2])) if place else None
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, *READERS)
        rows = await list_unused(conn, scope, product=product, after=after, limit=limit + 1)
    return to_page(rows, limit, "since", "user_id", "product")


def to_page(rows: Any, limit: int, *place: str) -> Page[SeatActivity]:
    """A page of the first `limit` rows; where there are more, the next begins after the `place` of the last."""
    shown = rows[:limit]
    following = encode_cursor([getattr(shown[-1], name) for name in place]) if len(rows) > limit else None
    return Page(items=[SeatActivity.model_validate(row) for row in shown], next_cursor=following)


def read_id(value: object) -> UUID:
    try:
        return UUID(str(value))
    except ValueError:
        raise not_ours() from None


def read_moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise not_ours() from None


def not_ours() -> Invalid:
    return Invalid("The cursor is not one that this list gave; start without one.", pointer="/cursor")
