"""Statements on organizations."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.links import Link
from usher_identity.domain.organizations import Organization
from usher_identity.store.links import ORGANIZATION_LINKS, find_by_links, load_organization_links, save_links

ADD_TENANTS = text("insert into tenant (id) select unnest(cast(:ids as uuid[])) on conflict do nothing")
LOCK_TENANTS = text("select id from tenant where id = any(cast(:ids as uuid[])) order by id for update")

COLUMNS = "tenant_id, id, parent_id, name, kind, status, time_zone, version"
LOAD = text(f"select {COLUMNS} from organization where id = any(cast(:ids as uuid[]))")
LOAD_FOR_UPDATE = text(
    f"select {COLUMNS} from organization where id = any(cast(:ids as uuid[])) order by id for update"
)
LOAD_TENANT = text(f"select {COLUMNS} from organization where tenant_id = :tenant")
PAGE = text(f"""
    select {COLUMNS} from organization
    where (tenant_id, id) > (cast(cast(:tenant as text) as uuid), cast(cast(:after as text) as uuid))
    order by tenant_id, id limit :limit
""")
PARENTS = text("select id, parent_id from organization where tenant_id = any(cast(:tenants as uuid[]))")
SAVE = text("""
    insert into organization (tenant_id, id, parent_id, name, kind, status, time_zone, version)
    select * from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:parents as uuid[]),
        cast(:names as text[]), cast(:kinds as text[]), cast(:statuses as text[]), cast(:time_zones as text[]),
        cast(:versions as bigint[]))
    on conflict (tenant_id, id) do update
    set (parent_id, name, kind, status, time_zone, version) = (excluded.parent_id, excluded.name, excluded.kind,
        excluded.status, excluded.time_zone, excluded.version)
""")


async def lock_trees(conn: AsyncConnection, tenant_ids: Iterable[UUID]) -> None:
    """Lock these tenants' configuration for a change: the first lock of a transaction that changes a tree."""
    await conn.execute(LOCK_TENANTS, {"ids": sorted(tenant_ids)})


async def load_organizations(
    conn: AsyncConnection, ids: Iterable[UUID], *, for_update: bool = False
) -> dict[UUID, Organization]:
    """These organizations, as far as the transaction may see them; locked in order of id where asked."""
    rows = (await conn.execute(LOAD_FOR_UPDATE if for_update else LOAD, {"ids": sorted(ids)})).all()
    return await with_links(conn, rows)


async def load_tenant_organizations(conn: AsyncConnection, tenant_id: UUID) -> dict[UUID, Organization]:
    """Every organization of a tenant. Its tree is to be locked before, where any of them is to change."""
    rows = (await conn.execute(LOAD_TENANT, {"tenant": tenant_id})).all()
    return await with_links(conn, rows)


async def page_of_organizations(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[Organization]:
    """Organizations after a tenant and id, in this order, of all the tenants that the transaction is open for."""
    tenant, id_ = after
    rows = (await conn.execute(PAGE, {"tenant": tenant, "after": id_, "limit": limit})).all()
    return list((await with_links(conn, rows)).values())


async def load_parents(conn: AsyncConnection, tenant_id: UUID) -> dict[UUID, UUID | None]:
    """A tenant's tree: the parent of each of its organizations."""
    return await load_forest(conn, [tenant_id])


async def load_forest(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[UUID, UUID | None]:
    """The trees of these tenants: the parent of each of their organizations."""
    return {row.id: row.parent_id for row in await conn.execute(PARENTS, {"tenants": tenants})}


async def find_organizations_by_link(
    conn: AsyncConnection, tenant_id: UUID, source: str, external_ids: Iterable[str]
) -> dict[str, UUID]:
    """The organizations that `source` knows by these external ids."""
    return await find_by_links(conn, ORGANIZATION_LINKS, tenant_id, source, external_ids)


async def save_organizations(conn: AsyncConnection, changes: Sequence[Change[Organization]]) -> None:
    """Write these organizations with their links; a root makes its tenant known."""
    after = [change.after for change in changes]
    if roots := [one.tenant_id for one in after if one.is_root]:
        await conn.execute(ADD_TENANTS, {"ids": roots})
    if after:
        await conn.execute(
            SAVE,
            {
                "tenants": [one.tenant_id for one in after],
                "ids": [one.id for one in after],
                "parents": [one.parent_id for one in after],
                "names": [one.name for one in after],
                "kinds": [one.kind for one in after],
                "statuses": [one.status for one in after],
                "time_zones": [one.time_zone for one in after],
                "versions": [one.version for one in after],
            },
        )
    await save_links(conn, ORGANIZATION_LINKS, changes)


async def with_links(conn: AsyncConnection, rows: Sequence[Row[tuple[object, ...]]]) -> dict[UUID, Organization]:
    links = await load_organization_links(conn, [row.id for row in rows]) if rows else {}
    return {row.id: from_row(row, links.get(row.id, ())) for row in rows}


def from_row(row: Row[tuple[object, ...]], links: tuple[Link, ...]) -> Organization:
    return Organization(
        row.tenant_id, row.id, row.parent_id, row.name, row.kind, row.status, row.time_zone, links, row.version
    )
