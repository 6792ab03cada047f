"""What facts do to the read models: each use case loads, decides and saves, once for a whole batch."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median_low
from typing import Any
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import LicenseTermChanged, PoolChanged, ProductChanged, SeatChanged
from usher_contracts.envelope import OPERATORS_TENANT, Event, latest, trace_id_of
from usher_contracts.identity import OrganizationChanged, UserChanged, UserProfileChanged
from usher_contracts.usage import ActivesChanged, SeatActivityChanged
from usher_kit import directory
from usher_kit.database import open_more
from usher_kit.versions import EPOCH_SIZE, last_of_epoch
from usher_reporting.domain.people import Activity, Change, Holding, News, Person, PersonKey, Seat
from usher_reporting.reports.catalogue import NAMING_PEOPLE
from usher_reporting.store.claim_tally import count_claims, keep_zones, write_claims
from usher_reporting.store.exports import remove_files_naming
from usher_reporting.store.histories import SeatKey, judge_claims
from usher_reporting.store.people import (
    load_moved,
    load_people,
    note_delays,
    save_changes,
)
from usher_reporting.store.statements import save_newer
from usher_reporting.store.timeline import lock_tenants
from usher_reporting.tables import ACTIVES, LICENSE_TERM, POOL, PRODUCT, PROFILE

MILLISECOND = timedelta(milliseconds=1)


async def keep_organizations(
    conn: AsyncConnection, events: Sequence[Event[OrganizationChanged]], at: datetime
) -> Sequence[UUID]:
    """Keep the tree. Where a tenant's time zone changed, its claims are counted anew by the days there."""
    await lock_tenants(conn, at)
    changed = await directory.apply_organizations(conn, events, at)
    await keep_zones(conn, sorted({event.tenantid for event in events}.intersection(changed)))
    return changed


async def keep_people(conn: AsyncConnection, events: Sequence[Event[UserChanged]], at: datetime) -> Collection[UUID]:
    """Keep the copy of people; whoever changed organization is counted in the new one, with all their seats.

    Of who is deleted no personal data stays: a blank profile takes the place of theirs, in whatever order they come.
    """
    await lock_tenants(conn, at)
    facts = [event.data for event in latest(events)]
    to = {(fact.tenant_id, fact.id): fact.org_id for fact in facts}
    moved = await load_moved(conn, to)
    changed = set(await directory.apply_people(conn, events, at))
    changes = [
        Change(person, person.moved(to[person.tenant_id, person.user_id]))
        for person in moved
        if person.user_id in changed
    ]
    await save_changes(conn, changes)
    deleted = [fact for fact in facts if fact.status == "deleted"]
    await save_newer(conn, PROFILE, [blank_profile(fact) for fact in deleted])
    # Whose deletion is told again are in no file that was made since.
    news = changed.intersection(event.data.id for event in events if event.reemission is None)
    await unname_exports(conn, {fact.tenant_id for fact in deleted if fact.id in news})
    return changed


async def unname_exports(conn: AsyncConnection, tenants: Collection[UUID]) -> None:
    """Remove the exports that may name people of these tenants, those of several tenants together among them."""
    if tenants:
        await open_more(conn, [OPERATORS_TENANT])
        await remove_files_naming(conn, NAMING_PEOPLE, sorted(tenants))


def blank_profile(fact: UserChanged) -> dict[str, Any]:
    """What is left of a deleted person's profile."""
    nothing = {"external_id": None, "user_name": "", "display_name": "", "email": None}
    return {"tenant_id": fact.tenant_id, "id": fact.id, **nothing, "version": last_of_epoch(fact.version)}


async def keep_profiles(
    conn: AsyncConnection,
    events: Sequence[Event[UserProfileChanged]],
    at: datetime,
) -> int:
    """Keep names and addresses."""
    return await keep_latest(conn, PROFILE, events, at)


async def keep_products(
    conn: AsyncConnection,
    events: Sequence[Event[ProductChanged]],
    at: datetime,
) -> int:
    """Keep the catalogue."""
    return await keep_latest(conn, PRODUCT, events, at)


async def keep_terms(
    conn: AsyncConnection,
    events: Sequence[Event[LicenseTermChanged]],
    at: datetime,
) -> int:
    """Keep the license terms with their states."""
    return await keep_latest(conn, LICENSE_TERM, events, at)


async def keep_pools(
    conn: AsyncConnection,
    events: Sequence[Event[PoolChanged]],
    at: datetime,
) -> int:
    """Keep the pools: their capacities and license states. Who holds their seats is counted here."""
    return await keep_latest(conn, POOL, events, at)


async def keep_actives(
    conn: AsyncConnection,
    events: Sequence[Event[ActivesChanged]],
    at: datetime,
) -> int:
    """Keep how many came."""
    return await keep_latest(conn, ACTIVES, events, at)


async def keep_latest(conn: AsyncConnection, table: Table, events: Sequence[Event[Any]], at: datetime) -> int:
    """Keep the highest version of each entity in a table whose columns have the names of the fact's fields.

    Answers how many were news.
    """
    await lock_tenants(conn, at)
    return await save_newer(conn, table, [dict(event.data) for event in latest(events)])


async def keep_seats(conn: AsyncConnection, events: Sequence[Event[SeatChanged]], at: datetime) -> int:
    """Write a claim for each version of a seat, whatever the order of arrival; keep the highest and count it.

    Where entitlements was restored from a backup, what it told after that backup and before is marked void.
    """
    moment = await lock_tenants(conn, at)
    told = await tell_of_seats(conn, [to_news(event.data, Seat(holding=to_holding(event.data))) for event in events])
    written = await write_claims(conn, [to_claim(event, moment) for event in events], moment)
    await judge_claims(conn, [seat for change in told for seat in restored_seats(change.after)], moment)
    await count_claims(conn, written, moment)
    await note_delays(conn, delays_ms(events, at))
    return len(written)


async def keep_activity(
    conn: AsyncConnection,
    events: Sequence[Event[SeatActivityChanged]],
    at: datetime,
) -> int:
    """Keep how each seat is used, and count it."""
    await lock_tenants(conn, at)
    told = await tell_of_seats(conn, [to_news(event.data, Seat(activity=to_activity(event.data))) for event in events])
    return sum(1 for change in told for _ in change.changed_seats())


async def tell_of_seats(conn: AsyncConnection, news: Sequence[tuple[PersonKey, News]]) -> list[Change]:
    """Bring people's seats and the headcounts in step with news of seats. Needs the tenants' lock."""
    by_person: dict[PersonKey, list[News]] = defaultdict(list)
    for key, one in news:
        by_person[key].append(one)
    people = await load_people(conn, list(by_person))
    told = zip(people, by_person.values(), strict=True)
    changes = [Change(person, person.told(told_of)) for person, told_of in told]
    await save_changes(conn, changes)
    return changes


def restored_seats(person: Person) -> Iterator[SeatKey]:
    """The person's seats that their owner has told of since it was first restored."""
    for product, seat in person.seats.items():
        if seat.holding.version >= EPOCH_SIZE:
            yield (person.tenant_id, person.user_id, product)


def to_news(fact: SeatChanged | SeatActivityChanged, seat: Seat) -> tuple[PersonKey, News]:
    return (fact.tenant_id, fact.user_id), (fact.product, seat)


def to_holding(fact: SeatChanged) -> Holding:
    return Holding(fact.version, fact.org_id, fact.pool_id, fact.state, fact.since, fact.assigned_since)


def to_activity(fact: SeatActivityChanged) -> Activity:
    return Activity(fact.version, fact.activity, fact.since, fact.last_login_at)


def to_claim(event: Event[SeatChanged], known_at: datetime) -> dict[str, Any]:
    """The line of history that this version of a seat is, as its row; with all that leads back to its cause."""
    fact = event.data
    return {
        "tenant_id": fact.tenant_id,
        "user_id": fact.user_id,
        "product": fact.product,
        "version": fact.version,
        "previous_version": fact.previous_version,
        "at": event.time,
        "org_id": fact.org_id,
        "pool_id": fact.pool_id,
        "kind": fact.claim,
        "reason": fact.reason,
        "from_state": fact.from_state,
        "state": fact.state,
        "actor": event.actor,
        "message_id": event.id,
        "causation_id": event.causationid,
        "correlation_id": event.correlationid,
        "changeset": event.changeset,
        "trace_id": trace_id_of(event.traceparent),
        "since": fact.since,
        "assigned_since": fact.assigned_since,
        "is_void": False,
        "known_at": known_at,
        "voided_at": None,
    }


def delays_ms(events: Sequence[Event[Any]], at: datetime) -> dict[UUID, int]:
    """By tenant, the median of the milliseconds between a fact's time and `at`; a clock ahead of ours counts as 0."""
    delays: dict[UUID, list[int]] = defaultdict(list)
    for event in (one for one in events if one.reemission is None):
        delays[event.tenantid].append(max(0, (at - event.time) // MILLISECOND))
    return {tenant_id: median_low(found) for tenant_id, found in delays.items()}
