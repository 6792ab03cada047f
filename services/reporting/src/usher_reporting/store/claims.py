"""The license history: newest first by an index in its order up to the page's end, or one seat's from its begin."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import SYSTEM_ACTOR
from usher_reporting.store.streams import Query

ORDER = "{0}.at desc, {0}.user_id desc, {0}.product desc, {0}.version desc"
OF_TENANT = "c.tenant_id = :tenant"
OF_TENANTS = "c.tenant_id = place.tenant_id"
OF_UNITS = "c.tenant_id = place.tenant_id and c.org_id = place.id"
FILTERS = {
    "product": "c.product = :product",
    "user_id": "c.user_id = :user_id",
    "kind": "c.kind = :kind",
    "reason": "c.reason = :reason",
    "actor": "c.actor = :actor",
    "by_somebody": "c.actor <> 'system'",
    "changeset": "c.changeset = :changeset",
    "since": "c.at >= :since",
    "until": "c.at < :until",
    "after_at": "(c.at, c.user_id, c.product, c.version) < (:after_at, :after_user, :after_product, :after_version)",
}
COLUMNS = """
    c.at, c.user_id, p.display_name, c.product, c.org_id, o.name as organization, c.pool_id, c.kind, c.reason,
    c.from_state, c.state, c.version, c.actor, c.message_id, c.causation_id, c.correlation_id, c.trace_id, c.changeset,
    c.is_void
"""
NAMED = """
    left join profile p on p.tenant_id = c.tenant_id and p.id = c.user_id
    left join organization o on o.tenant_id = c.tenant_id and o.id = c.org_id
"""
# Each place gives its own newest, so that an index ends the search early; then the newest of them all are named. Where
# there are more places than lines on a page, the newest line alone of each comes first: what is older than a page of
# those is on no page, so that hardly more than a page is read.
NEWEST_OF_EACH = """
    with floor as materialized (
        select coalesce((
            select newest.at from unnest(cast(:tenants as uuid[]), cast(:units as uuid[])) as place (tenant_id, id)
            cross join lateral (select c.at from claim c where {where} order by {order} limit 1) newest
            order by newest.at desc offset :limit - 1 limit 1
        ), '-infinity') as at
    )
"""
# By a row and no scalar subquery: what row-level security takes for leaky is no condition of an index.
FROM_FLOOR, ABOVE_FLOOR = "cross join floor", " and c.at >= floor.at"
SEARCH = f"""
    {{floor}}
    select {COLUMNS}
    from (
        select newest.* from unnest(cast(:tenants as uuid[]), cast(:units as uuid[])) as place (tenant_id, id)
        {{from_floor}}
        cross join lateral (
            select * from claim c where {{where}} order by {{order}} limit :limit
        ) newest
        order by {{outer_order}} limit :limit
    ) c
    {NAMED}
    order by {{order}}
"""
# A region has a good part of its tenant's claims: mostly a page of them is among the tenant's newest.
AMONG_NEWEST = f"""
    select {COLUMNS}
    from (
        select newest.* from (select * from claim c where {{where}} order by {{order}} limit {{looked_at}}) newest
        where newest.org_id = any(cast(:units as uuid[]))
        order by {{outer_order}} limit :limit
    ) c
    {NAMED}
    order by {{order}}
"""
LOOKED_AT = 2_000
HISTORY = text(f"""
    select {COLUMNS} from claim c {NAMED}
    where c.tenant_id = :tenant and c.user_id = :user and c.product = :product and c.version > :after
    order by c.version limit :limit
""")
PERSON = text(
    "select tenant_id, org_id from person where tenant_id = any(cast(:tenants as uuid[])) and id = cast(:user as uuid)"
)


class Place(NamedTuple):
    """A claim's place in the history's order."""

    at: datetime
    user_id: UUID
    product: str
    version: int


async def search_claims(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    filters: Mapping[str, Any],
    *,
    after: Place | None,
    limit: int,
) -> Sequence[RowMapping]:
    """The newest claims of these tenants, or of units of the one tenant, that pass `filters` and come `after`."""
    if units is not None and len(units) > limit:
        query = claims_query(tenants, units, filters, after=after, limit=limit, among_newest=True)
        found = (await conn.execute(*query)).mappings().all()
        if len(found) == limit:
            return found
    return (await conn.execute(*claims_query(tenants, units, filters, after=after, limit=limit))).mappings().all()


def claims_query(
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    filters: Mapping[str, Any],
    *,
    after: Place | None = None,
    limit: int | None = None,
    among_newest: bool = False,
) -> Query:
    """What `search_claims` asks; without a limit all of it. Among the tenant's newest alone there may be too few."""
    given = {name: value for name, value in filters.items() if value is not None}
    if given.get("actor", SYSTEM_ACTOR) != SYSTEM_ACTOR:
        # The index of actors leaves out the system, whose claims are most of them.
        given["by_somebody"] = True
    if after is not None:
        given |= {
            "after_at": after.at,
            "after_user": after.user_id,
            "after_product": after.product,
            "after_version": after.version,
        }
    scope = OF_TENANT if among_newest else OF_TENANTS if units is None else OF_UNITS
    where = " and ".join([scope, *(condition for name, condition in FILTERS.items() if name in given)])
    order, floor, from_floor = ORDER.format("c"), "", ""
    if not among_newest and units is not None and limit is not None and len(units) > limit:
        floor, from_floor = NEWEST_OF_EACH.format(where=where, order=order), FROM_FLOOR
        where += ABOVE_FLOOR
    outer = ORDER.format("newest")
    if among_newest:
        statement = AMONG_NEWEST.format(where=where, order=order, outer_order=outer, looked_at=LOOKED_AT)
        return Query(text(statement), given | {"tenant": tenants[0], "units": list(units or ()), "limit": limit})
    statement = SEARCH.format(floor=floor, from_floor=from_floor, where=where, order=order, outer_order=outer)
    places = {"tenants": list(tenants), "units": list(tenants)}
    if units is not None:
        places = {"tenants": [tenants[0]] * len(units), "units": list(units)}
    return Query(text(statement), given | places | {"limit": limit})


async def find_person(conn: AsyncConnection, tenants: Sequence[UUID], user_id: UUID) -> tuple[UUID, UUID] | None:
    """The tenant and the organization of a person of these tenants."""
    row = (await conn.execute(PERSON, {"tenants": list(tenants), "user": user_id})).one_or_none()
    return (row.tenant_id, row.org_id) if row else None


async def load_history(
    conn: AsyncConnection, tenant_id: UUID, user_id: UUID, product: str, *, after: int, limit: int
) -> Sequence[RowMapping]:
    """The claims of one seat by version, those above `after`."""
    asked = {"tenant": tenant_id, "user": user_id, "product": product, "after": after, "limit": limit}
    return (await conn.execute(HISTORY, asked)).mappings().all()
