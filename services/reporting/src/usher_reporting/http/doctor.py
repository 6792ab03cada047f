"""The doctor's view: whether reporting is whole, and figures to compare with entitlements' (seats: Invariants, I6)."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from usher_kit.access import Authorized
from usher_kit.deleted import Deleted, count_deleted
from usher_kit.runtime import Running
from usher_reporting.store.doctor import NAMED, examine

router = APIRouter(tags=["doctor"])


class Diagnosis(BaseModel):
    """One tenant. Healthy where `checksum` and `seats` are entitlements', the rest is 0, and entered - left = held.

    `checksum` covers person, product, state and version of every seat. `claims_missing` are gaps in the history.
    `claims_void` are lines of it that a restored backup undid: kept, and counted in nothing else.
    `headcount_wrong` are the organizations and products whose kept counts differ from a recount, `pools_wrong` the
    pools whose own count of assigned seats differs from the seats known here.
    """

    tenant_id: UUID
    name: str | None
    seats: dict[str, int]
    checksum: str
    claims: int
    claims_missing: int
    claims_void: int
    entered: int
    left: int
    held: int
    headcount_wrong: int
    pools_wrong: int


class Examination(BaseModel):
    as_of: datetime
    tenants: list[Diagnosis]
    deleted: Deleted


@router.get("/v1/doctor")
async def doctor(access: Authorized, running: Running) -> Examination:
    """A diagnosis of every tenant, for system administrators. Reads everything."""
    access.require_system()
    async with access.transaction() as conn:
        rows = await examine(conn)
        deleted = await count_deleted(conn, NAMED)
    return Examination(as_of=running.clock.now(), tenants=[Diagnosis(**row) for row in rows], deleted=deleted)
