"""Re-evaluation: people whom a change of the configuration concerns, decided about in batches, in order of place."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.seating import Case
from usher_entitlements.store.organizations import load_served
from usher_entitlements.store.people import lock_people
from usher_entitlements.store.pools import lock_pools
from usher_entitlements.store.reevaluations import mark_decided, take_first
from usher_entitlements.store.seats import load_seats
from usher_entitlements.store.work_lists import forget_list
from usher_entitlements.use_cases.acts import reevaluation, write_down
from usher_entitlements.use_cases.desk import call_line, decide, lay, save
from usher_entitlements.use_cases.pass_time import hold_configurations

BATCH = 250
"""People in one transaction, for which changes that come meanwhile wait. With 1,000 those take thrice as long; with 100
all of it takes twice as long."""


async def reevaluate(conn: AsyncConnection, tenant_id: UUID, pool_id: UUID, at: datetime, *, most: int = BATCH) -> bool:
    """Decide about the first on a pool's work list, by the function that decides about everybody.

    Answers whether there may be more of them. They are taken under the pool's lock, so that two workers keep the order
    of the list.
    """
    configurations = await hold_configurations(conn, [tenant_id], at)
    pools = await lock_pools(conn, [tenant_id], [pool_id])
    entries = await take_first(conn, tenant_id, pool_id, most)
    if len(entries) < most:
        await forget_list(conn, tenant_id, pool_id)
    users = {entry.user_id: tenant_id for entry in entries}
    if not users:
        return False
    product = entries[0].product
    people = await lock_people(conn, users)
    seats = await load_seats(conn, users)
    of_product = {user: {product: own[product]} for user, own in seats.items() if product in own}
    served = await load_served(conn, [tenant_id], sorted({person.org_id for person in people.values()}))
    desk = await lay(conn, configurations, served, pools, people, of_product)
    cases = [
        Case(person, person, frozenset([product]), {product: entry.reason})
        for entry in entries
        if (person := people.get(entry.user_id))
    ]
    seating = decide(await call_line(conn, desk, cases), cases, at)
    await save(conn, desk, seating, {entry.user_id: entry.cause for entry in entries}, at)
    done = reevaluation(pools[pool_id], len(cases), len(seating.changes))
    await write_down(conn, [done], at, entries[0].cause)
    await mark_decided(conn, tenant_id, list(users), configurations[tenant_id].version)
    return len(entries) == most
