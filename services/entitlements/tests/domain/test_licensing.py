"""What terms and tree make of pools, and how another pool takes over a unit's seats (seats: Words, pool; Capacity)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.carrying import carry_over
from usher_entitlements.domain.licensing import change_service, license_pools
from usher_entitlements.domain.pools import Pool, pool_id
from usher_entitlements.domain.seats import Claim, Reason, Seat, SeatState
from usher_entitlements.domain.terms import LicenseTerm, TermState
from usher_entitlements.domain.tree import ancestors, serve

START = datetime(2026, 9, 1, tzinfo=UTC)
LATER = START + timedelta(days=9)
DISTRICT, SCHOOL, CLASS = UUID(int=1), UUID(int=2), UUID(int=3)
TREE = {DISTRICT: None, SCHOOL: DISTRICT, CLASS: SCHOOL}
HIGH, LOW = UUID(int=101), UUID(int=102)


def term(org: UUID, state: str, seats: int = 5) -> LicenseTerm:
    end = START + timedelta(days=365)
    return LicenseTerm(DISTRICT, UUID(int=seats), org, "learn", seats, START, end, state=TermState(state))


def pools(*terms: LicenseTerm) -> dict[UUID, Pool]:
    return license_pools({}, terms, START)


def seat(state: str, *, org: UUID = SCHOOL, first: bool = False) -> Seat:
    since = START if state in ("assigned", "suspended") else None
    return Seat(
        DISTRICT, UUID(int=9), "learn", org, HIGH, SeatState(state), Reason.ROLE_GRANTED, START, since, START,
        first_in_line=first, version=4,
    )  # fmt: skip


def test_each_unit_draws_on_its_own_pool_or_on_its_nearest_ancestors() -> None:
    assert serve(TREE, {(DISTRICT, "learn"): HIGH, (SCHOOL, "learn"): LOW, (CLASS, "observe"): LOW}) == {
        (DISTRICT, "learn"): HIGH,
        (SCHOOL, "learn"): LOW,
        (CLASS, "learn"): LOW,
        (CLASS, "observe"): LOW,
    }


def test_an_ancestor_that_is_not_known_yet_ends_the_way_up() -> None:
    assert serve({CLASS: SCHOOL}, {(DISTRICT, "learn"): HIGH}) == {}


def test_half_a_move_that_looks_like_a_cycle_hangs_nobody() -> None:
    assert list(ancestors(SCHOOL, {SCHOOL: CLASS, CLASS: SCHOOL})) == [SCHOOL, CLASS]


@given(st.dictionaries(st.integers(0, 9).map(lambda n: UUID(int=n)), st.integers(0, 9).map(lambda n: UUID(int=n))))
def test_every_way_up_ends(parents: dict[UUID, UUID | None]) -> None:
    for org in parents:
        line = list(ancestors(org, parents))
        assert line[0] == org
        assert len(line) == len(set(line))


def test_a_pool_opens_with_its_first_term_and_expiry_does_not_end_it() -> None:
    assert pools(term(SCHOOL, "scheduled")) == {}
    [opened] = pools(term(SCHOOL, "active")).values()
    assert (opened.id, opened.org_id, opened.license.capacity) == (pool_id(SCHOOL, "learn"), SCHOOL, 5)
    [expired] = license_pools({opened.id: opened}, [term(SCHOOL, "expired")], LATER).values()
    change = change_service(TREE, [expired], {})
    assert change.now == {(SCHOOL, "learn"): opened.id, (CLASS, "learn"): opened.id}


def test_a_new_pool_is_its_tenants_and_begins_now() -> None:
    [opened] = license_pools({}, [term(SCHOOL, "active")], LATER).values()
    assert (opened.tenant_id, opened.product, opened.as_of, opened.assigned) == (DISTRICT, "learn", LATER, 0)


def test_a_pool_keeps_its_seats_whatever_becomes_of_its_license() -> None:
    [opened] = pools(term(SCHOOL, "active")).values()
    busy = replace(opened, assigned=3, waitlisted=2, carried_in=1, version=7)
    [after] = license_pools({busy.id: busy}, [term(SCHOOL, "active", seats=9)], LATER).values()
    assert (after.license.capacity, replace(after, license=busy.license)) == (9, busy)


def test_when_its_last_term_is_ended_a_units_people_draw_on_the_pool_above_again() -> None:
    both = pools(term(DISTRICT, "active"), term(SCHOOL, "ended"))
    served = {(org, "learn"): pool_id(SCHOOL, "learn") for org in (SCHOOL, CLASS)}
    change = change_service(TREE, both.values(), served)
    above = pool_id(DISTRICT, "learn")
    assert change.now == {(DISTRICT, "learn"): above, (SCHOOL, "learn"): above, (CLASS, "learn"): above}
    assert change.carried == served.keys()
    assert change.opened == {(DISTRICT, "learn")}


def test_nothing_changes_where_the_same_pools_serve() -> None:
    own = pools(term(DISTRICT, "active"))
    served = dict(change_service(TREE, own.values(), {}).now)
    assert change_service(TREE, own.values(), {unit: key for unit, key in served.items() if key}).now == {}


def test_a_seat_is_carried_over_as_it_is() -> None:
    for state, first in (("assigned", False), ("waitlisted", True), ("suspended", False)):
        held = seat(state, first=first)
        [moved] = carry_over([held], {(SCHOOL, "learn"): LOW}, LATER)
        kept = replace(held, pool_id=LOW, reason=Reason.POOL_CHANGED, since=LATER, version=5)
        assert (moved.claim, moved.from_pool, moved.seat) == (Claim.MOVED, HIGH, kept)


def test_where_no_pool_serves_any_more_the_seat_is_released() -> None:
    [left] = carry_over([seat("assigned")], {}, LATER)
    assert (left.claim, left.seat.reason, left.seat.assigned_since) == (Claim.RELEASED, Reason.POOL_CHANGED, None)


def test_a_seat_whose_pool_serves_on_is_not_touched() -> None:
    assert carry_over([seat("assigned")], {(SCHOOL, "learn"): HIGH}, LATER) == []
