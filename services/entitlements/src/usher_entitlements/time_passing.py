"""The worker's loops: what time makes due for license terms, and the work list that a changed configuration leaves."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar
from uuid import UUID

from usher_contracts.envelope import Cause
from usher_entitlements.store.configurations import find_due, lock_for_change
from usher_entitlements.store.reevaluations import pools_with_lists
from usher_entitlements.use_cases.pass_time import catch_up
from usher_entitlements.use_cases.reevaluate import reevaluate
from usher_entitlements.use_cases.seat_acts import reclaim_due
from usher_kit.loops import Loop
from usher_kit.runtime import Runtime

T = TypeVar("T")

TERMS_SECONDS = 1.0
LIST_SECONDS = 1.0
"""How long another process's change of the configuration may stay unseen; this process's own wakes the loop."""

RECLAIM_SECONDS = 15.0
RECLAIMS = 1_000
"""Seats that one transaction reclaims, at most."""


async def pass_due_terms(runtime: Runtime) -> bool:
    """One round: what is due, a transaction a tenant. Answers whether there was any."""
    at = runtime.clock.now()
    async with runtime.database.transaction(await runtime.database.all_tenants()) as conn:
        due = await find_due(conn, at)

    async def pass_tenant(tenant_id: UUID) -> None:
        async with runtime.database.transaction([tenant_id]) as conn:
            await catch_up(conn, await lock_for_change(conn, [tenant_id]), at, Cause())

    await each(due, pass_tenant)
    if due:
        runtime.wake(REEVALUATE.name)
    return bool(due)


async def work_off_lists(runtime: Runtime) -> bool:
    """One round: a batch of each work list, a transaction a pool. Answers whether there was any."""
    async with runtime.database.transaction(await runtime.database.all_tenants()) as conn:
        lists = await pools_with_lists(conn)

    async def work_off(pool: tuple[UUID, UUID]) -> None:
        tenant_id, pool_id = pool
        async with runtime.database.transaction([tenant_id]) as conn:
            await reevaluate(conn, tenant_id, pool_id, runtime.clock.now())

    await each(lists, work_off)
    return bool(lists)


async def reclaim_idle_seats(runtime: Runtime) -> bool:
    """One round: seats that are due to be reclaimed. Answers whether there may be more."""
    async with runtime.database.transaction(await runtime.database.all_tenants()) as conn:
        return await reclaim_due(conn, runtime.clock.now(), RECLAIMS) == RECLAIMS


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


PASS_TERMS: Loop[Runtime] = Loop("license terms", TERMS_SECONDS, pass_due_terms)
REEVALUATE: Loop[Runtime] = Loop("reevaluation", LIST_SECONDS, work_off_lists)
RECLAIM: Loop[Runtime] = Loop("reclaims", RECLAIM_SECONDS, reclaim_idle_seats)
