"""/v1/seats/{user}/{product}:withhold and :lift: what an administrator does to one seat by hand."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product
from usher_contracts.envelope import Cause
from usher_entitlements.domain import seats
from usher_entitlements.domain.people import Person
from usher_entitlements.http.notes import Note
from usher_entitlements.http.seats import Seat
from usher_entitlements.store.people import find_person
from usher_entitlements.use_cases.seat_acts import lift, withhold
from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, etag
from usher_kit.errors import NotFound
from usher_kit.machines import scoped
from usher_kit.runtime import Running, Runtime

router = APIRouter(prefix="/v1/seats", tags=["seats"])

Do = Callable[[AsyncConnection, Person, str, str, str | None, datetime, Cause], Awaitable[seats.Seat]]
ProductInPath = Annotated[Product, Path()]


class Noted(BaseModel):
    """Why: it is kept with the seat and in the audit log. It is no place for personal data."""

    model_config = ConfigDict(extra="forbid")

    note: Note


@router.post("/{user_id}/{product}:withhold", dependencies=[scoped("seats:write"), audited("seat.withhold")])
async def withhold_seat(
    user_id: UUID,
    product: ProductInPath,
    noted: Noted,
    access: Authorized,
    runtime: Running,
    response: Response,
    if_match: IfMatch = None,
) -> Seat:
    """Take a seat from a person though a role calls for it; it goes to the first in line at once."""
    seat = await act(access, runtime, ("seat.withhold", withhold), (user_id, product), noted.note, if_match)
    response.headers["ETag"] = etag(seat.version)
    return Seat.model_validate(seat)


@router.post("/{user_id}/{product}:lift", dependencies=[scoped("seats:write"), audited("seat.lift")])
async def lift_block(
    user_id: UUID,
    product: ProductInPath,
    noted: Noted,
    access: Authorized,
    runtime: Running,
    response: Response,
    if_match: IfMatch = None,
) -> Seat:
    """Lift a withholding or a reclaim; a person who still wants the seat is seated, or waits from now on."""
    seat = await act(access, runtime, ("seat.lift", lift), (user_id, product), noted.note, if_match)
    response.headers["ETag"] = etag(seat.version)
    return Seat.model_validate(seat)


async def act(
    access: Access, runtime: Runtime, named: tuple[str, Do], of: tuple[UUID, str], note: str, if_match: str | None
) -> seats.Seat:
    """Do an act on a seat of a person of the caller's organization or its units, and write it down."""
    name, do = named
    user_id, product = of
    at = runtime.clock.now()
    async with access.transaction() as conn:
        person = await find_person(conn, user_id)
        scope = await access.scope(conn, None, "org_admin")
    if person is None or not scope.sees(person.org_id):
        raise NotFound("No such person, or not yours to see.")
    async with access.transaction(person.tenant_id) as conn:
        seat = await do(conn, person, product, note, if_match, at, access.cause())
        after = {"state": seat.state.value, "version": seat.version, "note": note}
        done = Act(name, f"{user_id}/{product}", person.tenant_id, person.org_id, after=after)
        await record(conn, "entitlements", [done], at=at, cause=access.cause(), address=access.address)
    return seat
