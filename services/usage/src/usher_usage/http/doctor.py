"""/v1/doctor: figures by which usage's activity can be compared with others' copies of it."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from usher_kit.access import Authorized
from usher_kit.deleted import Deleted, count_deleted
from usher_kit.runtime import Running
from usher_usage.store.lists import LOGGED_IN, check_seats, count_seats

router = APIRouter(prefix="/v1", tags=["doctor"])


class Doctor(BaseModel):
    """Over all tenants. `held` counts held seats by activity.

    `facts` counts the seats of which something was ever told; `checksum` sums the first 60 bits of
    md5("user_id/product/activity/version") over them. `due` seats are still to be judged at `as_of`.
    """

    as_of: datetime
    held: dict[str, int]
    facts: int
    checksum: str
    due: int
    logins: int
    deleted: Deleted


@router.get("/doctor")
async def doctor(access: Authorized, runtime: Running) -> Doctor:
    """What usage knows, in figures; for system administrators."""
    access.require_system()
    at = runtime.clock.now()
    async with access.transaction() as conn:
        held = await count_seats(conn)
        seats = await check_seats(conn, at)
        deleted = await count_deleted(conn, LOGGED_IN)
    return Doctor(
        as_of=at,
        held=held,
        facts=seats.facts,
        checksum=seats.checksum,
        due=seats.due,
        logins=seats.logins,
        deleted=deleted,
    )
