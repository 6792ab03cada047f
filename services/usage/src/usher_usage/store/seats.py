"""Statements on seats and their activity: load what is judged, save what was decided."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import SeatChanged
from usher_usage.domain.activity import DEFAULT_WINDOW_DAYS, Activity, Holding
from usher_usage.domain.telling import Change, Told, WatchedSeat
from usher_usage.store.locking import Person, arrays
from usher_usage.store.policies import load_policies

ACTIVITIES = {activity.value: activity for activity in Activity}

SAVE_SEATS = text("""
    insert into seat as s (tenant_id, user_id, product, org_id, state, assigned_since, version)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:products as text[]),
        cast(:orgs as uuid[]), cast(:states as text[]), cast(:assigned_since as timestamptz[]),
        cast(:versions as bigint[]))
    on conflict (tenant_id, user_id, product) do update
    set (org_id, state, assigned_since, version)
      = (excluded.org_id, excluded.state, excluded.assigned_since, excluded.version)
    where s.version < excluded.version
    returning s.tenant_id, s.user_id
""")
LOAD_WATCHED = text("""
    select s.tenant_id, s.user_id, s.product, coalesce(p.org_id, s.org_id) as org_id,
        s.state = 'assigned' as is_held, s.assigned_since, l.at as last_login_at,
        c.logins_since is not null as has_source,
        a.org_id as told_org, a.activity, a.since, a.last_login_at as told_login, a.told_at, a.next_change_at, a.version
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[])) as asked (tenant, person)
    join seat s on s.tenant_id = asked.tenant and s.user_id = asked.person
    left join seat_activity a on (a.tenant_id, a.user_id, a.product) = (s.tenant_id, s.user_id, s.product)
    left join last_login l on l.tenant_id = s.tenant_id and l.user_id = s.user_id
    left join configuration c on c.tenant_id = s.tenant_id
    left join person p on p.tenant_id = s.tenant_id and p.id = s.user_id
""")
ZONES = text("select id, time_zone from organization where id = any(cast(:orgs as uuid[]))")
SAVE_ACTIVITY = text("""
    insert into seat_activity (tenant_id, user_id, product, org_id, activity, since, last_login_at, told_at,
        next_change_at, version)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:products as text[]),
        cast(:orgs as uuid[]), cast(:activities as text[]), cast(:since as timestamptz[]),
        cast(:logins as timestamptz[]), cast(:told as timestamptz[]), cast(:look as timestamptz[]),
        cast(:versions as bigint[]))
    on conflict (tenant_id, user_id, product) do update
    set (org_id, activity, since, last_login_at, told_at, next_change_at, version)
      = (excluded.org_id, excluded.activity, excluded.since, excluded.last_login_at, excluded.told_at,
         excluded.next_change_at, excluded.version)
""")
FIND_DUE = text("""
    select distinct tenant_id, user_id from (
        select tenant_id, user_id from seat_activity where next_change_at <= :at order by next_change_at limit :limit
    ) as due
""")
FIND_MOVED = text("""
    select distinct a.tenant_id, a.user_id from person p
    join seat_activity a on a.tenant_id = p.tenant_id and a.user_id = p.id and a.org_id <> p.org_id
    join seat s on (s.tenant_id, s.user_id, s.product) = (a.tenant_id, a.user_id, a.product) and s.state = 'assigned'
    where p.id = any(cast(:people as uuid[]))
""")


async def save_seats(conn: AsyncConnection, seats: Sequence[SeatChanged]) -> list[Person]:
    """Keep the highest version of each seat. Answers the people whose seats changed."""
    changed = await conn.execute(
        SAVE_SEATS,
        {
            "tenants": [seat.tenant_id for seat in seats],
            "people": [seat.user_id for seat in seats],
            "products": [seat.product for seat in seats],
            "orgs": [seat.org_id for seat in seats],
            "states": [seat.state for seat in seats],
            "assigned_since": [seat.assigned_since or seat.since for seat in seats],
            "versions": [seat.version for seat in seats],
        },
    )
    return sorted({(row.tenant_id, row.user_id) for row in changed})


async def load_watched(conn: AsyncConnection, people: Iterable[Person]) -> list[WatchedSeat]:
    """The seats that these people have or had, each with all that decides its activity."""
    rows = (await conn.execute(LOAD_WATCHED, arrays(people))).all()
    if not rows:
        return []
    orgs = {row.org_id for row in rows}
    windows = {(policy.org_id, policy.product): policy.window_days for policy in await load_policies(conn, orgs)}
    zones = {row.id: to_zone(row.time_zone) for row in await conn.execute(ZONES, {"orgs": list(orgs)})}
    return [from_row(row, windows, zones) for row in rows]


async def save_activity(conn: AsyncConnection, changes: Sequence[Change]) -> None:
    """Write what was told of these seats, and when to look at them again."""
    if not changes:
        return
    await conn.execute(
        SAVE_ACTIVITY,
        {
            "tenants": [change.seat.tenant_id for change in changes],
            "people": [change.seat.user_id for change in changes],
            "products": [change.seat.product for change in changes],
            "orgs": [change.told.org_id for change in changes],
            "activities": [change.told.activity for change in changes],
            "since": [change.told.since for change in changes],
            "logins": [change.told.last_login_at for change in changes],
            "told": [change.told.at for change in changes],
            "look": [change.look_at for change in changes],
            "versions": [change.told.version for change in changes],
        },
    )


async def find_due(conn: AsyncConnection, at: datetime, limit: int) -> list[Person]:
    """People with seats that time has come for, of at most `limit` seats, the longest due first; not locked."""
    return [(row.tenant_id, row.user_id) for row in await conn.execute(FIND_DUE, {"at": at, "limit": limit})]


async def find_moved(conn: AsyncConnection, people: Sequence[UUID]) -> list[Person]:
    """Those of these people who hold seats that were last told at another organization than theirs."""
    return [(row.tenant_id, row.user_id) for row in await conn.execute(FIND_MOVED, {"people": people})]


def from_row(
    row: Row[tuple[object, ...]], windows: Mapping[tuple[UUID, str], int], zones: Mapping[UUID, tzinfo]
) -> WatchedSeat:
    holding = told = None
    if row.is_held:
        days = windows.get((row.org_id, row.product), DEFAULT_WINDOW_DAYS)
        zone = zones.get(row.org_id, UTC)
        holding = Holding(row.assigned_since, row.last_login_at, row.has_source, days, zone)
    if row.version is not None:
        told = Told(row.told_org, ACTIVITIES[row.activity], row.since, row.told_login, row.told_at, row.version)
    return WatchedSeat(row.tenant_id, row.user_id, row.product, row.org_id, holding, told, row.next_change_at)


@lru_cache(maxsize=1_000)
def to_zone(name: str) -> tzinfo:
    """The time zone of that name; UTC for one that nobody knows, so that a misspelt one stops no judgement."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
