"""The doctor's statements: what offends against the invariants, found over all rows at once (seats: Invariants)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.deleted import count_by

SHOWN = 20
"""Offenders shown of each invariant."""

COUNTS = text("""
    select 'pool ' || p.id || ': ' || p.assigned || '/' || p.waitlisted || '/' || p.suspended
           || ' assigned/waitlisted/suspended, counted ' || coalesce(s.assigned, 0) || '/'
           || coalesce(s.waitlisted, 0) || '/' || coalesce(s.suspended, 0)
    from pool p left join (
        select tenant_id, pool_id, count(*) filter (where state = 'assigned') as assigned,
               count(*) filter (where state = 'waitlisted') as waitlisted,
               count(*) filter (where state = 'suspended') as suspended
        from seat where state in ('assigned', 'waitlisted', 'suspended') group by tenant_id, pool_id
    ) s on s.tenant_id = p.tenant_id and s.pool_id = p.id
    where (p.assigned, p.waitlisted, p.suspended)
        <> (coalesce(s.assigned, 0), coalesce(s.waitlisted, 0), coalesce(s.suspended, 0))
    union all
    select 'pool ' || id || ': ' || assigned || ' assigned, beyond ' || capacity_with_grace + extra_with_grace
    from pool where not over_allocated and assigned > capacity_with_grace + extra_with_grace
    union all
    select 'pool ' || l.pool_id || ': ' || l.people || ' are to be decided about, at most ' || coalesce(w.at_most, 0)
           || ' are known of'
    from (select tenant_id, pool_id, count(*) as people from reevaluation group by tenant_id, pool_id) l
    left join work_list w on w.tenant_id = l.tenant_id and w.pool_id = l.pool_id
    where l.people > coalesce(w.at_most, 0)
    limit :shown
""")
VERSIONS = text("""
    select 'seat ' || user_id || '/' || product || ': version ' || version || ' in state ' || state
    from seat
    where version < 1 or (state = 'assigned' and assigned_since is null)
       or (state in ('waitlisted', 'released', 'withheld') and assigned_since is not null)
       or (state = 'withheld' and blocked_at is null)
       or (blocked_at is not null and lifted_at is null and state not in ('withheld', 'released'))
    limit :shown
""")
WANTED = """
    with rule as (
        select tenant_id, role, product from grant_rule where active
        union all
        select c.tenant_id, d.role, d.product
        from configuration c cross join unnest(cast(:roles as text[]), cast(:products as text[])) as d (role, product)
        where not exists (select from grant_rule g where g.tenant_id = c.tenant_id)
    ), wanted as (
        select distinct p.tenant_id, p.id as user_id, s.product, s.pool_id
        from person p
        join rule r on r.tenant_id = p.tenant_id and r.role = any(p.roles)
        join pool_service s on s.tenant_id = p.tenant_id and s.org_id = p.org_id and s.product = r.product
        where p.status = 'active'
          and not exists (select from seat b where b.tenant_id = p.tenant_id and b.user_id = p.id
                          and b.product = s.product and b.blocked_at is not null and b.lifted_at is null)
    ), undecided as (
        select tenant_id, user_id, product from reevaluation
    )
"""
WANTS = text(f"""
    {WANTED}
    select 'person ' || p.id || ': ' || p.status || ', yet ' || s.state || ' for ' || s.product
    from seat s join person p on p.tenant_id = s.tenant_id and p.id = s.user_id
    where p.status <> 'active' and s.state in ('assigned', 'waitlisted', 'suspended')
    union all
    select 'person ' || w.user_id || ': wants ' || w.product || ', yet ' || coalesce(s.state, 'none')
    from wanted w
    left join seat s on s.tenant_id = w.tenant_id and s.user_id = w.user_id and s.product = w.product
    left join undecided u on u.tenant_id = w.tenant_id and u.user_id = w.user_id and u.product = w.product
    where u.user_id is null
      and (coalesce(s.state, 'none') not in ('assigned', 'waitlisted', 'suspended') or s.pool_id <> w.pool_id)
    union all
    select 'person ' || s.user_id || ': does not want ' || s.product || ', yet ' || s.state
    from seat s
    join person p on p.tenant_id = s.tenant_id and p.id = s.user_id and p.status = 'active' and p.config_version > 0
    left join wanted w on w.tenant_id = s.tenant_id and w.user_id = s.user_id and w.product = s.product
    left join undecided u on u.tenant_id = s.tenant_id and u.user_id = s.user_id and u.product = s.product
    where s.state in ('assigned', 'waitlisted', 'suspended') and w.user_id is null and u.user_id is null
    limit :shown
""")
WAITS = text("""
    select 'pool ' || id || ': ' || waitlisted || ' wait, though ' || assigned || ' of ' || capacity + extra
           || ' seats are given'
    from pool
    where waitlisted > 0 and suspended = 0 and license_state in ('active', 'expiring')
      and (extra is null or assigned < capacity + extra)
    limit :shown
""")
TENANTS = text("""
    select t.id as tenant_id,
        (select count(*) from person p where p.tenant_id = t.id and p.status = 'active') as people_active,
        (select count(*) from reevaluation r where r.tenant_id = t.id)
            + (select count(*) from person p where p.tenant_id = t.id and p.config_version = 0) as undecided,
        (select count(*) from outbox o where o.tenant_id = t.id) as outbox_waiting,
        coalesce((select jsonb_object_agg(state, seats)
                  from (select state, count(*) as seats from seat s where s.tenant_id = t.id group by state) by_state),
                 '{}') as seats,
        (select coalesce(sum(('x' || substr(md5(user_id::text || product || state || version::text), 1, 15))
                ::bit(60)::bigint), 0)::text from seat s where s.tenant_id = t.id) as checksum
    from unnest(cast(:tenants as uuid[])) as t (id) order by t.id
""")

NOTED = count_by("""
    seat s join person p on (p.tenant_id, p.id) = (s.tenant_id, s.user_id)
    where p.status = 'deleted' and s.evidence ->> 'note' is not null
""")


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must hold, in words, and the statement that finds what offends against it."""

    code: str
    holds: str
    offenders: TextClause


INVARIANTS: Sequence[Invariant] = (
    Invariant("I1", "every pool's figures are the counts of its seats, and it gives no more than it may", COUNTS),
    Invariant("I2", "every person and product has one seat, whose version and dates fit its state", VERSIONS),
    Invariant("I3", "exactly those who want a product hold it, await it, or are suspended with the license", WANTS),
    Invariant("I4", "somebody waits only where every seat is given, or no term counts", WAITS),
)


async def find_offenders(conn: AsyncConnection, invariant: Invariant, rules: Sequence[tuple[str, str]]) -> list[str]:
    """Offenders against an invariant among the transaction's tenants. `rules` are the default (role, product)."""
    values: dict[str, Any] = {"shown": SHOWN}
    if invariant.offenders is WANTS:
        values |= {"roles": [role for role, _ in rules], "products": [product for _, product in rules]}
    return list(await conn.scalars(invariant.offenders, values))


async def count_by_tenant(conn: AsyncConnection, tenants: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Each tenant's figures, by which others' copies can be compared."""
    return (await conn.execute(TENANTS, {"tenants": tenants})).all()
