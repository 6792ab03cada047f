"""The service beside the model: every seat, line, pool and term compared, or what may be left to chance taken over."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from .lawful import OPEN, History
from .service import Stored
from .things import Seat
from .world import World

BLOCKS = {"manual": "withheld", "inactivity": "reclaimed"}
"""What the service's reasons for a block are to the model."""
CLOCKS_DIFFER = timedelta(days=2)
"""How far behind the clock of a replica may be: the times of its decisions may differ by that."""


def compare_terms(world: World, stored: Stored, at: datetime) -> None:
    """Terms' states, and notices: each once for a term, its end and a threshold."""
    assert {row.id: row.state for row in stored.terms} == {term.id: term.state for term in world.terms.values()}, (
        "states of terms"
    )
    told = sorted((UUID(fact["term_id"]), fact["threshold"]) for key, fact in stored.facts if "term.notice" in key)
    assert told == sorted(world.tell_notices(at)), "notices of terms, by their days"


def compare_pools(world: World, stored: Stored) -> None:
    pools = {(pool.org_id, pool.product): pool for pool in stored.pools}
    assert pools.keys() == world.pools
    assert {key for key, pool in pools.items() if pool.license_state != "ended"} == set(world.own_pools())
    for (org, product), pool in pools.items():
        limit = None if pool.extra is None else pool.capacity + pool.extra
        kept = None if pool.extra_with_grace is None else pool.capacity_with_grace + pool.extra_with_grace
        assert (pool.capacity, pool.capacity_with_grace, limit, kept) == (
            world.capacity(org, product),
            world.capacity_with_grace(org, product),
            world.limit(org, product),
            world.limit_with_grace(org, product),
        ), f"what the terms of {name_of(org)} give of {product}"


def compare_seats(world: World, stored: Stored, history: History) -> None:
    rows = {(row.user_id, row.product): row for row in stored.seats}
    assert not rows.keys() - world.seats.keys()
    for key, seat in world.seats.items():
        row = rows.get(key)
        found = (row.state, row.pool if row.state in OPEN else None, history.of(row)) if row else ("none", None, [])
        meant = (seat.state, seat.pool, seat.claims)
        assert found == meant, f"person {name_of(key[0])}, {key[1]}: {found}, and by the model {meant}"
        if row:
            compare_times(row, seat)


def compare_times(row: Row[Any], seat: Seat) -> None:
    """The times of decisions are the service's, on whichever clock; they count in the model from here on."""
    for name in ("assigned_since", "blocked_at", "given_back_at"):
        theirs, own = getattr(row, name), getattr(seat, name)
        assert (theirs is None) == (own is None), f"{name} of {seat}"
        assert theirs is None or abs(theirs - own) <= CLOCKS_DIFFER, f"{name} of {seat}: {theirs}"
        setattr(seat, name, theirs)
    assert abs(row.since - seat.since) <= CLOCKS_DIFFER, f"{seat}: {row.since}"
    seat.since = row.since


def compare_lines(world: World, stored: Stored) -> None:
    for org, product in world.pools:
        line = [name_of(seat.person) for seat in world.waitlist(org, product)]
        assert waiting(stored, org, product) == line, "those who wait stand in the model's order"


def waiting(stored: Stored, org: UUID, product: str) -> list[int]:
    return [
        name_of(row.user_id)
        for row in stored.seats
        if row.state == "waitlisted" and (row.pool, row.product) == (org, product)
    ]


def check_wants(world: World, stored: Stored) -> None:
    """I3: exactly those who want a product hold it, await it, or are suspended with the license, in the right pool."""
    held: Mapping[tuple[UUID, str], UUID] = {
        (row.user_id, row.product): row.pool for row in stored.seats if row.state in OPEN
    }
    for key, seat in world.seats.items():
        if not world.is_pending(seat.person):
            assert held.get(key) == world.wants(seat), f"I3: person {name_of(key[0])}, {key[1]}"


def adopt(world: World, stored: Stored, history: History) -> None:
    """Take over who has which seat, after what may rightly have gone one way or the other."""
    rows = {(row.user_id, row.product): row for row in stored.seats}
    for key, seat in world.seats.items():
        if row := rows.get(key):
            seat.state, seat.since, seat.assigned_since = row.state, row.since, row.assigned_since
            seat.pool, seat.org = row.pool if row.state in OPEN else None, row.org_id
            seat.order, seat.first_in_line = row.line_order, row.first_in_line
            seat.priority, seat.wanted_since = row.priority, row.wanted_since
            seat.block = BLOCKS.get(row.blocked_for)
            seat.blocked_at, seat.given_back_at, seat.lifted_at = row.blocked_at, row.given_back_at, row.lifted_at
            seat.is_reclaimed = (row.state, row.reason) == ("released", "inactivity")
            seat.claims = history.of(row)
        else:
            seat.state, seat.pool, seat.claims = "none", None, []


def name_of(id_: UUID) -> int:
    """The number by which the machine knows a unit or a person."""
    return id_.int % 2**32
