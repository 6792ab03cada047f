"""Statements on forecasts: the demand of pools in the past, what was made of it, and what stands against it now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.demand import Backtest, Error, Forecast
from usher_reporting.domain.shortage import Term

# A unit is served by the nearest open pool on the way up, so a walk down ends where another one begins.
SERVED = """
    served as (
        select tenant_id, org_id, product, org_id as unit from page
        union
        select s.tenant_id, s.org_id, s.product, o.id
        from served s join organization o on o.tenant_id = s.tenant_id and o.parent_id = s.unit
        where not exists (
            select from pool own where own.tenant_id = o.tenant_id and own.org_id = o.id and own.product = s.product
                and own.state = 'open'
        )
    )
"""
DUE = text("""
    select p.tenant_id, p.org_id, p.product from pool p
    left join forecast f using (tenant_id, org_id, product)
    where p.state = 'open' and (f.made_at is null or f.made_at <= :before)
    order by f.made_at nulls first, p.tenant_id, p.org_id, p.product limit :limit
""")
ASKED = """
    select * from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:products as text[]))
        with ordinality as asked (tenant_id, org_id, product, number)
"""
WEEKS = text(f"""
    with recursive asked as ({ASKED}), page as (select tenant_id, org_id, product from asked), {SERVED}
    select a.number, cast(date_trunc('week', t.day) as date) as week, sum(t.wants_begun - t.wants_ended) as change
    from asked a join served s using (tenant_id, org_id, product)
    join claim_tally t on t.tenant_id = s.tenant_id and t.org_id = s.unit and t.product = s.product
    group by a.number, week order by a.number, week
""")
SAVE = text("""
    insert into forecast as f (tenant_id, org_id, product, made_at, document)
    select tenant, org, product, :at, cast(document as jsonb)
    from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:products as text[]), cast(:documents as text[]))
        as made (tenant, org, product, document)
    on conflict (tenant_id, org_id, product) do update set (made_at, document) = (excluded.made_at, excluded.document)
""")
PAGE = text(f"""
    with recursive page as (
        select p.tenant_id, p.org_id, p.product from pool p
        where p.state = 'open' and p.tenant_id = any(cast(:tenants as uuid[]))
            and (cast(:units as uuid[]) is null or p.org_id = any(cast(:units as uuid[])))
            and (cast(:product as text) is null or p.product = :product)
            and (cast(:after_org as uuid) is null or (p.org_id, p.product) > (:after_org, :after_product))
        order by p.org_id, p.product limit :limit
    ), {SERVED}, counted as (
        select s.tenant_id, s.org_id, s.product, coalesce(sum(h.assigned), 0) as assigned,
            coalesce(sum(h.waitlisted), 0) as waitlisted, coalesce(sum(h.suspended), 0) as suspended
        from served s
        left join headcount h on h.tenant_id = s.tenant_id and h.org_id = s.unit and h.product = s.product
        group by s.tenant_id, s.org_id, s.product
    )
    select c.*, o.name as organization, f.made_at, f.document
    from counted c
    left join forecast f using (tenant_id, org_id, product)
    left join organization o on o.tenant_id = c.tenant_id and o.id = c.org_id
    order by c.org_id, c.product
""")
TERMS = text(f"""
    with asked as ({ASKED})
    select a.number, t.seats, t.starts_at, t.ends_at, t.overage
    from asked a join license_term t using (tenant_id, org_id, product)
    where t.state in ('scheduled', 'active', 'expiring', 'grace')
""")


class PoolKey(NamedTuple):
    tenant_id: UUID
    org_id: UUID
    product: str


async def find_due(conn: AsyncConnection, at: datetime, age: timedelta, *, limit: int) -> list[PoolKey]:
    """Open pools without a forecast, or whose own is of such an age: those that wait for the longest time first."""
    return [PoolKey(*row) for row in await conn.execute(DUE, {"before": at - age, "limit": limit})]


async def load_changes(conn: AsyncConnection, pools: Sequence[PoolKey]) -> list[dict[date, int]]:
    """By week (its Monday), what the number of people who want a seat of each pool changed by."""
    changes: defaultdict[int, dict[date, int]] = defaultdict(dict)
    for number, week, change in await conn.execute(WEEKS, arrays(pools)):
        changes[number][week] = int(change)
    return [changes[number] for number in range(1, len(pools) + 1)]


async def save_forecasts(
    conn: AsyncConnection, pools: Sequence[PoolKey], forecasts: Sequence[Forecast], at: datetime
) -> None:
    """Keep what was forecast, in place of what was before."""
    documents = [orjson.dumps(one).decode() for one in forecasts]
    await conn.execute(SAVE, arrays(pools) | {"documents": documents, "at": at})


async def list_pools(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    *,
    product: str | None,
    after: tuple[UUID, str] | None,
    limit: int,
) -> Sequence[RowMapping]:
    """Open pools with who wants their seats now, and their forecasts; those that come `after` a pool."""
    after_org, after_product = after or (None, "")
    asked = {
        "tenants": list(tenants),
        "units": None if units is None else list(units),
        "product": product,
        "after_org": after_org,
        "after_product": after_product,
        "limit": limit,
    }
    return (await conn.execute(PAGE, asked)).mappings().all()


async def load_terms(conn: AsyncConnection, pools: Sequence[PoolKey]) -> list[list[Term]]:
    """The license terms of each of these pools that give seats, or will."""
    terms: defaultdict[int, list[Term]] = defaultdict(list)
    for number, *term in await conn.execute(TERMS, arrays(pools)):
        terms[number].append(Term(*term))
    return [terms[number] for number in range(1, len(pools) + 1)]


def arrays(pools: Sequence[PoolKey]) -> dict[str, Any]:
    return {
        "tenants": [pool.tenant_id for pool in pools],
        "orgs": [pool.org_id for pool in pools],
        "products": [pool.product for pool in pools],
    }


def to_forecast(document: Mapping[str, Any]) -> Forecast:
    """A forecast as it was kept."""
    told = document["backtest"]
    backtest = None
    if told:
        errors = {name: Error(**error) for name, error in told["errors"].items()}
        backtest = Backtest(told["weeks"], told["origins"], errors, told["spread"])
    return Forecast(document["model"], document["history_weeks"], document["changes"], document["spread"], backtest)
