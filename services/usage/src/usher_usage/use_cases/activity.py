"""Activity: keeps logins and seats, and brings each seat's activity in step with them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import SeatChanged
from usher_contracts.envelope import Cause, Event, latest
from usher_contracts.identity import CalendarChanged, OrganizationChanged, UserChanged, UserLoggedIn
from usher_contracts.usage import SeatActivityChanged
from usher_kit import outbox
from usher_kit.directory import apply_organizations, apply_people
from usher_kit.ids import new_id
from usher_kit.versions import epoch_of, in_epoch
from usher_usage.domain.activity import Activity, Keep
from usher_usage.domain.policies import Policy
from usher_usage.domain.rollups import is_kept
from usher_usage.domain.telling import Change, keep, settle
from usher_usage.store.holdings import save_course, save_keep, tells_of_the_course
from usher_usage.store.locking import (
    Org,
    Person,
    lock_configuration,
    lock_free_people,
    lock_people,
    share_configuration,
)
from usher_usage.store.logins import forget_logins_of_deleted, save_logins
from usher_usage.store.policies import judge_below, save_policy
from usher_usage.store.seats import find_due, find_moved, load_watched, save_activity, save_seats
from usher_usage.store.units import find_new_sources, load_judged_by, save_calendars, save_sources
from usher_usage.use_cases.rollups import roll_up

DUE_SEATS = 2_000
"""Seats that one round of time's work takes."""

CONSOLE = "password"
"""The method of a login at Usher's own console."""


async def keep_organizations(
    conn: AsyncConnection, events: Sequence[Event[OrganizationChanged]], at: datetime
) -> Sequence[UUID]:
    """Keep organizations; where days or the policy in force may have changed, seats are due to be judged."""
    await lock_configuration(conn, {event.tenantid for event in events})
    orgs = [event.data.id for event in events]
    before = await load_judged_by(conn, orgs)
    news = await apply_organizations(conn, events, at)
    after = await load_judged_by(conn, orgs)
    if changed := [org for org, values in after.items() if before.get(org) != values]:
        await judge_below(conn, changed, at)
    return news


async def keep_calendars(
    conn: AsyncConnection, events: Sequence[Event[CalendarChanged]], at: datetime
) -> Sequence[Org]:
    """Keep calendars; where one has changed, seats are due to be judged."""
    await lock_configuration(conn, {event.tenantid for event in events})
    if changed := await save_calendars(conn, [event.data for event in latest(events)]):
        await judge_below(conn, changed, at)
    return changed


async def keep_people(conn: AsyncConnection, events: Sequence[Event[UserChanged]], at: datetime) -> Sequence[UUID]:
    """Keep people; the seats of those who moved are told of at the new organization. Who is deleted never logged in."""
    changed = await apply_people(conn, events, at)
    if gone := [event.data.id for event in events if event.data.status == "deleted"]:
        await forget_logins_of_deleted(conn, gone)
    tenants = {event.data.id: event.tenantid for event in events}
    if moved := await find_moved(conn, [(tenants[person], person) for person in changed]):
        await share_configuration(conn, {tenant for tenant, _ in moved})
        await lock_people(conn, moved)
        await judge(conn, moved, at, {(event.tenantid, event.data.id): event for event in events})
    return changed


async def keep_logins(
    conn: AsyncConnection, events: Sequence[Event[UserLoggedIn]], at: datetime, *, kept: timedelta
) -> int:
    """Keep logins, each once, count those not older than `kept`, and judge the seats of whose last login moved."""
    logins = [event.data for event in events]
    await connect_sources(conn, logins, at)
    news, moved = await save_logins(conn, [login for login in logins if is_kept(login.at, at, kept)], logins)
    await roll_up(conn, news)
    await judge(conn, moved, at, {(event.tenantid, event.data.user_id): event for event in events})
    return len(news)


async def connect_sources(conn: AsyncConnection, logins: Sequence[UserLoggedIn], at: datetime) -> None:
    """Lock what seats are judged under; where a source tells its first login of an organization, note it before.

    Signing in at the console says nothing of a source: whoever administers a district would make its every teacher
    one who never came.
    """
    first: dict[Org, datetime] = {}
    for login in logins:
        if login.method != CONSOLE:
            key = (login.tenant_id, login.org_id)
            first[key] = min(login.at, first.get(key, login.at))
    tenants = {login.tenant_id for login in logins}
    if not (new := await find_new_sources(conn, first)):
        await share_configuration(conn, tenants)
        return
    await lock_configuration(conn, tenants)
    await save_sources(conn, new)
    await judge_below(conn, new, at, activities=(Activity.UNKNOWN, Activity.NEVER_USED))


async def keep_seats(conn: AsyncConnection, events: Sequence[Event[SeatChanged]], at: datetime) -> int:
    """Keep seats, and judge those that changed by the logins that are already there."""
    current = latest(events)
    await share_configuration(conn, {event.tenantid for event in current})
    await lock_people(conn, {(event.tenantid, event.data.user_id) for event in current})
    news, changed = await save_seats(conn, [event.data for event in current])
    if course := [event.data for event in events if tells_of_the_course(event.data)]:
        changed = sorted({*changed, *await save_course(conn, course)})
    await judge(conn, changed, at, {(event.tenantid, event.data.user_id): event for event in current})
    return news


async def judge_due(conn: AsyncConnection, at: datetime) -> int:
    """Judge seats that time has come for. Answers for how many people; those who are locked wait for the next round."""
    due = await find_due(conn, at, DUE_SEATS)
    await share_configuration(conn, {tenant for tenant, _ in due})
    free = await lock_free_people(conn, due)
    await judge(conn, free, at, {})
    return len(free)


async def set_policy(
    conn: AsyncConnection, tenant_id: UUID, org_id: UUID, product: str, policy: Policy | None, at: datetime
) -> None:
    """Set the policy of a product at an organization and below (None inherits it again); seats there are due."""
    await lock_configuration(conn, [tenant_id])
    await save_policy(conn, tenant_id, org_id, product, policy)
    await judge_below(conn, [(tenant_id, org_id)], at, product=product)


async def keep_seat(conn: AsyncConnection, person: Person, product: str, at: datetime, cause: Cause) -> Keep | None:
    """Keep a seat for its holder, who asked for it, for the days of the policy; None where there is no seat to keep."""
    await share_configuration(conn, [person[0]])
    await lock_people(conn, [person])
    seat = next((seat for seat in await load_watched(conn, [person]) if seat.product == product), None)
    wish = keep(seat, at) if seat else None
    if wish:
        await save_keep(conn, person, product, wish)
        await judge(conn, [person], at, {}, cause)
    return wish


async def judge(
    conn: AsyncConnection,
    people: Sequence[Person],
    at: datetime,
    causes: Mapping[Person, Event[Any]],
    cause: Cause | None = None,
) -> None:
    """Bring the seats of these people, whom the caller has locked, in step with what is known; tell what is news.

    `causes` are the facts that led to it, person by person; `cause` what else did.
    """
    if not people:
        return
    seats = await load_watched(conn, people)
    epoch = epoch_of(conn)
    changes = [number(change, epoch) for seat in seats if (change := settle(seat, at))]
    await save_activity(conn, changes)
    news = [change for change in changes if change.is_news]
    await outbox.add(conn, [to_event(change, at, cause_of(change, causes) or cause or Cause()) for change in news])


def number(change: Change, epoch: int) -> Change:
    """The change with its fact at a version of `epoch`, whichever the last fact's is of."""
    version = in_epoch(change.told.version, epoch)
    if not change.is_news or version == change.told.version:
        return change
    return replace(change, told=replace(change.told, version=version))


def cause_of(change: Change, causes: Mapping[Person, Event[Any]]) -> Cause | None:
    event = causes.get((change.seat.tenant_id, change.seat.user_id))
    return Cause.of(event) if event else None


def to_event(change: Change, at: datetime, cause: Cause) -> Event[SeatActivityChanged]:
    seat, told = change.seat, change.told
    fact = SeatActivityChanged(
        tenant_id=seat.tenant_id,
        user_id=seat.user_id,
        product=seat.product,
        org_id=told.org_id,
        activity=told.activity.value,
        since=told.since,
        assigned_since=told.assigned_since,
        last_login_at=told.last_login_at,
        warned_since=told.warned_since,
        reclaim_due=told.reclaim_due,
        kept_until=told.kept_until,
        version=told.version,
        previous_version=seat.told.version if seat.told else 0,
    )
    return Event.of(fact, id=new_id(), at=at, cause=cause)
