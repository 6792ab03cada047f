"""Organizations in the order of their names, a page at a time."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

ROOTS = """
    with unit as (
        select tenant_id, id, 0 as depth, false as is_cycle from organization
        where tenant_id = any(:tenants) and id = tenant_id
    )
"""
BELOW = """
    with recursive unit as (
        select tenant_id, id, 0 as depth from organization where tenant_id = any(:tenants) and id = :org
        union all
        select o.tenant_id, o.id, u.depth + 1
        from unit u join organization o on o.tenant_id = u.tenant_id and o.parent_id = u.id
    ) cycle id set is_cycle using path
"""
PAGE = """
    select o.tenant_id, o.id as org_id, o.name, o.parent_id, o.kind, u.depth, lower(o.name) as sort_name
    from unit u join organization o on o.tenant_id = u.tenant_id and o.id = u.id
    where not u.is_cycle and o.status <> 'deleted'
      and (cast(:after_id as uuid) is null or (lower(o.name), o.id) {past} (:after_name, cast(:after_id as uuid)))
    order by lower(o.name) {order}, o.id {order} limit :limit
"""
FORWARD = {"past": ">", "order": "asc"}
BACKWARD = {"past": "<", "order": "desc"}
STATEMENTS = {
    (of_all, is_descending): text(units + PAGE.format(**direction))
    for of_all, units in ((True, ROOTS), (False, BELOW))
    for is_descending, direction in ((True, BACKWARD), (False, FORWARD))
}


class Organization(NamedTuple):
    """An organization in a list; `depth` is 0 for the one at its top, `sort_name` is what the list is ordered by."""

    tenant_id: UUID
    org_id: UUID
    name: str
    parent_id: UUID | None
    kind: str
    depth: int
    sort_name: str


async def load_organizations(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    org_id: UUID | None,
    *,
    after: tuple[str, UUID] | None,
    limit: int,
    is_descending: bool = False,
) -> list[Organization]:
    """An organization and all below it, or these tenants' roots without one; those that come `after` a name and id."""
    after_name, after_id = after or ("", None)
    asked = {"tenants": list(tenants), "after_name": after_name, "after_id": after_id, "limit": limit}
    if org_id is not None:
        asked["org"] = org_id
    rows = await conn.execute(STATEMENTS[org_id is None, is_descending], asked)
    return [Organization(*row) for row in rows]
