"""The figures of a dashboard, for any number of organizations at once: each with all its units."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.dashboard import Known, Line, lines
from usher_reporting.domain.headcount import Headcount
from usher_reporting.domain.licenses import License, ServingPool

Unit: TypeAlias = tuple[UUID, UUID]
"""Tenant and organization."""

# A root's rows are its tenant's, so only the units among the organizations asked for need a walk through the tree.
BELOW = """
    with recursive top as (
        select * from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[])) as asked (tenant_id, id)
    ), below as (
        select id as top, tenant_id, id from top where id <> tenant_id
        union
        select b.top, o.tenant_id, o.id
        from below b join organization o on o.tenant_id = b.tenant_id and o.parent_id = b.id
    )
"""
ROWS_BELOW = """
    select top.id as top, own.* from top join {rows} own on own.tenant_id = top.tenant_id
    where top.id = top.tenant_id
    union all
    select b.top, own.* from below b join {rows} own on own.tenant_id = b.tenant_id and own.org_id = b.id
"""
ALL_ROWS = "select cast(null as uuid) as top, own.* from {rows} own"

PEOPLE = f"""
    select top, product, {", ".join(f"sum({figure})" for figure in Headcount._fields)}
    from (%s) counted group by top, product
"""
LICENSES = """
    select top, product, sum(capacity), sum(greatest(0, assigned - capacity)), bool_or(over_allocated),
           array_agg(distinct license_state), min(starts_at), min(ends_at)
    from (%s) licensed group by top, product
"""
LICENSED = """(
    select tenant_id, org_id, product, capacity, assigned, over_allocated, license_state, starts_at, ends_at
    from pool where state = 'open'
    union all
    select tenant_id, org_id, product, 0, 0, false, state, starts_at, ends_at
    from license_term where state = 'scheduled'
)"""

PEOPLE_BELOW = text(BELOW + PEOPLE % ROWS_BELOW.format(rows="headcount"))
PEOPLE_OF_ALL = text(PEOPLE % ALL_ROWS.format(rows="headcount"))
LICENSES_BELOW = text(BELOW + LICENSES % ROWS_BELOW.format(rows=LICENSED))
LICENSES_OF_ALL = text(LICENSES % ALL_ROWS.format(rows=LICENSED))

SERVING = text("""
    with recursive above as (
        select asked.id as top, o.tenant_id, o.id, o.parent_id, 0 as distance
        from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[])) as asked (tenant_id, id)
        join organization o on o.tenant_id = asked.tenant_id and o.id = asked.id
        union all
        select a.top, o.tenant_id, o.id, o.parent_id, a.distance + 1
        from above a join organization o on o.tenant_id = a.tenant_id and o.id = a.parent_id
    ) cycle top, id set is_cycle using path
    select distinct on (a.top, p.product) a.top, p.product, p.org_id, a.distance > 0, p.capacity, p.assigned,
           p.over_allocated, p.license_state, p.starts_at, p.ends_at
    from above a join pool p on p.tenant_id = a.tenant_id and p.org_id = a.id and p.state = 'open'
    order by a.top, p.product, a.distance
""")
NAMES = text("select product, min(name) as name from product where tenant_id = any(:tenants) group by product")
DELAY = text("""
    select percentile_disc(0.5) within group (order by delay)
    from progress, unnest(delays_ms) as delay where tenant_id = any(:tenants)
""")


async def load_lines(conn: AsyncConnection, units: Sequence[Unit]) -> Mapping[UUID, Sequence[Line]]:
    """The dashboard's lines of each of these organizations, counting all below it."""
    tenants, orgs = [tenant for tenant, _ in units], [org for _, org in units]
    asked = {"tenants": tenants, "orgs": orgs}
    people = by_top((await conn.execute(PEOPLE_BELOW, asked)).all())
    licenses = by_top((await conn.execute(LICENSES_BELOW, asked)).all())
    serving = by_top((await conn.execute(SERVING, asked)).all())
    names = await load_product_names(conn, tenants)
    return {org: lines(to_known(people[org], licenses[org], serving[org]), names) for org in orgs}


async def load_sum(conn: AsyncConnection, tenants: Sequence[UUID]) -> Sequence[Line]:
    """The dashboard's lines of all that the transaction sees: these tenants together."""
    people = by_top((await conn.execute(PEOPLE_OF_ALL)).all())
    licenses = by_top((await conn.execute(LICENSES_OF_ALL)).all())
    return lines(to_known(people[None], licenses[None], {}), await load_product_names(conn, tenants))


async def load_product_names(conn: AsyncConnection, tenants: Sequence[UUID]) -> dict[str, str]:
    """The products of these tenants' catalogues with their names."""
    rows = await conn.execute(NAMES, {"tenants": list(tenants)})
    return {row.product: row.name for row in rows}


async def load_delay_ms(conn: AsyncConnection, tenants: Sequence[UUID]) -> int | None:
    """How late the latest facts on seats came, in milliseconds, in the middle; none before the first."""
    delay: int | None = await conn.scalar(DELAY, {"tenants": list(tenants)})
    return delay


def by_top(rows: Sequence[Any]) -> defaultdict[UUID | None, dict[str, Sequence[Any]]]:
    """Rows of (organization, product, …) as what follows, by organization and product."""
    found: defaultdict[UUID | None, dict[str, Sequence[Any]]] = defaultdict(dict)
    for top, product, *figures in rows:
        found[top][product] = figures
    return found


def to_known(
    people: Mapping[str, Sequence[Any]], licenses: Mapping[str, Sequence[Any]], serving: Mapping[str, Sequence[Any]]
) -> Known:
    return Known(
        people={product: Headcount(*figures) for product, figures in people.items()},
        licenses={product: License(*figures) for product, figures in licenses.items()},
        serving={product: ServingPool(*figures) for product, figures in serving.items()},
    )
