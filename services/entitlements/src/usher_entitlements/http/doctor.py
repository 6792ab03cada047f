"""/v1/doctor: whether the invariants hold, and figures by which others' copies of seats can be compared."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from usher_entitlements.domain.grants import DEFAULT_RULES
from usher_entitlements.store.examination import INVARIANTS, NOTED, count_by_tenant, find_offenders
from usher_kit.access import Authorized
from usher_kit.deleted import Deleted, count_deleted
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1", tags=["doctor"])


class Finding(BaseModel):
    """One invariant: what must hold, whether it does, and what offends against it, at most 20."""

    code: str
    holds: str
    ok: bool
    offenders: list[str]


class TenantFigures(BaseModel):
    """`undecided` people are still to be decided about: pending, or on the work list of a changed configuration.

    `seats` counts seats by state; `checksum` sums the first 60 bits of md5(user_id, product, state, version) over them.
    """

    model_config = ConfigDict(from_attributes=True)

    tenant_id: UUID
    people_active: int
    undecided: int
    outbox_waiting: int
    seats: dict[str, int]
    checksum: str


class Doctor(BaseModel):
    as_of: datetime
    findings: list[Finding]
    tenants: list[TenantFigures]
    deleted: Deleted


@router.get("/doctor")
async def doctor(access: Authorized, runtime: Running) -> Doctor:
    """The examination, over all tenants, of one moment; for system administrators."""
    access.require_system()
    rules = [(rule.role, rule.product) for rule in DEFAULT_RULES]
    tenants = await access.database.all_tenants()
    async with access.database.transaction(tenants) as conn:
        offenders = {one: await find_offenders(conn, one, rules) for one in INVARIANTS}
        figures = await count_by_tenant(conn, tenants)
        deleted = await count_deleted(conn, NOTED)
    return Doctor(
        as_of=runtime.clock.now(),
        findings=[
            Finding(code=one.code, holds=one.holds, ok=not found, offenders=found) for one, found in offenders.items()
        ],
        tenants=[TenantFigures.model_validate(row) for row in figures],
        deleted=deleted,
    )
