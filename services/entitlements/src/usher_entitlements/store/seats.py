"""Seats: those of a batch's people, those in line for a pool, and what became of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.seats import Reason, Seat, SeatState
from usher_kit.database import Contended

COLUMNS = """
    s.tenant_id, s.user_id, s.product, s.org_id, s.pool_id, s.state, s.reason, s.since, s.assigned_since,
    s.wanted_since, s.priority, s.first_in_line, s.role, s.version, s.line_order, s.blocked_at, s.lifted_at,
    s.given_back_at, s.blocked_for
"""
OF_PEOPLE = text(f"""
    select {COLUMNS}
    from unnest(cast(:tenants as uuid[]), cast(:users as uuid[])) as named (tenant_id, user_id)
    join seat s on s.tenant_id = named.tenant_id and s.user_id = named.user_id
""")
IN_LINE = text(f"""
    select {COLUMNS}
    from unnest(cast(:tenants as uuid[]), cast(:pools as uuid[]), cast(:places as int[]))
        as open (tenant_id, pool_id, places)
    cross join lateral (
        select * from seat w
        where w.tenant_id = open.tenant_id and w.pool_id = open.pool_id and w.state = 'waitlisted'
        order by w.line_order, w.first_in_line desc, w.priority, w.wanted_since, w.user_id
        limit open.places
    ) s
""")
IN_STATE = text(f"""
    select {COLUMNS} from seat s
    where s.tenant_id = any(cast(:tenants as uuid[])) and s.pool_id = any(cast(:pools as uuid[])) and s.state = :state
""")
OF_UNITS = text(f"""
    select {COLUMNS}
    from unnest(cast(:orgs as uuid[]), cast(:products as text[])) as unit (org_id, product)
    join person p on p.tenant_id = any(cast(:tenants as uuid[])) and p.org_id = unit.org_id
    join seat s on s.tenant_id = p.tenant_id and s.user_id = p.id and s.product = unit.product
    where s.state in ('waitlisted', 'assigned', 'suspended')
""")
SAVE = text("""
    insert into seat as s (tenant_id, user_id, product, org_id, pool_id, state, reason, since, assigned_since,
        wanted_since, priority, first_in_line, role, evidence, version, line_order, blocked_at, lifted_at,
        given_back_at, blocked_for)
    select * from unnest(cast(:tenants as uuid[]), cast(:users as uuid[]), cast(:products as text[]),
        cast(:orgs as uuid[]), cast(:pools as uuid[]), cast(:states as text[]), cast(:reasons as text[]),
        cast(:since as timestamptz[]), cast(:assigned_since as timestamptz[]), cast(:wanted_since as timestamptz[]),
        cast(:priorities as int[]), cast(:first_in_line as bool[]), cast(:roles as text[]),
        cast(:evidence as jsonb[]), cast(:versions as bigint[]), cast(:orders as int[]),
        cast(:blocked_at as timestamptz[]), cast(:lifted_at as timestamptz[]), cast(:given_back_at as timestamptz[]),
        cast(:blocked_for as text[]))
    on conflict (tenant_id, user_id, product) do update
    set (org_id, pool_id, state, reason, since, assigned_since, wanted_since, priority, first_in_line, role, evidence,
         version, line_order, blocked_at, lifted_at, given_back_at, blocked_for)
      = (excluded.org_id, excluded.pool_id, excluded.state, excluded.reason, excluded.since, excluded.assigned_since,
         excluded.wanted_since, excluded.priority, excluded.first_in_line, excluded.role, excluded.evidence,
         excluded.version, excluded.line_order, excluded.blocked_at, excluded.lifted_at, excluded.given_back_at,
         excluded.blocked_for)
    where s.version < excluded.version
""")
PLACE = text("""
    update seat s
    set (org_id, wanted_since, priority, role, first_in_line, line_order, blocked_at, lifted_at, given_back_at,
         blocked_for)
      = (f.org_id, f.wanted_since, f.priority, f.role, f.first_in_line, f.line_order, f.blocked_at, f.lifted_at,
         f.given_back_at, f.blocked_for)
    from unnest(cast(:tenants as uuid[]), cast(:users as uuid[]), cast(:products as text[]),
        cast(:orgs as uuid[]), cast(:wanted_since as timestamptz[]), cast(:priorities as int[]), cast(:roles as text[]),
        cast(:first_in_line as bool[]), cast(:orders as int[]), cast(:blocked_at as timestamptz[]),
        cast(:lifted_at as timestamptz[]), cast(:given_back_at as timestamptz[]), cast(:blocked_for as text[]))
        as f (tenant_id, user_id, product, org_id, wanted_since, priority, role, first_in_line, line_order, blocked_at,
              lifted_at, given_back_at, blocked_for)
    where s.tenant_id = f.tenant_id and s.user_id = f.user_id and s.product = f.product
""")

Seats = dict[UUID, dict[str, Seat]]
"""By person, then product."""
FORGET_NOTES = text("""
    update seat set evidence = evidence - 'note'
    where user_id = any(cast(:users as uuid[])) and evidence ->> 'note' is not null
""")


async def load_seats(conn: AsyncConnection, users: Mapping[UUID, UUID]) -> Seats:
    """Every seat that these people (ids with their tenants) have or had."""
    seats: Seats = defaultdict(dict)
    for row in await conn.execute(OF_PEOPLE, {"tenants": list(users.values()), "users": list(users)}):
        seats[row.user_id][row.product] = from_row(row)
    return seats


async def load_line(conn: AsyncConnection, places: Iterable[tuple[UUID, UUID, int | None]]) -> dict[UUID, list[Seat]]:
    """For each (tenant, pool, places), that many of the first in line; None is all who wait."""
    asked = list(places)
    line: dict[UUID, list[Seat]] = defaultdict(list)
    if asked:
        tenants, pools, limits = zip(*asked, strict=True)
        arrays = {"tenants": list(tenants), "pools": list(pools), "places": list(limits)}
        for row in await conn.execute(IN_LINE, arrays):
            line[row.pool_id].append(from_row(row))
    return line


async def load_in_state(
    conn: AsyncConnection, tenants: Sequence[UUID], pools: Sequence[UUID], state: SeatState
) -> dict[UUID, list[Seat]]:
    """All seats of these pools that are in `state`, by pool."""
    found: dict[UUID, list[Seat]] = defaultdict(list)
    if pools:
        for row in await conn.execute(IN_STATE, {"tenants": tenants, "pools": pools, "state": str(state)}):
            found[row.pool_id].append(from_row(row))
    return found


async def load_open_seats_of_units(
    conn: AsyncConnection, tenants: Sequence[UUID], units: Sequence[tuple[UUID, str]]
) -> list[Seat]:
    """The open seats of the people of each (organization, product)."""
    arrays = {"tenants": tenants, "orgs": [org for org, _ in units], "products": [product for _, product in units]}
    return [from_row(row) for row in await conn.execute(OF_UNITS, arrays)]


async def save_seats(conn: AsyncConnection, seats: Mapping[tuple[UUID, str], tuple[Seat, str]]) -> None:
    """Save seats at a new version, each with its evidence as JSON.

    Raises Contended when one has such a version already: it was decided about meanwhile.
    """
    if not seats:
        return
    rows = [seat for seat, _ in seats.values()]
    saved = await conn.execute(
        SAVE,
        {
            **place_columns(rows),
            "pools": [seat.pool_id for seat in rows],
            "states": [seat.state.value for seat in rows],
            "reasons": [seat.reason.value for seat in rows],
            "assigned_since": [seat.assigned_since for seat in rows],
            "since": [seat.since for seat in rows],
            "evidence": [evidence for _, evidence in seats.values()],
            "versions": [seat.version for seat in rows],
        },
    )
    if saved.rowcount < len(rows):
        raise Contended("a seat was decided about meanwhile")


async def save_places(conn: AsyncConnection, seats: Sequence[Seat]) -> None:
    """Save the places of locked people's seats, which make no version."""
    if seats:
        await conn.execute(PLACE, place_columns(seats))


def place_columns(seats: Sequence[Seat]) -> dict[str, list[Any]]:
    """What names a seat, and its place, as arrays."""
    return {
        "tenants": [seat.tenant_id for seat in seats],
        "users": [seat.user_id for seat in seats],
        "products": [seat.product for seat in seats],
        "orgs": [seat.org_id for seat in seats],
        "wanted_since": [seat.wanted_since for seat in seats],
        "priorities": [seat.priority for seat in seats],
        "roles": [seat.role for seat in seats],
        "first_in_line": [seat.first_in_line for seat in seats],
        "orders": [seat.line_order for seat in seats],
        "blocked_at": [seat.blocked_at for seat in seats],
        "lifted_at": [seat.lifted_at for seat in seats],
        "given_back_at": [seat.given_back_at for seat in seats],
        "blocked_for": [seat.blocked_for.value if seat.blocked_for else None for seat in seats],
    }


def from_row(row: Sequence[Any]) -> Seat:
    # By position: a thousand rows a batch, twenty names each, is what reading a batch costs most.
    tenant_id, user_id, product, org_id, pool_id, state, reason, *rest, blocked_for = row
    rest.append(Reason(blocked_for) if blocked_for else None)
    return Seat(tenant_id, user_id, product, org_id, pool_id, SeatState(state), Reason(reason), *rest)


async def forget_notes(conn: AsyncConnection, users: Sequence[UUID]) -> None:
    """Forget what administrators wrote on the seats of these people."""
    await conn.execute(FORGET_NOTES, {"users": users})
