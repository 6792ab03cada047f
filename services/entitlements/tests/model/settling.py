"""How the model settles: everybody looked at again, from who leaves to who is next in line (seats: Capacity)."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from . import wishes
from .lifetimes import shrink_policy
from .things import ALWAYS, PRODUCTS, Seat

if TYPE_CHECKING:
    from .world import World


def settle(world: "World", at: datetime, *, newcomers: bool = True) -> None:
    """Bring every seat in step; without `newcomers`, those alone that are open and still wanted."""
    for product in PRODUCTS:
        place(world, product)
        if newcomers:
            let_go(world, product, at)
        carry(world, product, at)
        for pool in [org for org, of in world.pools if of == product]:
            suspend(world, pool, product, at)
            take_excess(world, pool, product, shrink_policy(world.terms_of(pool, product)), at)
            restore(world, pool, product, at)
            serve(world, pool, product, at, newcomers=newcomers)


def seats_of(world: "World", product: str) -> list[Seat]:
    return [world.seats.setdefault((id_, product), Seat(id_, product)) for id_ in world.decided]


def place(world: "World", product: str) -> None:
    """Where everybody stands in line, by what is known of them and the rules; a later role lifts a block."""
    for seat in seats_of(world, product):
        person = world.decided[seat.person]
        if person.status == "active" and world.is_pending(person.id):
            continue
        if seat.blocked_at is not None:
            by_role = wishes.lifted_by_role(person, world.rules, product, seat.blocked_at)
            seat.lifted_at = min((at for at in (by_role, seat.given_back_at) if at), default=None)
        if not wishes.calls(person, world.rules, product):
            continue
        seat.priority = wishes.priority(person, world.rules, product)
        seat.wanted_since = wishes.wanted_since(person, world.rules, product, seat.lifted_at)


def let_go(world: "World", product: str, at: datetime) -> None:
    """Who no longer wants their seat leaves it, and so does who went elsewhere themselves, to another pool."""
    for seat in seats_of(world, product):
        wanted, org = world.wants(seat), world.decided[seat.person].org
        went_elsewhere = wanted != seat.pool and seat.org != org
        is_lifted = seat.state == "withheld" and not seat.is_blocked
        if seat.is_blocked:
            keep_blocked(seat, at)
        elif (seat.is_open and (wanted is None or went_elsewhere)) or (is_lifted and wanted is None):
            seat.becomes("released", "released", at)
        elif wanted is None:
            seat.first_in_line = False
        seat.org = org


def keep_blocked(seat: Seat, at: datetime) -> None:
    """A block that no role lifts any more holds again: the seat is as the block left it."""
    if seat.block == "withheld" and seat.state != "withheld":
        seat.becomes("withheld", "withheld", at)
    if seat.block == "reclaimed" and not seat.is_reclaimed:
        seat.becomes("released", "released", at)
        seat.is_reclaimed = True


def carry(world: "World", product: str, at: datetime) -> None:
    """Where another pool has come to serve a unit, its seats come along; where none does any more, they end."""
    for seat in seats_of(world, product):
        org = world.decided[seat.person].org
        if not seat.is_open or seat.org != org or world.is_pending(seat.person):
            continue
        pool = wishes.serving_pool(world.units, world.own_pools(), org, product)
        if pool is None:
            seat.becomes("released", "released", at)
        elif pool != seat.pool:
            seat.becomes(seat.state, "moved", at)
            seat.pool = pool


def suspend(world: "World", pool: UUID, product: str, at: datetime) -> None:
    if not any(term.keeps for term in world.terms_of(pool, product)):
        for seat in world.in_state("assigned", pool, product):
            seat.becomes("suspended", "suspended", at)


def take_excess(world: "World", pool: UUID, product: str, policy: str, at: datetime) -> None:
    """Who holds a seat beyond the license waits from now on, by the policy that is in force or is asked for."""
    if policy == "keep" or not any(term.keeps for term in world.terms_of(pool, product)):
        return
    holders = world.in_state("assigned", pool, product)
    holders.sort(key=lambda seat: (seat.assigned_since or ALWAYS, seat.person), reverse=True)
    if policy == "least_recently_active":
        holders.sort(key=lambda seat: last_login(world, seat))
    for seat in holders[: world.excess(pool, product)]:
        seat.becomes("waitlisted", "waitlisted", at)


def last_login(world: "World", seat: Seat) -> datetime:
    said = world.activities.get((seat.person, seat.product))
    return (said.login if said else None) or ALWAYS


def restore(world: "World", pool: UUID, product: str, at: datetime) -> None:
    """Once a term counts again, in order of first assignment; beyond the capacity, first in line."""
    if not any(term.counts for term in world.terms_of(pool, product)):
        return
    suspended = world.in_state("suspended", pool, product)
    for seat in sorted(suspended, key=lambda seat: (seat.assigned_since or ALWAYS, seat.person)):
        if world.has_room(pool, product):
            seat.becomes("assigned", "restored", at)
        else:
            seat.becomes("waitlisted", "waitlisted", at)
            seat.first_in_line = True


def serve(world: "World", pool: UUID, product: str, at: datetime, *, newcomers: bool) -> None:
    """Seat the first in line while there is room; the others wait."""
    line = [seat for seat in world.waitlist(pool, product) if world.wants(seat) == pool]
    if newcomers:
        line += [seat for seat in seats_of(world, product) if not seat.is_open and world.wants(seat) == pool]
    for seat in sorted(line, key=lambda seat: seat.place):
        waited = seat.state == "waitlisted"
        if world.has_room(pool, product):
            seat.becomes("assigned", "promoted" if waited else "assigned", at)
            seat.pool, seat.assigned_since = pool, seat.since
        elif not waited:
            seat.becomes("waitlisted", "waitlisted", at)
            seat.pool = pool
