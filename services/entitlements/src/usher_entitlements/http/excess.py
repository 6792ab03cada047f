"""/v1/pools/{id}/excess: who would give up a seat of an over-allocated pool under each policy, and the act itself."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import SeatState
from usher_entitlements.domain.shrinking import POLICIES, first_to_go
from usher_entitlements.http.notes import Note
from usher_entitlements.http.waitlists import visible_pool
from usher_entitlements.store.activities import load_logins
from usher_entitlements.store.seats import load_in_state
from usher_entitlements.use_cases.excess import release_excess
from usher_kit.access import Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/pools/{pool_id}/excess", tags=["pools"])

Policy = Literal["least_recently_active", "last_assigned"]


class Holder(BaseModel):
    """One who would wait instead. `last_login_at` is null where none was ever seen."""

    user_id: UUID
    org_id: UUID
    assigned_since: datetime | None
    last_login_at: datetime | None


class Excess(BaseModel):
    """How many seats are held beyond the license, and who would give up theirs under each policy, first to go first."""

    pool_id: UUID
    seats: int
    under: dict[str, list[Holder]]


class Release(BaseModel):
    """By which policy, and why. With `seats`, the excess as it was shown, nothing is done if it is another by now."""

    model_config = ConfigDict(extra="forbid")

    policy: Policy
    note: Note
    seats: Annotated[int | None, Field(ge=1)] = None


class Released(BaseModel):
    """Who waits instead of holding a seat."""

    pool_id: UUID
    user_ids: list[UUID]


@router.get("")
async def get_excess(pool_id: UUID, access: Authorized) -> Excess:
    """Who would be released under each policy; nothing changes."""
    async with access.transaction() as conn:
        pool = await visible_pool(conn, access, pool_id, "org_admin", "reporter")
        under = await holders_by_policy(conn, pool) if pool.excess else {policy: [] for policy in POLICIES}
    return Excess(pool_id=pool.id, seats=pool.excess, under=under)


@router.post(":release", dependencies=[audited("pool.release_excess")])
async def release(pool_id: UUID, asked: Release, access: Authorized, runtime: Running) -> Released:
    """Take the seats beyond the license, by a policy; their holders wait, each at their place."""
    at = runtime.clock.now()
    async with access.transaction() as conn:
        pool = await visible_pool(conn, access, pool_id, "org_admin")
    async with access.transaction(pool.tenant_id) as conn:
        users = await release_excess(conn, pool, asked.policy, asked.seats, asked.note, at, access.cause())
        after = {"policy": asked.policy, "people": len(users), "note": asked.note}
        done = Act("pool.release_excess", str(pool.id), pool.tenant_id, pool.org_id, {"excess": len(users)}, after)
        await record(conn, "entitlements", [done], at=at, cause=access.cause(), address=access.address)
    return Released(pool_id=pool.id, user_ids=users)


async def holders_by_policy(conn: AsyncConnection, pool: Pool) -> dict[str, list[Holder]]:
    held = (await load_in_state(conn, [pool.tenant_id], [pool.id], SeatState.ASSIGNED))[pool.id]
    logins = await load_logins(conn, [pool.tenant_id], [(seat.user_id, seat.product) for seat in held])
    return {
        policy: [
            Holder(
                user_id=seat.user_id,
                org_id=seat.org_id,
                assigned_since=seat.assigned_since,
                last_login_at=logins.get((seat.user_id, seat.product)),
            )
            for seat in first_to_go(policy, held, logins, pool.excess)
        ]
        for policy in POLICIES
    }
