"""Standings: all that an explanation of one person and one product rests on."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_entitlements.domain.allocation import Want
from usher_entitlements.domain.grants import by_product
from usher_entitlements.domain.people import Person
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Seat, SeatState
from usher_entitlements.domain.standing import Standing
from usher_entitlements.domain.tree import ancestors
from usher_entitlements.store.configurations import load_rules
from usher_entitlements.store.lists import load_places
from usher_entitlements.store.organizations import load_served, load_tree
from usher_entitlements.store.pools import find_pool
from usher_entitlements.store.seats import load_seats
from usher_entitlements.store.terms import load_terms_of


async def load_standing(conn: AsyncConnection, person: Person, product: str) -> Standing:
    """How a known person stands for a product."""
    tenants = [person.tenant_id]
    rules = await load_rules(conn, tenants)
    tree = await load_tree(conn, tenants)
    line = list(ancestors(person.org_id, tree.parents))
    served = await load_served(conn, tenants, [person.org_id])
    pool_id = served.pools.get((person.org_id, product))
    pool = await find_pool(conn, pool_id) if pool_id else None
    seat = (await load_seats(conn, {person.id: person.tenant_id})).get(person.id, {}).get(product)
    return Standing(
        product,
        by_product(rules[person.tenant_id]),
        person,
        await load_terms_of(conn, person.tenant_id, line, product),
        pool,
        seat,
        await load_line_before(conn, pool, seat, person.id),
    )


async def load_line_before(
    conn: AsyncConnection, pool: Pool | None, seat: Seat | None, user_id: UUID
) -> Sequence[Want]:
    """Who may come before the person in the pool's line; nobody for one who holds a seat."""
    if pool is None or (seat is not None and seat.state is SeatState.ASSIGNED):
        return []
    return await load_places(conn, pool.tenant_id, pool.id, user_id)
