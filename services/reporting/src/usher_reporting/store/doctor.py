"""Whether the read models are whole: figures for comparison, and recounts (seats: Invariants, I6)."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.deleted import count_by
from usher_reporting.domain.headcount import COMBINED, COMBINED_OF, Headcount

# The checksum is entitlements' own expression: equal texts mean equal seats.
SEATS = """
    select tenant_id, jsonb_object_agg(state, seats) as seats, cast(sum(checksum) as text) as checksum,
           coalesce(sum(seats) filter (where state = 'assigned'), 0)::bigint as held
    from (
        select tenant_id, state, count(*) as seats, sum(
            ('x' || substr(md5(user_id::text || product || state || version::text), 1, 15))::bit(60)::bigint
        ) as checksum
        from seat where version > 0 group by tenant_id, state
    ) by_state group by tenant_id
"""
VOID = "select tenant_id, count(*) as claims_void from claim where is_void group by tenant_id"
CLAIMS = """
    select tenant_id, count(*) as claims,
           count(*) filter (where state = 'assigned' and from_state <> 'assigned') as entered,
           count(*) filter (where from_state = 'assigned' and state <> 'assigned') as "left"
    from claim where not is_void group by tenant_id
"""
# Each version names the one before it, and a first version counts 1 in its epoch: so a missing line shows.
MISSING = """
    select tenant_id, count(*) as claims_missing from (
        select s.tenant_id from seat s where s.version > 0 and not exists (
            select from claim c where (c.tenant_id, c.user_id, c.product, c.version)
                = (s.tenant_id, s.user_id, s.product, s.version))
        union all
        select c.tenant_id from claim c where c.previous_version > 0 and not c.is_void and not exists (
            select from claim b where (b.tenant_id, b.user_id, b.product, b.version)
                = (c.tenant_id, c.user_id, c.product, c.previous_version))
        union all
        select tenant_id from claim
        where previous_version = 0 and not is_void and version & ((1::bigint << 40) - 1) > 1
    ) missing group by tenant_id
"""
LEARN, OBSERVE = COMBINED_OF
RECOUNT = f"""
    select tenant_id, org_id, product,
           count(*) filter (where state = 'assigned') as assigned,
           count(*) filter (where state = 'waitlisted') as waitlisted,
           count(*) filter (where state = 'suspended') as suspended,
           count(*) filter (where state = 'assigned' and used = 0) as active,
           count(*) filter (where state = 'assigned' and used = 1) as inactive,
           count(*) filter (where state = 'assigned' and used = 2) as never_used,
           count(*) filter (where state = 'assigned' and used = 3) as unknown
    from (
        select tenant_id, org_id, product, state, used from standing
        union all
        select l.tenant_id, l.org_id, '{COMBINED}',
               case when 'waitlisted' in (l.state, o.state) then 'waitlisted'
                    when 'suspended' in (l.state, o.state) then 'suspended' else 'assigned' end,
               greatest(l.used, o.used)
        from standing l join standing o on o.tenant_id = l.tenant_id and o.user_id = l.user_id
        where l.product = '{LEARN}' and o.product = '{OBSERVE}'
    ) everybody group by tenant_id, org_id, product
"""
STANDING = """
    select s.tenant_id, s.user_id, s.product, coalesce(p.org_id, s.org_id) as org_id, s.state,
           case s.activity when 'active' then 0 when 'warned' then 0 when 'inactive' then 1
                           when 'never_used' then 2 else 3 end as used
    from seat s left join person p on p.tenant_id = s.tenant_id and p.id = s.user_id
    where s.state in ('assigned', 'waitlisted', 'suspended')
"""
FIGURES = ", ".join(Headcount._fields)
COUNTED_WRONG = """
    select tenant_id, count(distinct (org_id, product)) as headcount_wrong from (
        (select * from recount except select * from counted)
        union all
        (select * from counted except select * from recount)
    ) differing group by tenant_id
"""
COUNTED = f"""
    select tenant_id, org_id, product, {FIGURES} from headcount
    where ({FIGURES}) <> ({", ".join("0" for _ in Headcount._fields)})
"""
POOLS_WRONG = """
    select p.tenant_id, count(*) as pools_wrong
    from pool p left join (
        select tenant_id, pool_id, count(*) as assigned from seat where state = 'assigned' group by tenant_id, pool_id
    ) s on s.tenant_id = p.tenant_id and s.pool_id = p.id
    where p.assigned <> coalesce(s.assigned, 0) group by p.tenant_id
"""
DIAGNOSIS = text(f"""
    with standing as materialized ({STANDING}), recount as ({RECOUNT}), counted as ({COUNTED}),
         seats as ({SEATS}), claims as ({CLAIMS}), missing as ({MISSING}), void as ({VOID}), wrong as ({COUNTED_WRONG}),
         pools as ({POOLS_WRONG})
    select t.id as tenant_id, o.name, coalesce(seats, '{{}}') as seats, coalesce(checksum, '0') as checksum,
           coalesce(claims, 0) as claims, coalesce(claims_missing, 0) as claims_missing,
           coalesce(claims_void, 0) as claims_void,
           coalesce(entered, 0) as entered, coalesce("left", 0) as "left", coalesce(held, 0) as held,
           coalesce(headcount_wrong, 0) as headcount_wrong, coalesce(pools_wrong, 0) as pools_wrong
    from tenant t
    left join organization o on o.tenant_id = t.id and o.id = t.id
    left join seats on seats.tenant_id = t.id left join claims on claims.tenant_id = t.id
    left join void on void.tenant_id = t.id
    left join missing on missing.tenant_id = t.id left join wrong on wrong.tenant_id = t.id
    left join pools on pools.tenant_id = t.id
    order by t.id
""")

NAMED = count_by("""
    profile f join person p on (p.tenant_id, p.id) = (f.tenant_id, f.id)
    where p.status = 'deleted' and (f.display_name <> '' or f.email is not null)
""")


async def examine(conn: AsyncConnection) -> Sequence[RowMapping]:
    """A diagnosis of each tenant that the transaction sees. Reads everything: for doctors, not for pages."""
    return (await conn.execute(DIAGNOSIS)).mappings().all()
