"""Statements on seats and their activity: load what is judged, save what was decided."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import SeatChanged
from usher_usage.domain.activity import Activity, Holding, Keep
from usher_usage.domain.days import Pauses
from usher_usage.domain.telling import Change, Hold, Told, WatchedSeat
from usher_usage.domain.units import Rules
from usher_usage.store.holdings import is_return
from usher_usage.store.locking import Person, arrays
from usher_usage.store.units import load_units

ACTIVITIES = {activity.value: activity for activity in Activity}

SAVE_SEATS = text("""
    insert into seat as s (tenant_id, user_id, product, org_id, state, reason, assigned_since, is_return, version)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:products as text[]),
        cast(:orgs as uuid[]), cast(:states as text[]), cast(:reasons as text[]),
        cast(:assigned_since as timestamptz[]), cast(:returns as boolean[]), cast(:versions as bigint[]))
    on conflict (tenant_id, user_id, product) do update
    set (org_id, state, reason, assigned_since, is_return, version)
      = (excluded.org_id, excluded.state, excluded.reason, excluded.assigned_since,
         excluded.is_return or (s.is_return and s.assigned_since = excluded.assigned_since), excluded.version)
    where s.version < excluded.version
    returning s.tenant_id, s.user_id
""")
LOAD_WATCHED = text("""
    select s.tenant_id, s.user_id, s.product, coalesce(p.org_id, s.org_id) as org_id, s.state, s.reason,
        s.assigned_since, s.is_return, l.at as last_login_at, k.at as kept_at, k.until as kept,
        case when s.state = 'assigned' then array(
            select array[u.began_at, u.ended_at] from suspension u
            where (u.tenant_id, u.user_id, u.product) = (s.tenant_id, s.user_id, s.product)
                and u.began_at is not null and u.ended_at is not null) end as suspensions,
        a.org_id as told_org, a.activity, a.since, a.assigned_since as told_assigned, a.last_login_at as told_login,
        a.warned_since, a.reclaim_due, a.kept_until, a.told_at, a.next_change_at, a.version
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[])) as asked (tenant, person)
    join seat s on s.tenant_id = asked.tenant and s.user_id = asked.person
    left join seat_activity a on (a.tenant_id, a.user_id, a.product) = (s.tenant_id, s.user_id, s.product)
    left join last_login l on l.tenant_id = s.tenant_id and l.user_id = s.user_id
    left join person p on p.tenant_id = s.tenant_id and p.id = s.user_id
    left join keep k on (k.tenant_id, k.user_id, k.product) = (s.tenant_id, s.user_id, s.product)
""")
SAVE_ACTIVITY = text("""
    insert into seat_activity (tenant_id, user_id, product, org_id, activity, since, assigned_since, last_login_at,
        warned_since, reclaim_due, kept_until, told_at, next_change_at, version)
    select * from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:products as text[]),
        cast(:orgs as uuid[]), cast(:activities as text[]), cast(:since as timestamptz[]),
        cast(:assigned as timestamptz[]), cast(:logins as timestamptz[]), cast(:warned as timestamptz[]),
        cast(:due as timestamptz[]), cast(:kept as timestamptz[]), cast(:told as timestamptz[]),
        cast(:look as timestamptz[]), cast(:versions as bigint[]))
    on conflict (tenant_id, user_id, product) do update
    set (org_id, activity, since, assigned_since, last_login_at, warned_since, reclaim_due, kept_until, told_at,
        next_change_at, version)
      = (excluded.org_id, excluded.activity, excluded.since, excluded.assigned_since, excluded.last_login_at,
         excluded.warned_since, excluded.reclaim_due, excluded.kept_until, excluded.told_at, excluded.next_change_at,
         excluded.version)
""")
PAGE = text("""
    select tenant_id, user_id, product, org_id, activity, since, assigned_since, last_login_at, warned_since,
        reclaim_due, kept_until, version
    from seat_activity
    where (tenant_id, user_id, product)
            > (cast(cast(:tenant as text) as uuid), cast(cast(:person as text) as uuid), :product)
        and version > 0
    order by tenant_id, user_id, product limit :limit
""")
FIND_DUE = text("""
    select distinct tenant_id, user_id from (
        select tenant_id, user_id from seat_activity where next_change_at <= :at order by next_change_at limit :limit
    ) as due
""")
# Look-ups by key for each person, one table after the other: left to itself, the planner reads whole tables.
FIND_MOVED = text("""
    select distinct asked.tenant, asked.person
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[])) as asked (tenant, person)
    join lateral (
        select org_id from person where tenant_id = asked.tenant and id = asked.person offset 0
    ) p on true
    join lateral (
        select product, org_id from seat_activity where tenant_id = asked.tenant and user_id = asked.person offset 0
    ) a on a.org_id <> p.org_id
    join seat s on (s.tenant_id, s.user_id, s.product) = (asked.tenant, asked.person, a.product)
    where s.state = 'assigned'
""")


async def save_seats(conn: AsyncConnection, seats: Sequence[SeatChanged]) -> tuple[int, list[Person]]:
    """Keep the highest version of each seat. Answers how many were news, and the people whose seats changed."""
    saved = await conn.execute(
        SAVE_SEATS,
        {
            "tenants": [seat.tenant_id for seat in seats],
            "people": [seat.user_id for seat in seats],
            "products": [seat.product for seat in seats],
            "orgs": [seat.org_id for seat in seats],
            "states": [seat.state for seat in seats],
            "reasons": [seat.reason for seat in seats],
            "assigned_since": [seat.assigned_since or seat.since for seat in seats],
            "returns": [is_return(seat) for seat in seats],
            "versions": [seat.version for seat in seats],
        },
    )
    changed = [(row.tenant_id, row.user_id) for row in saved]
    return len(changed), sorted(set(changed))


async def load_watched(conn: AsyncConnection, people: Iterable[Person]) -> list[WatchedSeat]:
    """The seats that these people have or had, each with all that decides its activity."""
    rows = (await conn.execute(LOAD_WATCHED, arrays(people))).all()
    if not rows:
        return []
    units = await load_units(conn, {(row.tenant_id, row.org_id) for row in rows})
    rules = {key: units.rules(*key) for key in {(row.org_id, row.product) for row in rows}}
    return [from_row(row, rules[row.org_id, row.product]) for row in rows]


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
            "assigned": [change.told.assigned_since for change in changes],
            "logins": [change.told.last_login_at for change in changes],
            "warned": [change.told.warned_since for change in changes],
            "due": [change.told.reclaim_due for change in changes],
            "kept": [change.told.kept_until for change in changes],
            "told": [change.told.at for change in changes],
            "look": [change.look_at for change in changes],
            "versions": [change.told.version for change in changes],
        },
    )


async def find_due(conn: AsyncConnection, at: datetime, limit: int) -> list[Person]:
    """People with seats that time has come for, of at most `limit` seats, the longest due first; not locked."""
    return [(row.tenant_id, row.user_id) for row in await conn.execute(FIND_DUE, {"at": at, "limit": limit})]


async def find_moved(conn: AsyncConnection, people: Iterable[Person]) -> list[Person]:
    """Those of these people who hold seats that were last told at another organization than theirs."""
    return [(row.tenant, row.person) for row in await conn.execute(FIND_MOVED, arrays(people))]


def from_row(row: Row[Any], rules: Rules) -> WatchedSeat:
    told, hold = to_told(row), hold_of(row)
    holding = to_holding(row, rules, told, hold) if hold in (Hold.HELD, Hold.RECLAIMED) else None
    return WatchedSeat(row.tenant_id, row.user_id, row.product, row.org_id, hold, holding, told, row.next_change_at)


def to_told(row: Row[Any]) -> Told | None:
    if row.version is None:
        return None
    return Told(
        org_id=row.told_org,
        activity=ACTIVITIES[row.activity],
        since=row.since,
        assigned_since=row.told_assigned,
        last_login_at=row.told_login,
        at=row.told_at,
        version=row.version,
        warned_since=row.warned_since,
        reclaim_due=row.reclaim_due,
        kept_until=row.kept_until,
    )


def hold_of(row: Row[Any]) -> Hold:
    """Whether the seat is held, for activity's purposes."""
    if row.state == "assigned":
        return Hold.HELD
    if row.state == "suspended":
        return Hold.SUSPENDED
    return Hold.RECLAIMED if (row.state, row.reason) == ("released", "inactivity") else Hold.NONE


def to_holding(row: Row[Any], rules: Rules, told: Told | None, hold: Hold) -> Holding:
    """The holding; of a reclaimed seat the one that was judged last, since its fact does not date it."""
    judged = told.assigned_since if told and hold is Hold.RECLAIMED else None
    return Holding(
        assigned_since=judged or row.assigned_since,
        last_login_at=row.last_login_at,
        connected_since=rules.connected_since,
        policy=rules.policy,
        zone=rules.zone,
        pauses=with_suspensions(rules, row.suspensions) if row.suspensions else rules.breaks,
        keep=Keep(row.kept_at, row.kept) if row.kept_at else None,
        is_return=row.is_return,
    )


def with_suspensions(rules: Rules, suspensions: Iterable[tuple[datetime, datetime]]) -> Pauses:
    """Breaks, and the days that a suspension touches."""
    zone = rules.zone
    days = [(began.astimezone(zone).date(), ended.astimezone(zone).date()) for began, ended in suspensions]
    return Pauses.of([*rules.breaks.ranges, *days])


async def page_of_activity(conn: AsyncConnection, after: Sequence[str], limit: int) -> Sequence[Row[Any]]:
    """What was told last of seats, after a tenant, person and product, of all that the transaction sees."""
    tenant, person, product = after
    asked = {"tenant": tenant, "person": person, "product": product, "limit": limit}
    return (await conn.execute(PAGE, asked)).all()
