"""People, their seats and the headcounts kept beside them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_reporting.domain.headcount import Headcount, Place, difference
from usher_reporting.domain.people import Activity, Change, Holding, Person, PersonKey, Seat
from usher_reporting.store.statements import execute, save
from usher_reporting.tables import HEADCOUNT, SEAT

NOTE_DELAYS = text("""
    update progress as p set delays_ms = (array_prepend(new.delay, p.delays_ms))[1:32]
    from unnest(cast(:tenants as uuid[]), cast(:delays as bigint[])) as new (tenant_id, delay)
    where p.tenant_id = new.tenant_id
""")

# Lateral look-ups by key for each person: a planner that sees a thousand of them would rather read the whole table.
OWN_ORGANIZATION = """
    left join lateral (
        select org_id from person where tenant_id = asked.tenant_id and id = asked.user_id offset 0
    ) p on true
"""
OWN_SEATS = """
    lateral (
        select product, version, org_id, pool_id, state, since, assigned_since,
               activity_version, activity, activity_since, last_login_at
        from seat where tenant_id = asked.tenant_id and user_id = asked.user_id offset 0
    ) s
"""
LOAD_PEOPLE = text(f"""
    select asked.place, p.org_id, s.*
    from unnest(cast(:tenants as uuid[]), cast(:users as uuid[])) with ordinality as asked (tenant_id, user_id, place)
    {OWN_ORGANIZATION}
    left join {OWN_SEATS} on true
""")
LOAD_MOVED = text(f"""
    select asked.place, p.org_id, s.*
    from unnest(cast(:tenants as uuid[]), cast(:users as uuid[]), cast(:orgs as uuid[]))
        with ordinality as asked (tenant_id, user_id, org_id, place)
    {OWN_ORGANIZATION}
    join {OWN_SEATS} on true
    where p.org_id is distinct from asked.org_id
""")

ADD_TO_HEADCOUNT = f"do update set ({', '.join(Headcount._fields)}) = (" + (
    ", ".join(f"kept.{figure} + excluded.{figure}" for figure in Headcount._fields) + ")"
)


async def note_delays(conn: AsyncConnection, delays_ms: Mapping[UUID, int]) -> None:
    """Remember how late the facts of a batch came, by tenant; the latest are kept."""
    await conn.execute(NOTE_DELAYS, {"tenants": list(delays_ms), "delays": list(delays_ms.values())})


async def load_people(conn: AsyncConnection, keys: Sequence[PersonKey]) -> list[Person]:
    """These people in their order, with all their seats as far as they are known. Needs the tenants' lock."""
    people = [Person(*key) for key in keys]
    for place, person in from_rows(await conn.execute(LOAD_PEOPLE, arrays(keys)), keys):
        people[place] = person
    return people


async def load_moved(conn: AsyncConnection, to: Mapping[PersonKey, UUID]) -> list[Person]:
    """Those of these people who have seats, and are not known to be where they go `to`. Needs the tenants' lock."""
    keys = list(to)
    rows = await conn.execute(LOAD_MOVED, {**arrays(keys), "orgs": list(to.values())})
    return [person for _, person in from_rows(rows, keys)]


def arrays(keys: Sequence[PersonKey]) -> dict[str, Sequence[UUID]]:
    """People as the parallel arrays that statements take."""
    return {"tenants": [tenant for tenant, _ in keys], "users": [user for _, user in keys]}


def from_rows(rows: Iterable[Sequence[Any]], keys: Sequence[PersonKey]) -> Iterator[tuple[int, Person]]:
    """The people of rows, one a seat, each with their index among the `keys` that were asked for."""
    seats: dict[int, dict[str, Seat]] = defaultdict(dict)
    organizations: dict[int, UUID | None] = {}
    for place, org_id, product, *seat in rows:
        organizations[place - 1] = org_id
        if product is not None:
            seats[place - 1][product] = Seat(Holding(*seat[:6]), Activity(*seat[6:]))
    for place, org_id in organizations.items():
        yield place, Person(*keys[place], org_id, seats.get(place, {}))


async def save_changes(conn: AsyncConnection, changes: Sequence[Change]) -> None:
    """Write what changed of these people's seats, and count it. Needs the tenants' lock."""
    seats = [to_row(change.after, product, seat) for change in changes for product, seat in change.changed_seats()]
    await save(conn, SEAT, seats)
    await add_to_headcounts(conn, difference(changes))


def to_row(person: Person, product: str, seat: Seat) -> dict[str, object]:
    """A seat as its row."""
    holding, activity = seat.holding, seat.activity
    return {
        "tenant_id": person.tenant_id,
        "user_id": person.user_id,
        "product": product,
        "version": holding.version,
        "org_id": holding.org_id,
        "counts_at": person.counts_at(seat),
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
    """Change headcounts by these differences."""
    rows: Sequence[dict[str, object]] = [
        {"tenant_id": tenant_id, "org_id": org_id, "product": product, **by._asdict()}
        for (tenant_id, org_id, product), by in differences.items()
    ]
    await execute(conn, HEADCOUNT, ADD_TO_HEADCOUNT, rows)
