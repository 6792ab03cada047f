"""The ordinary entitlements: seats for one person a transaction, under their pools' locks.

It decides as the product does about the people of a flow: newcomers are seated while there is room, else they wait.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from tests.bench.ordinary.broker import Program, caused, mapped

from usher_contracts.entitlements import PoolChanged, SeatChanged, SeatEvidence
from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_entitlements.domain.allocation import Room
from usher_entitlements.domain.grants import DEFAULT_RULES, by_product, calls, rule_id, want
from usher_entitlements.domain.people import HeldRole, Person
from usher_entitlements.domain.terms import TermState
from usher_entitlements.tables import METADATA, POOL, POOL_SERVICE, SEAT

PROGRAM = Program("entitlements")
TELL_POOLS_SECONDS = 1.0
"""Figures of a pool are told this often: a message for each seat would double all the work."""

RULES = by_product(DEFAULT_RULES)
PersonRow, Pool, PoolService, Seat = (mapped(t) for t in (METADATA.tables["person"], POOL, POOL_SERVICE, SEAT))

changed_pools: dict[UUID, Event[Any]] = {}


@PROGRAM.subscribes(UserChanged)
async def seat_person(event: Event[UserChanged]) -> None:
    """Keep the person, give them the seats that they want, then tell of it."""
    async with PROGRAM.sessions() as session, session.begin():
        told = await decide(session, event)
    # After the commit, so that whoever tells of a pool sees it as it is then.
    changed_pools.update((seat.data.pool_id, event) for seat in told)
    await PROGRAM.publish(*told)


async def decide(session: AsyncSession, event: Event[UserChanged]) -> list[Event[Any]]:
    fact, at = event.data, datetime.now(UTC)
    row = await session.get(PersonRow, (fact.tenant_id, fact.id), with_for_update=True)
    if row is not None and row.version >= fact.version:
        return []
    if row is None:
        row = PersonRow(tenant_id=fact.tenant_id, id=fact.id)
        session.add(row)
    row.org_id, row.status, row.status_since = fact.org_id, fact.status, fact.status_since
    row.roles, row.role_since = [held.role for held in fact.roles], [held.since for held in fact.roles]
    row.version, row.config_version = fact.version, 1
    pools = await session.scalars(
        select(Pool)
        .join(PoolService, (PoolService.tenant_id == Pool.tenant_id) & (PoolService.pool_id == Pool.id))
        .where(PoolService.tenant_id == fact.tenant_id, PoolService.org_id == fact.org_id)
        .order_by(Pool.id)
        .with_for_update(of=Pool)
    )
    mine = select(Seat).where(Seat.tenant_id == fact.tenant_id, Seat.user_id == fact.id)
    seats = {seat.product: seat for seat in await session.scalars(mine)}
    told = []
    for pool in pools:
        if pool.product not in seats and (seat := seat_in(pool, fact, at)) is not None:
            session.add(seat)
            told.append(to_message(seat, event, at))
    return told


def seat_in(pool: Any, fact: UserChanged, at: datetime) -> Any:
    """A seat of the pool, held or awaited, for who wants one; the pool's figures are changed."""
    roles = [HeldRole(held.role, held.since) for held in fact.roles]
    person = Person(fact.tenant_id, fact.id, fact.org_id, fact.status, fact.status_since, roles, fact.version)
    calling = calls(RULES, person, pool.product)
    wanted = want(person, calling)
    if wanted is None:
        return None
    counts = TermState(pool.license_state).counts
    is_seated = not Room.of(pool.capacity, pool.assigned, extra=pool.extra, open_to_new=counts).is_none
    pool.assigned, pool.waitlisted = pool.assigned + is_seated, pool.waitlisted + (not is_seated)
    pool.version, pool.as_of = pool.version + 1, max(at, pool.as_of)
    figures = {"capacity": pool.capacity, "assigned": pool.assigned, "waitlisted": pool.waitlisted}
    rule = str(rule_id(fact.tenant_id, calling[0].role, pool.product))
    return Seat(
        tenant_id=fact.tenant_id,
        user_id=fact.id,
        product=pool.product,
        org_id=fact.org_id,
        pool_id=pool.id,
        state="assigned" if is_seated else "waitlisted",
        reason="role_granted",
        since=at,
        assigned_since=at if is_seated else None,
        wanted_since=wanted.since,
        priority=wanted.priority,
        first_in_line=False,
        role=calling[0].role,
        evidence={"role": calling[0].role, "rule_id": rule, "pool": figures},
        version=1,
    )


def to_message(seat: Any, cause: Event[Any], at: datetime) -> Event[Any]:
    fact = SeatChanged(
        tenant_id=seat.tenant_id,
        version=seat.version,
        user_id=seat.user_id,
        product=seat.product,
        org_id=seat.org_id,
        pool_id=seat.pool_id,
        state=seat.state,
        from_state="none",
        claim=seat.state,
        reason=seat.reason,
        since=seat.since,
        assigned_since=seat.assigned_since,
        wanted_since=seat.wanted_since,
        evidence=SeatEvidence.model_validate(seat.evidence),
    )
    return caused(fact, cause, at)


async def tell_pools() -> None:
    """Tell of the pools that changed, now and then."""
    while True:
        await asyncio.sleep(TELL_POOLS_SECONDS)
        causes = dict(changed_pools)
        changed_pools.clear()
        async with PROGRAM.sessions() as session:
            pools = list(await session.scalars(select(Pool).where(Pool.id.in_(causes)))) if causes else []
        await PROGRAM.publish(*(caused(to_pool_changed(pool), causes[pool.id], pool.as_of) for pool in pools))


def to_pool_changed(pool: Any) -> PoolChanged:
    return PoolChanged(
        tenant_id=pool.tenant_id,
        version=pool.version,
        previous_version=pool.version - 1,
        id=pool.id,
        org_id=pool.org_id,
        product=pool.product,
        state="open",
        license_state=pool.license_state,
        capacity=pool.capacity,
        capacity_with_grace=pool.capacity_with_grace,
        overage_seats=pool.extra,
        assigned=pool.assigned,
        waitlisted=pool.waitlisted,
        suspended=pool.suspended,
        over_allocated=pool.over_allocated,
        starts_at=pool.starts_at,
        ends_at=pool.ends_at,
        as_of=pool.as_of,
    )


async def main() -> None:
    await PROGRAM.run(beside=tell_pools)
