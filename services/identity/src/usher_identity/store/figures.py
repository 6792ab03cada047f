"""Figures by which a doctor compares identity with the services that copy it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.deleted import count_by

CHECKSUM = "md5(string_agg(id || ':' || version, ',' order by id))"
"""The same for any service that keeps the same ids at the same versions."""

PEOPLE = text(f"select tenant_id, {CHECKSUM} as checksum from person group by tenant_id")
STATUSES = text("select tenant_id, status, count(*) as people from person group by tenant_id, status")
ORGANIZATIONS = text(
    f"select tenant_id, count(*) as organizations, {CHECKSUM} as checksum from organization group by tenant_id"
)
UNFINISHED = count_by("erasure where done_at is null")
WAITING = text("select tenant_id, count(*) as waiting from outbox group by tenant_id")


@dataclass(frozen=True, slots=True)
class TenantFigures:
    """One tenant's. A checksum of nothing is none."""

    tenant_id: UUID
    organizations: int
    organizations_checksum: str | None
    people_checksum: str | None
    outbox_waiting: int
    people_by_status: Mapping[str, int] = field(default_factory=dict)


async def load_figures(conn: AsyncConnection, tenants: Sequence[UUID]) -> list[TenantFigures]:
    """The figures of the tenants that the transaction sees, all of one moment where it reads repeatably."""
    people = {row.tenant_id: row.checksum for row in await conn.execute(PEOPLE)}
    organizations = {row.tenant_id: row for row in await conn.execute(ORGANIZATIONS)}
    waiting: dict[UUID, int] = {row.tenant_id: row.waiting for row in await conn.execute(WAITING)}
    statuses: dict[UUID, dict[str, int]] = {}
    for row in await conn.execute(STATUSES):
        statuses.setdefault(row.tenant_id, {})[row.status] = row.people
    return [
        TenantFigures(
            tenant,
            *counted(organizations.get(tenant)),
            people.get(tenant),
            waiting.get(tenant, 0),
            statuses.get(tenant, {}),
        )
        for tenant in tenants
    ]


def counted(row: Any) -> tuple[int, str | None]:
    return (row.organizations, row.checksum) if row else (0, None)
