"""The worker's loops: what time makes due for license terms, and the work list that a changed configuration leaves."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic
from typing import TypeVar
from uuid import UUID

from usher_contracts.envelope import Cause
from usher_entitlements.store.configurations import find_due, lock_for_change
from usher_entitlements.store.notice_clocks import find_tenants_with_notices
from usher_entitlements.store.settlings import find_settling
from usher_entitlements.store.work_lists import pools_with_lists
from usher_entitlements.use_cases.notices import tell_notices
from usher_entitlements.use_cases.pass_time import catch_up, hold_configurations
from usher_entitlements.use_cases.reevaluate import reevaluate
from usher_entitlements.use_cases.seat_acts import reclaim_due
from usher_entitlements.use_cases.settle_pools import settle_next
from usher_kit.loops import Loop
from usher_kit.runtime import Runtime

T = TypeVar("T")

TERMS_SECONDS = 1.0
LIST_SECONDS = 1.0
"""How long another process's change of the configuration may stay unseen; this process's own wakes the loop."""

RECLAIM_SECONDS = 15.0
TENANTS_WITH_NOTICES = 1_000
POOLS_TO_SETTLE = 200
BATCHES = 20
"""Of one work list in one round, so that others have their turn."""

RECLAIMS = 1_000
"""Seats that one transaction reclaims, at most."""


async def pass_due_terms(runtime: Runtime) -> bool:
    """One round: what is due, a transaction a tenant. Answers whether there was any."""
    at = runtime.clock.now()
    async with runtime.database.transaction_of_all() as conn:
        due = await find_due(conn, at)

    async def pass_tenant(tenant_id: UUID) -> None:
        async with runtime.database.transaction([tenant_id]) as conn:
            await catch_up(conn, await lock_for_change(conn, [tenant_id]), at, Cause())

    await each(due, pass_tenant)
    if due:
        follow_change(runtime)
    return bool(due)


async def tell_due_notices(runtime: Runtime) -> bool:
    """One round: notices of the terms of many tenants, in one transaction. Answers whether there may be more."""
    at = runtime.clock.now()
    async with runtime.database.transaction_of_all() as conn:
        tenants = await find_tenants_with_notices(conn, at, TENANTS_WITH_NOTICES)
    if tenants:
        async with runtime.database.transaction(tenants) as conn:
            await tell_notices(conn, tenants, at)
    return len(tenants) == TENANTS_WITH_NOTICES


async def settle_pools(runtime: Runtime) -> bool:
    """One round: a step of the pools that a changed license still moves seats of, a transaction a tenant."""
    async with runtime.database.transaction_of_all() as conn:
        found = await find_settling(conn, POOLS_TO_SETTLE)
    pools: dict[UUID, list[UUID]] = defaultdict(list)
    for tenant_id, pool_id in found:
        pools[tenant_id].append(pool_id)

    async def settle_tenant(tenant_id: UUID) -> None:
        at, began = runtime.clock.now(), monotonic()
        async with runtime.database.transaction([tenant_id]) as conn:
            await hold_configurations(conn, [tenant_id], at)
            await settle_next(conn, tenant_id, pools[tenant_id], at)
        await leave_room(began)

    await each(pools, settle_tenant)
    return bool(found)


async def work_off_lists(runtime: Runtime) -> bool:
    """One round: some batches of each work list, each a transaction. Answers whether there was any."""
    async with runtime.database.transaction_of_all() as conn:
        lists = await pools_with_lists(conn)

    async def work_off(pool: tuple[UUID, UUID]) -> None:
        tenant_id, pool_id = pool
        for _ in range(BATCHES):
            began = monotonic()
            async with runtime.database.transaction([tenant_id]) as conn:
                is_more = await reevaluate(conn, tenant_id, pool_id, runtime.clock.now())
            await leave_room(began)
            if not is_more:
                return

    await each(lists, work_off)
    return bool(lists)


async def reclaim_idle_seats(runtime: Runtime) -> bool:
    """One round: seats that are due to be reclaimed. Answers whether there may be more."""
    async with runtime.database.transaction_of_all() as conn:
        return await reclaim_due(conn, runtime.clock.now(), RECLAIMS) == RECLAIMS


async def leave_room(began: float) -> None:
    """Leave as much time to others as the work that began then took: to a change that comes meanwhile it is a lock that
    is free every other moment, and to those who hear of it half as much at a time.
    """
    await asyncio.sleep(monotonic() - began)


async def each(items: Iterable[T], act: Callable[[T], Awaitable[None]]) -> None:
    """Do `act` for every item. Raises what failed once all have had their turn: one tenant's trouble stops no other."""
    failures: list[Exception] = []
    for item in items:
        try:
            await act(item)
        except Exception as error:  # noqa: BLE001 (raised again below)
            failures.append(error)
    if failures:
        raise ExceptionGroup("some tenants' turns failed", failures)


def follow_change(runtime: Runtime) -> None:
    """Wake the loops that do what a change of terms, tree or rules leaves to be done."""
    for loop in (NOTICES, SETTLE, REEVALUATE):
        runtime.wake(loop.name)


PASS_TERMS: Loop[Runtime] = Loop("license terms", TERMS_SECONDS, pass_due_terms)
REEVALUATE: Loop[Runtime] = Loop("reevaluation", LIST_SECONDS, work_off_lists)
NOTICES: Loop[Runtime] = Loop("notices", TERMS_SECONDS, tell_due_notices)
SETTLE: Loop[Runtime] = Loop("settling", LIST_SECONDS, settle_pools)
RECLAIM: Loop[Runtime] = Loop("reclaims", RECLAIM_SECONDS, reclaim_idle_seats)
