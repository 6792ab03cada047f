"""Statements on compliance: every open pool with whom it serves, and each one's standing as it was told last."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.compliance import Position
from usher_reporting.domain.headcount import Headcount
from usher_reporting.store.streams import Query

FIGURES = ", ".join(f"coalesce(sum(h.{figure}), 0) as {figure}" for figure in Headcount._fields)
# A unit is served by the nearest open pool on the way up, so a walk down ends where another one begins.
POSITIONS = text(f"""
    with recursive served as (
        select p.tenant_id, p.org_id, p.product, p.org_id as unit from pool p where p.state = 'open'
        union
        select s.tenant_id, s.org_id, s.product, o.id
        from served s join organization o on o.tenant_id = s.tenant_id and o.parent_id = s.unit
        where not exists (
            select from pool own where own.tenant_id = o.tenant_id and own.org_id = o.id and own.product = s.product
                and own.state = 'open'
        )
    ), counted as (
        select s.tenant_id, s.org_id, s.product, {FIGURES}
        from served s
        left join headcount h on h.tenant_id = s.tenant_id and h.org_id = s.unit and h.product = s.product
        group by s.tenant_id, s.org_id, s.product
    ), priced as (
        select distinct on (tenant_id, org_id, product) tenant_id, org_id, product, price_per_seat, currency
        from license_term where state in ('active', 'expiring', 'grace') and price_per_seat is not null
        order by tenant_id, org_id, product, price_per_seat desc
    )
    select p.tenant_id, p.org_id, p.product, p.capacity, p.capacity_with_grace, p.overage_seats, p.license_state,
        p.ends_at, t.price_per_seat, t.currency, {", ".join(f"c.{figure}" for figure in Headcount._fields)},
        exists (
            select from license_term next where next.tenant_id = p.tenant_id and next.org_id = p.org_id
                and next.product = p.product and next.state in ('scheduled', 'active', 'expiring')
                and next.starts_at <= p.ends_at and next.ends_at > p.ends_at
        ) as has_successor,
        st.status, st.since, st.findings, coalesce(st.version, 0) as version
    from pool p
    join counted c using (tenant_id, org_id, product)
    left join priced t using (tenant_id, org_id, product)
    left join standing st using (tenant_id, org_id, product)
    where p.state = 'open'
""")
SAVE = text("""
    insert into standing as s (tenant_id, org_id, product, status, since, findings, judged_at, version)
    select tenant, org, product, status, since, cast(findings as jsonb), :at, version
    from unnest(cast(:tenants as uuid[]), cast(:orgs as uuid[]), cast(:products as text[]), cast(:statuses as text[]),
        cast(:since as timestamptz[]), cast(:findings as text[]), cast(:versions as bigint[]))
        as judged (tenant, org, product, status, since, findings, version)
    on conflict (tenant_id, org_id, product) do update
    set (status, since, findings, judged_at, version)
      = (excluded.status, excluded.since, excluded.findings, excluded.judged_at, excluded.version)
    where s.version < excluded.version
    returning s.tenant_id, s.org_id, s.product
""")
CLOSED = text("""
    select s.tenant_id, s.org_id, s.product, s.status, s.since, s.findings, s.version from standing s
    where s.findings <> '[]' and not exists (
        select from pool p where p.tenant_id = s.tenant_id and p.org_id = s.org_id and p.product = s.product
            and p.state = 'open'
    )
""")
LIST = text("""
    select s.org_id, o.name as organization, s.product, s.status, s.since, s.findings, s.judged_at
    from standing s
    join pool p on p.tenant_id = s.tenant_id and p.org_id = s.org_id and p.product = s.product and p.state = 'open'
    left join organization o on o.tenant_id = s.tenant_id and o.id = s.org_id
    where s.tenant_id = any(cast(:tenants as uuid[]))
        and (cast(:units as uuid[]) is null or s.org_id = any(cast(:units as uuid[])))
        and (cast(:status as text) is null or s.status = :status)
        and (cast(:product as text) is null or s.product = :product)
        and (cast(:after_org as uuid) is null or (s.org_id, s.product) > (:after_org, :after_product))
    order by s.org_id, s.product limit :limit
""")


class Key(NamedTuple):
    """Of whom a standing is."""

    tenant_id: UUID
    org_id: UUID
    product: str


class Standing(NamedTuple):
    """What was told of an organization and a product last; at version 0 nothing."""

    key: Key
    status: str | None
    since: datetime | None
    findings: Any
    version: int


async def load_positions(conn: AsyncConnection) -> list[tuple[Position, Standing]]:
    """Every open pool that the transaction sees, with what was told of it."""
    rows = await conn.execute(POSITIONS)
    return [(to_position(row), to_standing(row)) for row in rows.mappings()]


async def save_standings(conn: AsyncConnection, standings: Sequence[Standing], at: datetime) -> set[Key]:
    """Keep standings that are newer than those that are kept. Answers whose were."""
    saved = await conn.execute(
        SAVE,
        {
            "tenants": [one.key.tenant_id for one in standings],
            "orgs": [one.key.org_id for one in standings],
            "products": [one.key.product for one in standings],
            "statuses": [one.status for one in standings],
            "since": [one.since for one in standings],
            "findings": [orjson.dumps(one.findings).decode() for one in standings],
            "versions": [one.version for one in standings],
            "at": at,
        },
    )
    return {Key(*row) for row in saved}


async def load_closed(conn: AsyncConnection) -> list[Standing]:
    """Where something is still said of a pool that is closed. Its row stays, so that versions go on."""
    return [to_standing(row) for row in (await conn.execute(CLOSED)).mappings()]


async def list_standings(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    *,
    status: str | None,
    product: str | None,
    after: tuple[UUID, str] | None,
    limit: int,
) -> Sequence[RowMapping]:
    """The standings of these tenants, of these units alone where given, that come `after` an organization's product."""
    query = standings_query(tenants, units, status=status, product=product, after=after, limit=limit)
    return (await conn.execute(*query)).mappings().all()


def standings_query(
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    *,
    status: str | None,
    product: str | None,
    after: tuple[UUID, str] | None = None,
    limit: int | None = None,
) -> Query:
    """What `list_standings` asks; without a limit all of it."""
    after_org, after_product = after or (None, "")
    asked = {
        "tenants": list(tenants),
        "units": None if units is None else list(units),
        "status": status,
        "product": product,
        "after_org": after_org,
        "after_product": after_product,
        "limit": limit,
    }
    return Query(LIST, asked)


def to_position(row: RowMapping) -> Position:
    return Position(
        capacity=row["capacity"],
        capacity_with_grace=row["capacity_with_grace"],
        overage_seats=row["overage_seats"],
        license_state=row["license_state"],
        ends_at=row["ends_at"],
        has_successor=row["has_successor"],
        people=Headcount(*(int(row[figure]) for figure in Headcount._fields)),
        price_per_seat=row["price_per_seat"],
        currency=row["currency"],
    )


def to_standing(row: RowMapping) -> Standing:
    key = Key(row["tenant_id"], row["org_id"], row["product"])
    return Standing(key, row["status"], row["since"], row["findings"], row["version"])
