"""/v1/doctor: whether notices get through, in figures."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from usher_kit.access import Authorized
from usher_kit.deleted import Deleted, count_deleted
from usher_kit.runtime import Running
from usher_notifications.store.lists import NAMED, count_deliveries, look_at_waiting

router = APIRouter(prefix="/v1", tags=["doctor"])


class Doctor(BaseModel):
    """Over all tenants: deliveries by kind and status, how many are due at `as_of`, since when the oldest waits."""

    as_of: datetime
    deliveries: dict[str, dict[str, int]]
    due: int
    oldest_pending: datetime | None
    deleted: Deleted


@router.get("/doctor")
async def doctor(access: Authorized, runtime: Running) -> Doctor:
    """What notifications knows, in figures; for system administrators."""
    access.require_system()
    at = runtime.clock.now()
    async with access.transaction() as conn:
        counts = await count_deliveries(conn)
        waiting = await look_at_waiting(conn, at)
        deleted = await count_deleted(conn, NAMED)
    return Doctor(as_of=at, deliveries=counts, due=waiting.due, oldest_pending=waiting.oldest, deleted=deleted)
