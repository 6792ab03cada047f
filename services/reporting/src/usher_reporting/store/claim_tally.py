"""Claims counted by day as they are written, so that patterns are read without reading claims.

What a seat's claims count depends on all of them that are known. So what they counted before is taken out, and what
they count now put in: whatever the order of arrival, the sums are those of a plain count. `count_claims` is the
database's own function, since the views of the past count by it too.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.store.histories import SeatKey, seat_arrays
from usher_reporting.store.statements import columns_of
from usher_reporting.tables import CLAIM

CLAIM_NAMES, CLAIM_TYPED = columns_of(CLAIM)
LINE = "tenant_id, org_id, product, day, kind, reason, length"
KEY = "tenant_id, org_id, product, day, kind, reason, known_on"
WAIT_KEY = "tenant_id, org_id, product, day, reason, length, known_on"
SUMS = ("claims", "seats_entered", "seats_left", "seats_transferred", "wants_begun", "wants_ended")

# `counted` are the lines that claims count as, with the sign by which they do and the day on which that was known.
ADD = f"""
    tallied as (
        insert into claim_tally as kept ({KEY}, {", ".join(SUMS)})
        select {KEY}, {", ".join(f"sum(sign * {one})" for one in SUMS)} from counted where length is null
        group by {KEY} having ({", ".join(f"sum(sign * {one})" for one in SUMS)}) <> (0, 0, 0, 0, 0, 0)
        on conflict ({KEY}) do update
        set ({", ".join(SUMS)}) = ({", ".join(f"kept.{one} + excluded.{one}" for one in SUMS)})
    ), waited as (
        insert into wait_tally as kept ({WAIT_KEY}, seats)
        select {WAIT_KEY}, sum(sign) from counted where length is not null group by {WAIT_KEY} having sum(sign) <> 0
        on conflict ({WAIT_KEY}) do update set seats = kept.seats + excluded.seats
    )
"""
COUNTED = f"""
    counted as (
        select {LINE}, {", ".join(SUMS)}, {{sign}} as sign, {{known_on}} as known_on
        from seats, count_claims(tenants, users, products, null)
    )
"""
TODAY = "cast(cast(:moment as timestamptz) at time zone 'UTC' as date)"
OF_ROWS = "select array_agg(tenant_id) as tenants, array_agg(user_id) as users, array_agg(product) as products from"

# The statement sees `claim` as it was before it: what it takes out is what the seats counted until now.
WRITE = text(f"""
    with written as (
        insert into claim ({CLAIM_NAMES})
        select {CLAIM_NAMES} from json_to_recordset(cast(cast(:rows as text) as json)) as given ({CLAIM_TYPED})
        on conflict do nothing
        returning tenant_id, user_id, product
    ), seats as ({OF_ROWS} (select distinct tenant_id, user_id, product from written) one),
    {COUNTED.format(sign="-1", known_on=TODAY)}, {ADD}
    select tenant_id, user_id, product from written
""")
COUNT = text(f"""
    with seats (tenants, users, products) as (
        select cast(:tenants as uuid[]), cast(:users as uuid[]), cast(:products as text[])
    ), {COUNTED.format(sign="1", known_on=TODAY)}, {ADD} select 1
""")

# A zone that the database does not know would stop every claim of its tenant.
FIND_ZONES = text("""
    select p.tenant_id from progress p join organization o on o.tenant_id = p.tenant_id and o.id = p.tenant_id
    where o.id = any(cast(:roots as uuid[])) and o.time_zone <> p.time_zone
""")
SET_ZONES = text("""
    update progress p set time_zone = coalesce((select name from pg_timezone_names where name = o.time_zone), 'UTC')
    from organization o
    where o.tenant_id = p.tenant_id and o.id = p.tenant_id and p.tenant_id = any(cast(:tenants as uuid[]))
""")
FORGET = tuple(
    text(f"delete from {table} where tenant_id = any(cast(:tenants as uuid[]))")
    for table in ("claim_tally", "wait_tally")
)
OF_TENANTS = (
    f"{OF_ROWS} (select tenant_id, user_id, product from seat where tenant_id = any(cast(:tenants as uuid[]))) of"
)
NO_SUMS = ", ".join("0" for _ in SUMS)
TOTALS = ", ".join(f"sum({one})" for one in SUMS)
# Sums of what is kept, whenever it came to be known, and of what is counted now: none where either is all 0.
DIFFER = text(f"""
    with seats as ({OF_TENANTS}), counted as materialized (
        select * from seats, count_claims(tenants, users, products, null)
    ), fresh as (
        select tenant_id, org_id, product, day, kind, reason, cast(null as integer) as length, {TOTALS}, 0 as seats
        from counted where length is null group by tenant_id, org_id, product, day, kind, reason
        having ({TOTALS}) <> ({NO_SUMS})
        union all
        select tenant_id, org_id, product, day, '', reason, length, {NO_SUMS}, count(*)
        from counted where length is not null group by tenant_id, org_id, product, day, reason, length
    ), kept as (
        select tenant_id, org_id, product, day, kind, reason, cast(null as integer), {TOTALS}, 0
        from claim_tally where tenant_id = any(cast(:tenants as uuid[]))
        group by tenant_id, org_id, product, day, kind, reason having ({TOTALS}) <> ({NO_SUMS})
        union all
        select tenant_id, org_id, product, day, '', reason, length, {NO_SUMS}, sum(seats)
        from wait_tally where tenant_id = any(cast(:tenants as uuid[]))
        group by tenant_id, org_id, product, day, reason, length having sum(seats) <> 0
    )
    select exists ((select * from fresh except select * from kept) union all
                   (select * from kept except select * from fresh))
""")
COUNT_TENANTS = text(f"""
    with seats as (
        {OF_TENANTS}
    ), {COUNTED.format(sign="1", known_on="known_on")}, {ADD} select 1
""")


async def write_claims(conn: AsyncConnection, rows: Sequence[Mapping[str, Any]], moment: datetime) -> list[SeatKey]:
    """Write the claims that are not there yet, and take out of the tallies what their seats counted until now.

    Answers the seat of each that was written; they are to be counted by `count_claims`. Needs the tenants' lock.
    """
    given = {"rows": orjson.dumps(rows, default=str).decode(), "moment": moment}
    return [(tenant, user, product) for tenant, user, product in await conn.execute(WRITE, given)]


async def count_claims(conn: AsyncConnection, seats: Sequence[SeatKey], moment: datetime) -> None:
    """Count what the claims of these seats count as, which nothing of is counted. Needs the tenants' lock."""
    if seats:
        await conn.execute(COUNT, seat_arrays(sorted(set(seats))) | {"moment": moment})


async def keep_zones(conn: AsyncConnection, roots: Sequence[UUID]) -> None:
    """Follow these tenants' time zones; where one changed, its claims are counted anew. Needs the tenants' lock."""
    if not roots:
        return
    tenants = {"tenants": list(await conn.scalars(FIND_ZONES, {"roots": list(roots)}))}
    if tenants["tenants"]:
        await conn.execute(SET_ZONES, tenants)
        await count_anew(conn, tenants["tenants"])


async def count_anew(conn: AsyncConnection, tenants: Sequence[UUID]) -> None:
    """Count all claims of these tenants, whatever was counted. Needs their lock."""
    for statement in (*FORGET, COUNT_TENANTS):
        await conn.execute(statement, {"tenants": list(tenants)})


async def is_miscounted(conn: AsyncConnection, tenants: Sequence[UUID]) -> bool:
    """Whether what is kept of these tenants is not what their claims count as. Reads all of them."""
    return bool(await conn.scalar(DIFFER, {"tenants": list(tenants)}))
