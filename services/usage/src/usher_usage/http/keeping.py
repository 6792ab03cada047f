"""Keeping a seat: by the link of a warning's mail, whoever opens it, or signed in; looking at it changes nothing."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import BaseModel
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product
from usher_contracts.envelope import Cause
from usher_kit.access import Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.errors import Conflict, NotFound
from usher_kit.links import read
from usher_kit.runtime import Running, Runtime
from usher_usage.http.activity import ActivityName
from usher_usage.store.holdings import find_seat
from usher_usage.use_cases.activity import keep_seat

router = APIRouter(prefix="/v1", tags=["keeping"])

UNKNOWN = "There is no such seat, or it is not yours to keep."

OF_A_LINK: dict[int | str, dict[str, Any]] = {404: {}, 410: {}}
"""What the answers of these addresses may be besides: who holds a link needs no token."""

Token = Annotated[str, Path(max_length=2_000)]


class KeptSeat(BaseModel):
    """A seat as the one who may keep it sees it, without a word on whose it is.

    `state`: `held`, `suspended` with the license, `reclaimed` for inactivity, or `none` any more. While a reclaim is in
    sight, `reclaim_due` is when; `kept_until` is until when somebody asked to keep it.
    """

    product: str
    organization: str | None
    time_zone: str
    state: Literal["held", "suspended", "reclaimed", "none"]
    activity: ActivityName | None
    last_login_at: datetime | None
    reclaim_due: datetime | None
    kept_until: datetime | None


@router.get("/keeps/{token}", responses=OF_A_LINK)
async def look_at_link(token: Token, runtime: Running) -> KeptSeat:
    """The seat that a mail's link is about. 404 for a link that is not ours, 410 for one whose time is over."""
    link = read(token, runtime.settings.link_secret, runtime.clock.now())
    async with runtime.database.transaction([link.tenant_id]) as conn:
        return to_answer(await find(conn, link.user_id, link.product))


@router.post("/keeps/{token}", dependencies=[audited("seat.keep")], responses=OF_A_LINK)
async def keep_by_link(token: Token, runtime: Running) -> KeptSeat:
    """Keep the seat that a mail's link is about, for the days of the policy. 409 where it is not held any more."""
    link = read(token, runtime.settings.link_secret, runtime.clock.now())
    async with runtime.database.transaction([link.tenant_id]) as conn:
        seat = await find(conn, link.user_id, link.product)
        return await keep(conn, seat, runtime, Cause(actor=f"user:{link.user_id}"), by="link")


@router.post("/activity/{user_id}/{product}:keep", dependencies=[audited("seat.keep")])
async def keep_signed_in(user_id: UUID, product: Product, access: Authorized, runtime: Running) -> KeptSeat:
    """Keep one's own seat, or that of a person whom the caller administers."""
    async with access.transaction() as conn:
        is_own = user_id == access.caller.user_id
        scope = None if is_own else await access.scope(conn, None, "org_admin")
        seat = await find(conn, user_id, product)
        if scope is not None and not scope.sees(seat.org_id):
            raise NotFound(UNKNOWN)
        return await keep(conn, seat, runtime, access.cause(), by="caller", address=access.address)


async def find(conn: AsyncConnection, user_id: UUID, product: str) -> Row[Any]:
    """The seat. Raises NotFound where nobody knows of it."""
    row = await find_seat(conn, user_id, product)
    if row is None:
        raise NotFound(UNKNOWN)
    return row


async def keep(
    conn: AsyncConnection, seat: Row[Any], runtime: Runtime, cause: Cause, *, by: str, address: str | None = None
) -> KeptSeat:
    """Keep the seat, and write it down. Raises Conflict where it is not held."""
    at = runtime.clock.now()
    wish = await keep_seat(conn, (seat.tenant_id, seat.user_id), seat.product, at, cause)
    if wish is None:
        raise Conflict("This seat is not held any more, so that it cannot be kept. Sign in, and it is asked for again.")
    before = {"kept_until": seat.kept_until.isoformat() if seat.kept_until else None}
    after = {"kept_until": wish.until.isoformat(), "by": by}
    target = f"{seat.user_id}/{seat.product}"
    act = Act("seat.keep", target, seat.tenant_id, seat.org_id, before=before, after=after)
    await record(conn, "usage", [act], at=at, cause=cause, address=address)
    return to_answer(await find(conn, seat.user_id, seat.product))


def to_answer(seat: Row[Any]) -> KeptSeat:
    return KeptSeat(
        product=seat.product,
        organization=seat.organization,
        time_zone=seat.time_zone or "UTC",
        state=state_of(seat.state, seat.reason),
        activity=seat.activity,
        last_login_at=seat.last_login_at,
        reclaim_due=seat.reclaim_due,
        kept_until=seat.kept_until,
    )


def state_of(state: str, reason: str) -> Literal["held", "suspended", "reclaimed", "none"]:
    """A seat's state, as far as keeping it goes."""
    if state == "assigned":
        return "held"
    if state == "suspended":
        return "suspended"
    return "reclaimed" if (state, reason) == ("released", "inactivity") else "none"
