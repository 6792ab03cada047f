"""Every way into a seat, tried by many writers at once on a real database: none passes the cap (seats: Capacity)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from usher_contracts.entitlements import ClaimKind, SeatReason
from usher_contracts.envelope import Event
from usher_entitlements.domain.grants import GrantRule
from usher_entitlements.time_passing import pass_due_terms

from .story import DISTRICT, ELSEWHERE, NORTH, SOUTH, Entitlements, activity, day, organization, person, term

CAP = 4
WRITERS = 8
CROWD = range(12)
"""Everybody who comes the way that is tried; three for each seat."""

Rush = Sequence[Awaitable[object]]


@dataclass(frozen=True)
class Way:
    """A way into a seat: what is before, who then comes at once, and which claims seat them, for which reasons."""

    name: str
    seats: frozenset[tuple[str, str]]
    org: UUID
    """Whose pool is contested."""
    prepare: Callable[[Entitlements], Awaitable[Callable[[], Rush]]]


WAYS: list[Way] = []


def way(*seats: str, org: UUID = DISTRICT) -> Callable[[Callable[[Entitlements], Awaitable[Callable[[], Rush]]]], None]:
    """Put a way on the list; `seats` are the claims that it seats by, each as `claim reason`."""

    def put(prepare: Callable[[Entitlements], Awaitable[Callable[[], Rush]]]) -> None:
        pairs = frozenset((claim, reason) for claim, reason in (one.split() for one in seats))
        WAYS.append(Way(prepare.__name__, pairs, org, prepare))

    return put


def one_by_one(service: Entitlements, events: Iterable[Event[Any]]) -> Rush:
    """Writers who hear these facts, a transaction each."""
    return [service.hear(event) for event in events]


@way("assigned role_granted")
async def role(service: Entitlements) -> Callable[[], Rush]:
    await service.buy(term(CAP))
    return lambda: one_by_one(service, (person(n, "learner") for n in CROWD))


@way("assigned role_granted")
async def import_or_bulk_job(service: Entitlements) -> Callable[[], Rush]:
    """The same people in whole batches, from several workers, in other orders."""
    await service.buy(term(CAP))
    crowd = [person(n, "learner") for n in CROWD]
    return lambda: [service.hear(*crowd[n:], *crowd[:n]) for n in range(WRITERS)]


@way("assigned user_activated")
async def reactivation(service: Entitlements) -> Callable[[], Rush]:
    await service.buy(term(CAP))
    await service.hear(*(person(n, "learner", status="archived") for n in CROWD))
    return lambda: one_by_one(service, (person(n, "learner", version=2) for n in CROWD))


@way("assigned user_transferred", org=NORTH)
async def transfer_between_pools(service: Entitlements) -> Callable[[], Rush]:
    await service.buy(term(len(CROWD), org=SOUTH))
    await service.hear(*(person(n, "learner", org=SOUTH) for n in CROWD))
    await service.buy(term(CAP, org=NORTH))
    return lambda: one_by_one(service, (person(n, "learner", org=NORTH, version=2) for n in CROWD))


@way("assigned role_granted")
async def unit_that_comes_late(service: Entitlements) -> Callable[[], Rush]:
    await service.buy(term(CAP))
    await service.hear(*(person(n, "learner", org=ELSEWHERE) for n in CROWD))
    return lambda: one_by_one(service, (organization(ELSEWHERE, NORTH) for _ in range(WRITERS)))


@way("promoted seat_freed")
async def promotion(service: Entitlements) -> Callable[[], Rush]:
    await service.buy(term(CAP))
    await service.hear(*(person(n, "learner", on=-9) for n in range(50, 50 + CAP)))
    await service.hear(*(person(n, "learner") for n in CROWD))
    return lambda: one_by_one(service, (person(n, version=2) for n in range(50, 50 + CAP)))


@way("promoted capacity_raised")
async def capacity_raised(service: Entitlements) -> Callable[[], Rush]:
    bought = await service.buy(term(0))
    await service.hear(*(person(n, "learner") for n in CROWD))
    return lambda: [service.change(bought, seats=CAP) for _ in range(WRITERS)]


@way("assigned license_started")
async def license_started(service: Entitlements) -> Callable[[], Rush]:
    await service.hear(*(person(n, "learner") for n in CROWD))
    await service.buy(term(CAP, starts=1))
    service.clock.move_to(day(1))
    return lambda: [pass_due_terms(service.runtime) for _ in range(WRITERS)]


@way("promoted license_started")
async def another_term_started(service: Entitlements) -> Callable[[], Rush]:
    await service.buy(term(0))
    await service.hear(*(person(n, "learner") for n in CROWD))
    await service.buy(term(CAP, starts=1))
    service.clock.move_to(day(1))
    return lambda: [pass_due_terms(service.runtime) for _ in range(WRITERS)]


@way("restored license_renewed")
async def restore_after_renewal(service: Entitlements) -> Callable[[], Rush]:
    await service.buy(term(len(CROWD), ends=10))
    await service.hear(*(person(n, "learner") for n in CROWD))
    await service.move_to(11)
    await service.buy(term(CAP, starts=12))
    service.clock.move_to(day(12))
    return lambda: [pass_due_terms(service.runtime) for _ in range(WRITERS)]


@way("assigned rule_changed")
async def rule_changed(service: Entitlements) -> Callable[[], Rush]:
    await service.buy(term(CAP))
    await service.hear(*(person(n, "reporter") for n in CROWD))
    rules = (GrantRule("learner", "learn"), GrantRule("reporter", "learn"))
    return lambda: [service.set_rules(*rules, decided=False) for _ in range(WRITERS)]


@way("assigned pool_changed", org=NORTH)
async def unit_moved_to_a_pool(service: Entitlements) -> Callable[[], Rush]:
    await service.buy(term(CAP, org=NORTH))
    await service.hear(*(person(n, "learner", org=SOUTH) for n in CROWD))
    return lambda: one_by_one(service, (organization(SOUTH, NORTH, version=2 + n) for n in range(WRITERS)))


@way("assigned manual")
async def lifted_by_hand(service: Entitlements) -> Callable[[], Rush]:
    bought = await service.buy(term(len(CROWD)))
    await service.hear(*(person(n, "learner") for n in CROWD))
    for number in CROWD:
        await service.withhold(number)
    await service.change(bought, seats=CAP)
    return lambda: [service.lift(n) for n in CROWD]


@way("assigned returned")
async def return_after_reclaim(service: Entitlements) -> Callable[[], Rush]:
    bought = await service.buy(term(len(CROWD)))
    await service.hear(*(person(n, "learner") for n in CROWD))
    await service.hear(*(activity(n, 1, due=2) for n in CROWD))
    await service.move_to(3)
    await service.change(bought, seats=CAP)
    service.clock.move_to(day(5))
    return lambda: one_by_one(service, (activity(n, 2, login=4, due=40) for n in CROWD))


@way("moved pool_changed", org=NORTH)
async def carried_with_the_unit(service: Entitlements) -> Callable[[], Rush]:
    """The one way past the capacity: who has a seat keeps it. Nobody is seated on top."""
    await service.buy(term(len(CROWD)))
    await service.buy(term(CAP, org=NORTH))
    await service.hear(*(person(n, "learner", org=SOUTH) for n in CROWD))
    return lambda: one_by_one(service, (organization(SOUTH, NORTH, version=2 + n) for n in range(WRITERS)))


NEVER_SEAT = {
    "role_revoked", "user_suspended", "user_archived", "user_deleted", "capacity_lowered", "license_expired",
    "inactivity",
}  # fmt: skip
"""Reasons to lose a seat, and not to have one."""
END_ELSEWHERE = {"waitlisted", "suspended", "withheld", "released"}
"""Claims after which nobody has a seat that did not have it before."""


@pytest.mark.parametrize("tried", WAYS, ids=lambda one: one.name)
async def test_no_way_into_a_seat_passes_the_cap(entitlements: Entitlements, tried: Way) -> None:
    rush = await tried.prepare(entitlements)
    told = len(await entitlements.told("pool.changed"))
    claimed = len(await entitlements.told("seat.changed"))
    newcomers = one_by_one(entitlements, (person(n, "learner", org=NORTH, on=9) for n in range(100, 104)))
    await asyncio.gather(*rush(), *newcomers)
    await asyncio.gather(*(entitlements.work_off_lists(most=3) for _ in range(3)))
    await entitlements.work_off_lists()

    contested = await entitlements.pool(tried.org)
    claims = (await entitlements.told("seat.changed"))[claimed:]
    seated = {(fact["claim"], fact["reason"]) for fact in claims if fact["state"] == "assigned"}
    assert tried.seats <= seated, "the way leads to seats"
    carried = [fact for fact in claims if fact["claim"] == "moved"]
    for fact in (await entitlements.told("pool.changed"))[told:]:
        if fact["id"] == str(contested.id):
            most = fact["capacity"] + fact["overage_seats"]
            assert fact["assigned"] <= max(most, len(carried)), "the cap holds at every commit"
    assert contested.assigned == max(CAP, len(carried)), "the way is contested, and every seat is given"
    assert contested.waitlisted > 0
    if carried:
        assert {fact["claim"] for fact in claims} == {"moved", "waitlisted"}


def test_every_claim_and_reason_that_ends_in_a_seat_is_tried() -> None:
    """A new way into a seat brings a reason or a claim: then this list is to grow too."""
    pairs = [pair for tried in WAYS for pair in tried.seats]
    reasons, claims = {reason for _, reason in pairs}, {claim for claim, _ in pairs}
    assert reasons | NEVER_SEAT == set(get_args(SeatReason))
    assert not reasons & NEVER_SEAT
    assert claims | END_ELSEWHERE == set(get_args(ClaimKind))


@pytest.mark.parametrize(
    ("story", "statement"),
    [
        ("one more than there are", "update pool set assigned = assigned + 1"),
        ("marked as over-allocated", "update pool set assigned = assigned + 1, over_allocated = true"),
        ("a seat for each that is taken away", "update pool set assigned = assigned + 1, capacity = capacity - 1"),
        ("in a pool that is over-allocated", "update pool set capacity = 0, over_allocated = true, assigned = 9"),
        (
            "in a new pool",
            """insert into pool (tenant_id, id, org_id, product, license_state, capacity, capacity_with_grace, extra,
                   extra_with_grace, starts_at, ends_at, usable_until, assigned, waitlisted, suspended, over_allocated,
                   carried_in, as_of, version)
               select tenant_id, gen_random_uuid(), gen_random_uuid(), product, license_state, capacity,
                   capacity_with_grace, extra, extra_with_grace, starts_at, ends_at, usable_until, 5, 0, 0, true,
                   0, as_of, 1
               from pool""",
        ),
        ("over-allocated without a mark", "update pool set capacity_with_grace = 0, capacity = 0"),
        ("fewer than none", "update pool set assigned = -1"),
    ],
)
async def test_the_database_refuses_what_the_code_should_never_do(
    entitlements: Entitlements, story: str, statement: str
) -> None:
    """As the service's own role."""
    await entitlements.buy(term(CAP))
    await entitlements.hear(*(person(n, "learner") for n in range(CAP)))
    with pytest.raises(DBAPIError, match="CheckViolation"):
        await entitlements.write(statement)
    assert (await entitlements.pool()).assigned == CAP, story


async def test_a_license_that_shrinks_takes_no_seat_by_the_database(entitlements: Entitlements) -> None:
    await entitlements.buy(term(CAP))
    await entitlements.hear(*(person(n, "learner") for n in range(CAP)))
    await entitlements.write("update pool set capacity = 1, capacity_with_grace = 1, over_allocated = true")
    await entitlements.write("update pool set assigned = assigned - 1")
    with pytest.raises(DBAPIError, match="beyond its 1"):
        await entitlements.write("update pool set assigned = assigned + 1")
