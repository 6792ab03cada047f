"""The audit log's search, newest first, read from an index in its order up to the page's end."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.store.streams import Query

ORDER = "{0}.at desc, {0}.tenant_id desc, {0}.position desc"
OF_TENANTS = "a.tenant_id = place.tenant_id"
OF_UNITS = "a.tenant_id = place.tenant_id and a.org_id = place.id"
FILTERS = {
    "actor": "a.actor = :actor",
    "act": "a.act = :act",
    "target": "a.target = :target",
    "outcome": "a.outcome = :outcome",
    "since": "a.at >= :since",
    "until": "a.at < :until",
    "after_at": "(a.at, a.tenant_id, a.position) < (:after_at, :after_tenant, :after_position)",
}
# Each place gives its own newest, so that an index ends the search early; then the newest of them all are named.
SEARCH = """
    select a.tenant_id, a.position, a.at, a.service, a.actor, a.act, a.target, a.org_id, a.outcome, a.event_id,
           a.trace_id, a.document, a.hash, o.name as organization
    from (
        select newest.* from unnest(cast(:tenants as uuid[]), cast(:units as uuid[])) as place (tenant_id, id)
        cross join lateral (
            select a.* from audit_entry a where {where} order by {order} limit :limit
        ) newest
        order by {outer_order} limit :limit
    ) a
    left join organization o on o.tenant_id = a.tenant_id and o.id = a.org_id
    order by {order}
"""


class Place(NamedTuple):
    """An entry's place among all."""

    at: datetime
    tenant_id: UUID
    position: int


async def search_audit(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    filters: Mapping[str, Any],
    *,
    after: Place | None,
    limit: int,
) -> Sequence[RowMapping]:
    """The newest acts of these tenants, or of units of the one tenant, that pass `filters` and come `after`."""
    return (await conn.execute(*audit_query(tenants, units, filters, after=after, limit=limit))).mappings().all()


def audit_query(
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    filters: Mapping[str, Any],
    *,
    after: Place | None = None,
    limit: int | None = None,
) -> Query:
    """What `search_audit` asks; without a limit all of it."""
    given = {name: value for name, value in filters.items() if value is not None}
    if after is not None:
        given |= {"after_at": after.at, "after_tenant": after.tenant_id, "after_position": after.position}
    where = [OF_TENANTS if units is None else OF_UNITS, *(FILTERS[name] for name in FILTERS if name in given)]
    statement = SEARCH.format(where=" and ".join(where), order=ORDER.format("a"), outer_order=ORDER.format("newest"))
    places = {"tenants": list(tenants), "units": list(tenants)}
    if units is not None:
        places = {"tenants": [tenants[0]] * len(units), "units": list(units)}
    return Query(text(statement), given | places | {"limit": limit})
