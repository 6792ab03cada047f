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
ADD = text(f"""
    insert into seat (tenant_id, user_id, product, org_id, state, since, version) {FACTS}
    on conflict do nothing returning tenant_id, user_id, product
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
    added = {key_of(row) for row in await conn.execute(ADD, arrays(seats))}
    known = [seat for seat in seats if key_of(seat) not in added]
    older: dict[Key, str] = {}
    if known:
        older = {key_of(row): row.state for row in await conn.execute(LOCK_OLDER, arrays(known))}
        await conn.execute(REPLACE, arrays(known))
    began = [
        seat
        for seat in seats
        if seat.state == WAITLISTED and (key_of(seat) in added or older.get(key_of(seat), WAITLISTED) != WAITLISTED)
    ]
    return len(added) + len(older), began


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
