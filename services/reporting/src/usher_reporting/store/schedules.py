"""Statements on schedules of exports, and on who may have what they make."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.exports import Format, Owner
from usher_reporting.domain.schedules import Schedule

COLUMNS = """
    s.tenant_id, s.id, s.owner_tenant_id, s.owner_user_id, s.owner_client_id, s.owner_org_id, s.owner_scopes, s.report,
    s.format, s.org_id, s.filters, s.cron, s.recipients, s.created_at, s.next_at, s.last_at, s.last_export_id,
    s.version, o.time_zone
"""
WITH_ZONE = "from report_schedule s left join organization o on o.tenant_id = s.tenant_id and o.id = s.org_id"
ADD = text("""
    insert into report_schedule (tenant_id, id, owner_tenant_id, owner_user_id, owner_client_id, owner_org_id,
        owner_scopes, report, format, org_id, filters, cron, recipients, created_at, next_at, version)
    values (:tenant_id, :id, :owner_tenant_id, :owner_user_id, :owner_client_id, :owner_org_id, :owner_scopes, :report,
        :format, :org_id, cast(:filters as jsonb), :cron, :recipients, :created_at, :next_at, :version)
""")
SAVE = text("""
    update report_schedule set format = :format, filters = cast(:filters as jsonb), cron = :cron,
        recipients = :recipients, next_at = :next_at, version = :version
    where tenant_id = :tenant_id and id = :id
""")
REMOVE = text("delete from report_schedule where tenant_id = :tenant_id and id = :id")
FIND = text(f"select {COLUMNS} {WITH_ZONE} where s.id = :id")
FIND_FOR_UPDATE = text(f"select {COLUMNS} {WITH_ZONE} where s.id = :id for update of s")
LIST = text(f"""
    select {COLUMNS} {WITH_ZONE}
    where s.tenant_id = any(cast(:tenants as uuid[]))
        and (cast(:units as uuid[]) is null or s.org_id = any(cast(:units as uuid[])))
        and (cast(:before as uuid) is null or s.id < cast(:before as uuid))
    order by s.id desc limit :limit
""")
TAKE_DUE = text(f"""
    select {COLUMNS} {WITH_ZONE} where s.next_at <= :now order by s.next_at limit :limit for update of s skip locked
""")
MOVE_ON = text("""
    update report_schedule s set next_at = run.next_at, last_at = run.last_at, last_export_id = run.export_id
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:next as timestamptz[]),
        cast(:last as timestamptz[]), cast(:exports as uuid[])) as run (tenant_id, id, next_at, last_at, export_id)
    where (s.tenant_id, s.id) = (run.tenant_id, run.id)
""")
# Who reads the reports of an organization is of it, or of one above it.
READERS = text("""
    with recursive above as (
        select tenant_id, id, parent_id from organization where tenant_id = :tenant and id = :org
        union
        select o.tenant_id, o.id, o.parent_id
        from above a join organization o on o.tenant_id = a.tenant_id and o.id = a.parent_id
    )
    select p.id from person p join above a on a.tenant_id = p.tenant_id and a.id = p.org_id
    where p.id = any(cast(:people as uuid[])) and p.status = 'active' and p.roles && cast(:roles as text[])
""")


async def add_schedule(conn: AsyncConnection, schedule: Schedule) -> None:
    owner = schedule.owner
    await conn.execute(
        ADD,
        {
            **changeable(schedule),
            "owner_tenant_id": owner.tenant_id,
            "owner_user_id": owner.user_id,
            "owner_client_id": owner.client_id,
            "owner_org_id": owner.org_id,
            "owner_scopes": list(owner.scopes),
            "report": schedule.report,
            "org_id": schedule.org_id,
            "created_at": schedule.created_at,
        },
    )


async def save_schedule(conn: AsyncConnection, schedule: Schedule) -> None:
    """Write what may be changed of a schedule. Needs its lock."""
    await conn.execute(SAVE, changeable(schedule))


async def remove_schedule(conn: AsyncConnection, schedule: Schedule) -> None:
    await conn.execute(REMOVE, {"tenant_id": schedule.tenant_id, "id": schedule.id})


async def find_schedule(conn: AsyncConnection, id_: UUID, *, for_update: bool = False) -> Schedule | None:
    """A schedule that the transaction may see."""
    row = (await conn.execute(FIND_FOR_UPDATE if for_update else FIND, {"id": id_})).one_or_none()
    return from_row(row) if row else None


async def list_schedules(
    conn: AsyncConnection, tenants: Sequence[UUID], units: Sequence[UUID] | None, before: UUID | None, limit: int
) -> list[Schedule]:
    """Schedules of organizations, the latest first."""
    asked = {"tenants": list(tenants), "units": None if units is None else list(units)}
    return [from_row(row) for row in await conn.execute(LIST, {**asked, "before": before, "limit": limit})]


async def take_due(conn: AsyncConnection, now: datetime, limit: int) -> list[Schedule]:
    """Schedules whose time has come, locked; those that somebody else has in hand are left out."""
    return [from_row(row) for row in await conn.execute(TAKE_DUE, {"now": now, "limit": limit})]


async def move_on(conn: AsyncConnection, schedules: Sequence[Schedule]) -> None:
    """Write when schedules ran last, and when they run next. Needs their locks."""
    await conn.execute(
        MOVE_ON,
        {
            "tenants": [one.tenant_id for one in schedules],
            "ids": [one.id for one in schedules],
            "next": [one.next_at for one in schedules],
            "last": [one.last_at for one in schedules],
            "exports": [one.last_export_id for one in schedules],
        },
    )


async def find_readers(
    conn: AsyncConnection, tenant: UUID, org: UUID, people: Sequence[UUID], roles: Sequence[str]
) -> list[UUID]:
    """Those of `people`, in their order, who may read what is of `org` and its units by one of `roles`."""
    asked = {"tenant": tenant, "org": org, "people": list(people), "roles": list(roles)}
    found = set(await conn.scalars(READERS, asked))
    return [person for person in people if person in found]


def changeable(schedule: Schedule) -> dict[str, Any]:
    return {
        "tenant_id": schedule.tenant_id,
        "id": schedule.id,
        "format": schedule.format,
        "filters": orjson.dumps(schedule.filters).decode(),
        "cron": schedule.cron,
        "recipients": list(schedule.recipients),
        "next_at": schedule.next_at,
        "version": schedule.version,
    }


def from_row(row: Row[Any]) -> Schedule:
    values = dict(row._mapping)  # noqa: SLF001 (public in SQLAlchemy, by a name with an underscore)
    owner = {name: values.pop(f"owner_{name}") for name in ("tenant_id", "user_id", "client_id", "org_id", "scopes")}
    zone, format_ = values.pop("time_zone"), values.pop("format")
    return Schedule(owner=Owner(**owner), format=Format(format_), time_zone=zone or "UTC", **values)
