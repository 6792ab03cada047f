"""Statements on seats, as far as notices need them: who waits, and who just began to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import SeatChanged

Key: TypeAlias = tuple[UUID, UUID, str]
"""A seat: tenant, person, product."""

FACTS = """
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:products as text[]),
        cast(:orgs as uuid[]), cast(:states as text[]), cast(:since as timestamptz[]), cast(:versions as bigint[]))
        as fact (tenant_id, user_id, product, org_id, state, since, version)
    order by tenant_id, user_id, product
"""
# Of a thousand seats that are new, those who wait alone are told back.
ADD = text(f"""
    with added as (
        insert into seat (tenant_id, user_id, product, org_id, state, since, version) {FACTS}
        on conflict do nothing returning tenant_id, user_id, product, state
    )
    select (select count(*) from added) as number,
        array(select user_id || '/' || product from added where state = 'waitlisted') as waiting
""")
LOCK_OLDER = text(f"""
    select s.tenant_id, s.user_id, s.product, s.state from seat s
    join ({FACTS}) as fact on (fact.tenant_id, fact.user_id, fact.product) = (s.tenant_id, s.user_id, s.product)
    where s.version < fact.version order by s.tenant_id, s.user_id, s.product for update of s
""")
REPLACE = text(f"""
    update seat s set (org_id, state, since, version) = (fact.org_id, fact.state, fact.since, fact.version)
    from ({FACTS}) as fact
    where (fact.tenant_id, fact.user_id, fact.product) = (s.tenant_id, s.user_id, s.product)
        and s.version < fact.version
""")

WAITLISTED = "waitlisted"


async def keep_seats(conn: AsyncConnection, seats: Sequence[SeatChanged]) -> tuple[int, list[SeatChanged]]:
    """Keep the highest version of each seat.

    Answers how many were news, and those whose holder begins to wait: they did not, as last known.
    """
    added = (await conn.execute(ADD, arrays(seats))).one()
    waiting: set[str] = set(added.waiting)
    older: dict[Key, str] = {}
    if added.number < len(seats):
        older = {key_of(row): row.state for row in await conn.execute(LOCK_OLDER, arrays(seats))}
        await conn.execute(REPLACE, arrays(seats))
    began = [
        seat
        for seat in seats
        if seat.state == WAITLISTED and (seat.subject in waiting or older.get(key_of(seat), WAITLISTED) != WAITLISTED)
    ]
    return added.number + len(older), began


def key_of(seat: Any) -> Key:
    return (seat.tenant_id, seat.user_id, seat.product)


def arrays(seats: Iterable[SeatChanged]) -> dict[str, Sequence[UUID | str | int | datetime]]:
    """Seats as the parallel arrays that statements take."""
    listed = list(seats)
    return {
        "tenants": [seat.tenant_id for seat in listed],
        "people": [seat.user_id for seat in listed],
        "products": [seat.product for seat in listed],
        "orgs": [seat.org_id for seat in listed],
        "states": [seat.state for seat in listed],
        "since": [seat.since for seat in listed],
        "versions": [seat.version for seat in listed],
    }
