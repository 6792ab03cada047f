"""What must hold of the service's own rows and facts at every commit, whatever the model says (seats: Invariants)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row

from .service import Stored

OPEN = ("waitlisted", "assigned", "suspended")
ALLOCATIONS = ("assigned", "promoted", "restored")
STEPS = {
    ("none", "assigned"): {"assigned"},
    ("released", "assigned"): {"assigned"},
    ("none", "waitlisted"): {"waitlisted"},
    ("released", "waitlisted"): {"waitlisted"},
    ("waitlisted", "assigned"): {"promoted"},
    ("assigned", "suspended"): {"suspended"},
    ("suspended", "assigned"): {"restored"},
    ("suspended", "waitlisted"): {"waitlisted"},
    ("assigned", "waitlisted"): {"waitlisted"},
    **{(state, "released"): {"released"} for state in (*OPEN, "withheld")},
    **{(state, "withheld"): {"withheld"} for state in (*OPEN, "released")},
    ("released", "released"): {"released"},
    ("withheld", "assigned"): {"assigned"},
    ("withheld", "waitlisted"): {"waitlisted"},
    **{(state, state): {"moved"} for state in OPEN},
}
"""Every way from state to state that there is, and the claim that tells of it (seats: Seat states)."""


def check_pools(stored: Stored) -> None:
    """I1, I4: figures are counts, no pool gives more than it may, and nobody waits beside a free seat."""
    for pool in stored.pools:
        own = [seat for seat in stored.seats if (seat.product, seat.pool) == (pool.product, pool.org_id)]
        counts = Counter(seat.state for seat in own if seat.state in OPEN)
        assert (pool.assigned, pool.waitlisted, pool.suspended) == (
            counts["assigned"],
            counts["waitlisted"],
            counts["suspended"],
        ), "I1: a pool's figures are the counts of its seats"
        if pool.extra_with_grace is not None:
            most = pool.capacity_with_grace + pool.extra_with_grace
            assert pool.over_allocated == (pool.assigned > most), "I1: a pool is marked when it is over-allocated"
        else:
            assert not pool.over_allocated, "a pool without a limit is never over-allocated"
        if pool.waitlisted and pool.license_state in ("active", "expiring"):
            assert pool.extra is not None, "I4: nobody waits for a pool without a limit"
            assert pool.assigned >= pool.capacity + pool.extra, "I4: nobody waits beside a free seat"


def check_people(stored: Stored) -> None:
    """I2, I3: one seat a person and product, and none for who is not active."""
    keys = Counter((seat.user_id, seat.product) for seat in stored.seats)
    assert not [key for key, rows in keys.items() if rows > 1], "I2: one seat a person and product"
    inactive = {person.id for person in stored.people if person.status != "active"}
    kept = [seat for seat in stored.seats if seat.user_id in inactive and seat.state in OPEN]
    assert not kept, "I3: nobody who is not active holds or awaits a seat"


def check_growth(before: Stored, after: Stored) -> None:
    """I1: where seats were given, the pool ends within its capacity and overage; more may only have come along."""
    capacity = {pool.id: pool.capacity for pool in before.pools}
    given = Counter(
        fact["pool_id"] for key, fact in after.facts if "seat.changed" in key and fact["claim"] in ALLOCATIONS
    )
    came = Counter(fact["pool_id"] for key, fact in after.facts if "seat.changed" in key and fact["claim"] == "moved")
    for pool in after.pools:
        if given[str(pool.id)] and not came[str(pool.id)] and pool.capacity >= capacity.get(pool.id, 0):
            assert pool.extra is None or pool.assigned <= pool.capacity + pool.extra, "I1: no allocation passes the cap"


class History:
    """Each seat's claims, put together from the facts as they are told (I2, I6)."""

    def __init__(self) -> None:
        self.claims: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def add(self, facts: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        for key, fact in facts:
            assert key.startswith("entitlements."), f"nothing is dead, yet {key}: {fact}"
            if key == "entitlements.seat.changed.v1":
                own = self.claims.setdefault((fact["user_id"], fact["product"]), [])
                own.append(dict(fact))
                own.sort(key=lambda one: one["version"])

    def of(self, seat: Row[Any]) -> list[str]:
        """The kinds of this seat's claims, in order, once they prove whole."""
        own = self.claims.get((str(seat.user_id), seat.product), [])
        assert [claim["version"] for claim in own] == list(range(1, seat.version + 1)), "I2, I6: a claim a version"
        state = "none"
        for claim in own:
            assert claim["from_state"] == state, "claims tell one story"
            assert claim["claim"] in STEPS.get((state, claim["state"]), set()), f"{state} to {claim['state']}"
            state = claim["state"]
        assert state == seat.state, "the last claim is how it stands"
        return [claim["claim"] for claim in own]
