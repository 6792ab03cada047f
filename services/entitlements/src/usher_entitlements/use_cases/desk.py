"""The desk: all that people are decided on, loaded under locks, for facts, pending people and re-evaluations alike."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_entitlements.domain.grants import Rules, by_product
from usher_entitlements.domain.people import Person
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seating import Case, Seating, Situation, decide_seating
from usher_entitlements.domain.seats import Reason, Seat, SeatChange, SeatState
from usher_entitlements.store.configurations import Configuration, load_rules
from usher_entitlements.store.organizations import Served, load_concerned
from usher_entitlements.store.people import lock_people
from usher_entitlements.store.pools import lock_pools
from usher_entitlements.store.reevaluations import add_listed, take_people
from usher_entitlements.store.seats import load_line, load_seats, save_places
from usher_entitlements.store.work_lists import count_listed, listed_at_most
from usher_entitlements.use_cases.recording import causes_by_pool, record_pools, record_seats
from usher_kit.database import Contended


@dataclass(frozen=True, slots=True)
class Desk:
    """People as last decided about, with what serves them, under locks."""

    configurations: Mapping[UUID, Configuration]
    rules: Mapping[UUID, Rules]
    served: Served
    pools: Mapping[UUID, Pool]
    people: Mapping[UUID, Person]
    seats: Mapping[UUID, Mapping[str, Seat]]
    waiting: Mapping[UUID, Sequence[Seat]] = field(default_factory=dict)
    """By pool, the first in line: as many as may be wanted."""
    listed: Mapping[UUID, int] = field(default_factory=dict)
    """By pool, how many people at most a change of the configuration left to be considered."""

    def decided(self, person: Person) -> Person:
        """The person as decided under the configuration in force; pending while their organization is unknown."""
        is_pending = person.is_active and person.org_id not in self.served.known
        return replace(person, config_version=0 if is_pending else self.configurations[person.tenant_id].version)


async def lay_for_people(
    conn: AsyncConnection,
    configurations: Mapping[UUID, Configuration],
    users: Mapping[UUID, UUID],
    orgs: Iterable[UUID],
) -> Desk:
    """Lock and load what decides about these people (ids with their tenants), who are now in these organizations.

    Raises Contended when somebody's seat has come to another pool before the pools were locked.
    """
    tenants = list(configurations)
    served, concerned = await load_concerned(conn, tenants, sorted(set(orgs)), users)
    pools = await lock_pools(conn, tenants, concerned)
    people = await lock_people(conn, users)
    seats = await load_seats(conn, users)
    desk = await lay(conn, configurations, served, pools, people, seats)
    return replace(desk, listed=await count_lists(conn, desk, len(users)))


async def count_lists(conn: AsyncConnection, desk: Desk, people: int) -> dict[UUID, int]:
    """How many are on the pools' lists; no more exactly than it takes to know that so many people more fit in."""
    tenants = list(desk.configurations)
    listed = await listed_at_most(conn, tenants, list(desk.pools))
    if tight := [key for key, most in listed.items() if not desk.pools[key].room.fits(most + people)]:
        counted = await count_listed(conn, tenants, tight)
        listed |= {key: counted.get(key, 0) for key in tight}
    return listed


async def lay(
    conn: AsyncConnection,
    configurations: Mapping[UUID, Configuration],
    served: Served,
    pools: Mapping[UUID, Pool],
    people: Mapping[UUID, Person],
    seats: Mapping[UUID, Mapping[str, Seat]],
) -> Desk:
    """The desk for people and pools that are locked."""
    if any(seat.pool_id not in pools for own in seats.values() for seat in own.values() if seat.state.is_open):
        raise Contended("a seat has come to another pool meanwhile")
    rules = await load_rules(conn, list(configurations))
    by_tenant = {tenant: by_product(own) for tenant, own in rules.items()}
    return Desk(configurations, by_tenant, served, pools, people, seats)


async def call_line(conn: AsyncConnection, desk: Desk, cases: Iterable[Case]) -> Desk:
    """The desk with the first of those who wait: as many as the seats that there are, or may come free by `cases`."""
    held = [seat for case in cases for seat in desk.seats.get(case.after.id, {}).values() if seat.state.is_open]
    return replace(desk, waiting=await load_line(conn, places_to_fill(desk.pools, held)))


async def take_off_list(
    conn: AsyncConnection, desk: Desk, users: Sequence[UUID]
) -> tuple[Desk, Mapping[UUID, Mapping[str, Reason]]]:
    """Take people off the work list, since they are decided about now. Answers why they were on it, by product."""
    if not desk.listed:
        return desk, {}
    left = Counter(desk.listed)
    why: dict[UUID, dict[str, Reason]] = defaultdict(dict)
    for entry in await take_people(conn, list(desk.configurations), users):
        left[entry.pool_id] -= 1
        why[entry.user_id][entry.product] = entry.reason
    return replace(desk, listed=left), why


def places_to_fill(pools: Mapping[UUID, Pool], held: Iterable[Seat]) -> list[tuple[UUID, UUID, int | None]]:
    """How many of those who wait may be wanted, for each (tenant, pool) where somebody does: None is all.

    Every seat of the batch's people may come free, and everyone of them may lose their place in line.
    """
    may_leave: dict[UUID, int] = defaultdict(int)
    for seat in held:
        may_leave[seat.pool_id] += 1
    asked: list[tuple[UUID, UUID, int | None]] = []
    for pool in pools.values():
        free = pool.room.free
        places = None if free is None else free + may_leave[pool.id]
        if pool.waitlisted and places != 0:
            asked.append((pool.tenant_id, pool.id, places))
    return asked


def decide(desk: Desk, cases: Iterable[Case], at: datetime) -> Seating:
    """Decide about people of any tenants; each tenant's by its own rules."""
    by_tenant: dict[UUID, list[Case]] = defaultdict(list)
    for case in cases:
        by_tenant[case.after.tenant_id].append(case)
    pools: dict[UUID, dict[UUID, Pool]] = defaultdict(dict)
    for pool in desk.pools.values():
        pools[pool.tenant_id][pool.id] = pool
    parts = [
        decide_seating(
            Situation(desk.rules[tenant], desk.served.pools, pools[tenant], desk.seats, desk.waiting, desk.listed),
            own,
            at,
        )
        for tenant, own in by_tenant.items()
    ]
    return Seating(
        [change for part in parts for change in part.changes],
        [seat for part in parts for seat in part.placed],
        [newcomer for part in parts for newcomer in part.deferred],
        {key: pool for part in parts for key, pool in part.pools.items()},
    )


async def save(
    conn: AsyncConnection,
    desk: Desk,
    seating: Seating,
    causes: Mapping[UUID, Cause],
    at: datetime,
    *,
    notes: Mapping[UUID, str] | None = None,
) -> None:
    """Save what was decided, with its facts.

    `causes` has, by person, what led to the decision about them, and `notes` what an administrator wrote on it.
    """
    freed = {
        change.from_pool: causes[change.seat.user_id]
        for change in reversed(seating.changes)
        if change.from_state is SeatState.ASSIGNED and change.seat.user_id in causes
    }
    otherwise = next(iter(causes.values()), Cause())

    def cause_of(change: SeatChange) -> Cause:
        # Whoever is promoted owes it to the first who left the pool.
        return causes.get(change.seat.user_id) or freed.get(change.seat.pool_id, otherwise)

    await record_seats(conn, seating.changes, seating.pools, cause_of, notes)
    await save_places(conn, seating.placed)
    await add_listed(conn, [(seat, why, causes[seat.user_id]) for seat, why in seating.deferred])
    pool_causes = causes_by_pool(seating.changes, cause_of)
    await record_pools(conn, desk.pools, seating.pools.values(), at, pool_causes, otherwise)
