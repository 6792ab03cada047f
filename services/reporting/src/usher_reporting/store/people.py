"""People, their seats and the headcounts kept beside them."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.headcount import Headcount, Place
from usher_reporting.domain.people import Activity, Holding, Person, PersonKey, Seat, SeatKey
from usher_reporting.store.statements import execute, save
from usher_reporting.tables import HEADCOUNT, SEAT

OWN_TENANTS = "unnest(cast(nullif(current_setting('usher.tenants', true), '') as uuid[]))"
ADD_PROGRESS = text(f"insert into progress (tenant_id) select * from {OWN_TENANTS} order by 1 on conflict do nothing")
LOCK_PROGRESS = text("select from progress order by tenant_id for update")

NOTE_DELAYS = text("""
    update progress as p set delays_ms = (array_prepend(new.delay, p.delays_ms))[1:32]
    from unnest(cast(:tenants as uuid[]), cast(:delays as bigint[])) as new (tenant_id, delay)
    where p.tenant_id = new.tenant_id
""")

LOAD_PEOPLE = text("""
    select asked.tenant_id, asked.user_id, p.org_id, s.product,
           s.version, s.org_id, s.pool_id, s.state, s.since, s.assigned_since,
           s.activity_version, s.activity, s.activity_since, s.last_login_at
    from unnest(cast(:tenants as uuid[]), cast(:users as uuid[])) as asked (tenant_id, user_id)
    left join person p on p.tenant_id = asked.tenant_id and p.id = asked.user_id
    left join seat s on s.tenant_id = asked.tenant_id and s.user_id = asked.user_id
""")

ADD_TO_HEADCOUNT = f"do update set ({', '.join(Headcount._fields)}) = (" + (
    ", ".join(f"kept.{figure} + excluded.{figure}" for figure in Headcount._fields) + ")"
)


async def lock_tenants(conn: AsyncConnection) -> None:
    """Lock the transaction's tenants, in their order: one transaction at a time brings a tenant's figures in step."""
    await conn.execute(ADD_PROGRESS)
    await conn.execute(LOCK_PROGRESS)


async def note_delays(conn: AsyncConnection, delays_ms: Mapping[UUID, int]) -> None:
    """Remember how late the facts of a batch came, by tenant; the latest are kept."""
    await conn.execute(NOTE_DELAYS, {"tenants": list(delays_ms), "delays": list(delays_ms.values())})


async def load_people(conn: AsyncConnection, keys: Collection[PersonKey]) -> dict[PersonKey, Person]:
    """These people with all their seats; an empty person for one of whom nothing is known. Needs the tenants' lock."""
    asked = {"tenants": [tenant for tenant, _ in keys], "users": [user for _, user in keys]}
    organizations: dict[PersonKey, UUID | None] = {}
    seats: dict[PersonKey, dict[str, Seat]] = {key: {} for key in keys}
    for tenant_id, user_id, org_id, product, *seat in await conn.execute(LOAD_PEOPLE, asked):
        key = (tenant_id, user_id)
        organizations[key] = org_id
        if product is not None:
            seats[key][product] = Seat(Holding(*seat[:6]), Activity(*seat[6:]))
    return {key: Person(organizations.get(key), found) for key, found in seats.items()}


async def save_seats(conn: AsyncConnection, seats: Mapping[SeatKey, Seat]) -> None:
    """Write seats as they were decided. Needs the tenants' lock."""
    await save(conn, SEAT, [to_row(key, seat) for key, seat in seats.items()])


def to_row(key: SeatKey, seat: Seat) -> dict[str, object]:
    """A seat as its row."""
    tenant_id, user_id, product = key
    holding, activity = seat.holding, seat.activity
    return {
        "tenant_id": tenant_id,
        "user_id": user_id,
        "product": product,
        "version": holding.version,
        "org_id": holding.org_id,
        "pool_id": holding.pool_id,
        "state": holding.state,
        "since": holding.since,
        "assigned_since": holding.assigned_since,
        "activity_version": activity.version,
        "activity": activity.activity,
        "activity_since": activity.since,
        "last_login_at": activity.last_login_at,
    }


async def add_to_headcounts(conn: AsyncConnection, differences: Mapping[Place, Headcount]) -> None:
    """Change headcounts by what became of their people. Needs the tenants' lock."""
    rows: Sequence[dict[str, object]] = [
        {"tenant_id": tenant_id, "org_id": org_id, "product": product, **by._asdict()}
        for (tenant_id, org_id, product), by in differences.items()
    ]
    await execute(conn, HEADCOUNT, ADD_TO_HEADCOUNT, rows)
