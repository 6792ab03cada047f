"""/v1/doctor: figures by which `usher doctor` compares the services."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from usher_identity.store.figures import UNFINISHED, load_figures
from usher_kit.access import Authorized
from usher_kit.deleted import Deleted, count_deleted

router = APIRouter(tags=["doctor"])


class TenantAnswer(BaseModel):
    """A checksum is the MD5 of `id:version` of all rows, in order of id, joined by commas; null of no rows."""

    tenant_id: UUID
    people_active: int
    people_by_status: dict[str, int]
    organizations: int
    outbox_waiting: int
    people_checksum: str | None
    organizations_checksum: str | None


class DoctorAnswer(BaseModel):
    tenants: list[TenantAnswer]
    deleted: Deleted


@router.get("/v1/doctor")
async def get_doctor(access: Authorized) -> DoctorAnswer:
    """Identity's figures, tenant by tenant."""
    access.require_system()
    tenants = await access.database.all_tenants()
    async with access.database.transaction(tenants) as conn:
        figures = await load_figures(conn, tenants)
        deleted = await count_deleted(conn, UNFINISHED)
    return DoctorAnswer(
        tenants=[
            TenantAnswer(
                tenant_id=one.tenant_id,
                people_active=one.people_by_status.get("active", 0),
                people_by_status=dict(one.people_by_status),
                organizations=one.organizations,
                outbox_waiting=one.outbox_waiting,
                people_checksum=one.people_checksum,
                organizations_checksum=one.organizations_checksum,
            )
            for one in figures
        ],
        deleted=deleted,
    )
