"""What facts about people do to seats, told as stories (seats: Seat states, Capacity)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from usher_entitlements.domain.blocks import WITHHOLD
from usher_entitlements.domain.grants import DEFAULT_RULES, GrantRule, by_product
from usher_entitlements.domain.license import License
from usher_entitlements.domain.people import HeldRole, Person
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seating import Case, Seating, Situation, decide_seating
from usher_entitlements.domain.seats import Claim, Reason, Seat, SeatState
from usher_entitlements.domain.terms import TermState

TENANT, DISTRICT, SCHOOL, ELSEWHERE = UUID(int=1), UUID(int=10), UUID(int=11), UUID(int=12)
DISTRICT_POOL, SCHOOL_POOL = UUID(int=100), UUID(int=101)
START = datetime(2026, 9, 1, tzinfo=UTC)
NOW = START + timedelta(days=100)


def day(count: float) -> datetime:
    return START + timedelta(days=count)


def person(number: int, *roles: str, on: float = 0, status: str = "active", org: UUID = DISTRICT) -> Person:
    held = [HeldRole(role, day(on)) for role in roles]
    return Person(TENANT, UUID(int=number), org, status, START, held, version=1, config_version=1)


def pool(
    capacity: int, *, id_: UUID = DISTRICT_POOL, state: str = "active", assigned: int = 0, waiting: int = 0
) -> Pool:
    license_ = License(TermState(state), capacity, capacity, 0, 0, START, day(365), day(379))
    return Pool(TENANT, id_, DISTRICT, "learn", license_, START, assigned, waiting)


def seat(number: int, state: str, *, on: float = 0, in_pool: UUID = DISTRICT_POOL, role: str = "learner") -> Seat:
    since = day(on) if state == "assigned" else None
    return Seat(
        TENANT, UUID(int=number), "learn", DISTRICT, in_pool, SeatState(state), Reason.ROLE_GRANTED, day(on), since,
        day(on), role=role, version=1,
    )  # fmt: skip


def decide(
    cases: Iterable[Case | Person],
    pools: Sequence[Pool],
    seats: Sequence[Seat] = (),
    waiting: Sequence[Seat] = (),
    listed: int = 0,
) -> Seating:
    serves = {(DISTRICT, "learn"): pools[0].id, (SCHOOL, "learn"): pools[-1].id}
    situation = Situation(
        rules=by_product(DEFAULT_RULES),
        serves=serves,
        pools={one.id: one for one in pools},
        seats={one.user_id: {one.product: one} for one in seats},
        waiting={pools[0].id: waiting},
        listed={pools[0].id: listed},
    )
    return decide_seating(situation, [case if isinstance(case, Case) else Case(None, case) for case in cases], NOW)


def told(seating: Seating) -> list[tuple[int, str, str]]:
    return [(made.seat.user_id.int, str(made.claim), str(made.seat.reason)) for made in seating.changes]


def test_newcomers_are_seated_in_order_while_there_is_room_and_then_wait() -> None:
    seating = decide([person(1, "learner", on=3), person(2, "learner", on=1), person(3, "learner", on=2)], [pool(2)])
    assert told(seating) == [
        (2, "assigned", "role_granted"),
        (3, "assigned", "role_granted"),
        (1, "waitlisted", "role_granted"),
    ]
    after = seating.pools[DISTRICT_POOL]
    assert (after.assigned, after.waitlisted) == (2, 1)


def test_roles_that_call_for_nothing_bring_no_seat() -> None:
    assert told(decide([person(1, "reporter"), person(2, "observer")], [pool(2)])) == []


def test_a_seat_that_is_freed_goes_to_the_first_in_line_in_the_same_decision() -> None:
    was, now = person(1, "learner"), person(1)
    line = [seat(2, "waitlisted", on=5), seat(3, "waitlisted", on=6)]
    seating = decide([Case(was, now)], [pool(1, assigned=1, waiting=2)], [seat(1, "assigned")], line)
    assert told(seating) == [(1, "released", "role_revoked"), (2, "promoted", "seat_freed")]
    after = seating.pools[DISTRICT_POOL]
    assert (after.assigned, after.waitlisted) == (1, 1)


def test_a_late_arrival_with_an_earlier_place_goes_ahead_of_those_waiting_and_unseats_nobody() -> None:
    leaves = Case(person(1, "learner"), person(1, "learner", status="archived"))
    late = person(9, "learner", on=2)
    seating = decide(
        [leaves, late], [pool(1, assigned=1, waiting=1)], [seat(1, "assigned")], [seat(2, "waitlisted", on=5)]
    )
    assert told(seating) == [(1, "released", "user_archived"), (9, "assigned", "role_granted")]


def test_who_has_a_seat_keeps_it_when_another_role_calls() -> None:
    case = Case(person(1, "learner"), person(1, "org_admin", on=50))
    seating = decide([case], [pool(0, assigned=1)], [seat(1, "assigned")])
    assert told(seating) == []
    assert [(placed.role, placed.wanted_since) for placed in seating.placed] == [("org_admin", day(50))]


def test_nobody_new_is_seated_in_grace() -> None:
    assert told(decide([person(1, "learner")], [pool(9, state="grace", assigned=3)])) == [
        (1, "waitlisted", "role_granted")
    ]


def test_a_shrunken_pool_seats_nobody_until_enough_have_left() -> None:
    leaves = Case(person(1, "learner"), person(1))
    seating = decide([leaves], [pool(2, assigned=4, waiting=1)], [seat(1, "assigned")], [seat(2, "waitlisted")])
    assert told(seating) == [(1, "released", "role_revoked")]


def test_a_transfer_to_another_pool_is_a_release_and_an_allocation() -> None:
    case = Case(person(1, "learner"), person(1, "learner", org=SCHOOL))
    pools = [pool(1, assigned=1, waiting=1), pool(5, id_=SCHOOL_POOL)]
    seating = decide([case], pools, [seat(1, "assigned")], [seat(2, "waitlisted")])
    assert told(seating) == [
        (1, "released", "user_transferred"),
        (2, "promoted", "seat_freed"),
        (1, "assigned", "user_transferred"),
    ]
    assert [made.seat.version for made in seating.changes] == [2, 2, 3]
    assert [(p.assigned, p.waitlisted) for p in seating.pools.values()] == [(1, 0), (1, 0)]


def test_a_transfer_within_one_pool_leaves_the_seat_untouched() -> None:
    case = Case(person(1, "learner"), person(1, "learner", org=SCHOOL))
    seating = decide([case], [pool(1, assigned=1)], [seat(1, "assigned")])
    assert told(seating) == []
    assert [placed.org_id for placed in seating.placed] == [SCHOOL]


def test_a_move_to_an_organization_without_a_pool_releases_the_seat() -> None:
    case = Case(person(1, "learner"), person(1, "learner", org=ELSEWHERE))
    assert told(decide([case], [pool(1, assigned=1)], [seat(1, "assigned")])) == [(1, "released", "user_transferred")]


@pytest.mark.parametrize(
    ("status", "reason"),
    [("suspended", "user_suspended"), ("archived", "user_archived"), ("deleted", "user_deleted")],
)
@pytest.mark.parametrize("state", ["assigned", "waitlisted"])
def test_nobody_who_is_not_active_holds_or_awaits_a_seat(status: str, reason: str, state: str) -> None:
    case = Case(person(1, "learner"), person(1, "learner", status=status))
    full = pool(1, assigned=int(state == "assigned"), waiting=int(state == "waitlisted"))
    assert told(decide([case], [full], [seat(1, state)])) == [(1, "released", reason)]


def test_a_person_comes_back_at_the_place_of_their_return() -> None:
    back = replace(person(1, "learner"), status_since=day(90))
    case = Case(person(1, "learner", status="archived"), back)
    seating = decide([case], [pool(0)], [seat(1, "released")])
    assert told(seating) == [(1, "waitlisted", "user_activated")]
    assert seating.changes[0].seat.wanted_since == day(90)


def test_one_who_waits_and_is_placed_further_back_is_served_there() -> None:
    leaves = Case(person(1, "learner"), person(1))
    regranted = Case(person(2, "learner", on=1), person(2, "learner", on=80))
    line = [seat(2, "waitlisted", on=1), seat(3, "waitlisted", on=2)]
    seating = decide([leaves, regranted], [pool(1, assigned=1, waiting=2)], [seat(1, "assigned"), line[0]], line)
    assert told(seating) == [(1, "released", "role_revoked"), (3, "promoted", "seat_freed")]
    assert [placed.wanted_since for placed in seating.placed] == [day(80)]


def test_newcomers_do_not_go_ahead_of_those_still_to_be_considered() -> None:
    seating = decide([person(1, "learner"), person(2, "learner", on=1)], [pool(10)], listed=9)
    assert told(seating) == []
    assert [one.user_id.int for one, _ in seating.deferred] == [1, 2]


def test_newcomers_are_seated_at_once_where_there_is_room_for_all_on_the_list_too() -> None:
    seating = decide([person(1, "learner"), person(2, "learner", on=1)], [pool(10)], listed=8)
    assert [claim for _, claim, _ in told(seating)] == ["assigned", "assigned"]
    assert seating.deferred == []


def test_a_reevaluation_tells_the_configuration_as_its_reason() -> None:
    one = person(1, "learner")
    case = Case(one, one, frozenset({"learn"}), {"learn": Reason.LICENSE_STARTED})
    assert told(decide([case], [pool(1)])) == [(1, "assigned", "license_started")]


def elsewhere() -> Situation:
    """Another pool serves the district than the one in which 1 holds a seat."""
    return Situation(
        rules=by_product(DEFAULT_RULES),
        serves={(DISTRICT, "learn"): SCHOOL_POOL},
        pools={DISTRICT_POOL: pool(5, assigned=1), SCHOOL_POOL: pool(5, id_=SCHOOL_POOL)},
        seats={UUID(int=1): {"learn": seat(1, "assigned")}},
    )


def test_whose_unit_another_pool_serves_by_now_is_told_so() -> None:
    one = person(1, "learner")
    seating = decide_seating(elsewhere(), [Case(one, replace(one, version=2))], NOW)
    assert told(seating) == [(1, "released", "pool_changed"), (1, "assigned", "pool_changed")]


def test_the_reason_of_a_change_of_the_configuration_is_told_of_both_versions() -> None:
    one = person(1, "learner")
    case = Case(one, one, frozenset({"learn"}), {"learn": Reason.LICENSE_STARTED})
    assert [why for _, _, why in told(decide_seating(elsewhere(), [case], NOW))] == ["license_started"] * 2


def test_whom_no_rule_calls_any_more_is_told_of_the_rule() -> None:
    situation = replace(elsewhere(), rules=by_product([GrantRule("observer", "learn")]))
    one = person(1, "learner")
    assert told(decide_seating(situation, [Case(one, one)], NOW)) == [(1, "released", "rule_changed")]


def test_a_move_to_where_a_pool_serves_is_told_as_a_transfer() -> None:
    case = Case(person(1, "learner", org=ELSEWHERE), person(1, "learner"))
    assert told(decide([case], [pool(1)])) == [(1, "assigned", "user_transferred")]


def test_a_first_seat_says_whose_it_is_by_which_role_and_at_which_place() -> None:
    rules = by_product([GrantRule("learner", "learn", 4), GrantRule("org_admin", "learn", 2)])
    one = replace(person(1), roles=[HeldRole("learner", day(3)), HeldRole("org_admin", day(8))])
    [made] = decide_seating(replace(elsewhere(), rules=rules, seats={}), [Case(None, one)], NOW).changes
    given = made.seat
    assert (given.tenant_id, given.user_id, given.org_id, given.pool_id) == (TENANT, one.id, DISTRICT, SCHOOL_POOL)
    assert (given.role, given.priority, given.wanted_since, given.assigned_since) == ("learner", 2, day(3), NOW)
    assert (made.from_state, made.from_version, given.version) == ("none", 0, 1)


def test_who_comes_back_has_the_seat_by_the_role_that_calls_now() -> None:
    case = Case(person(1), person(1, "org_admin", on=9))
    [made] = decide([case], [pool(1)], [seat(1, "released")]).changes
    assert (made.seat.role, made.seat.wanted_since) == ("org_admin", day(9))


def test_who_stays_where_they_are_is_left_alone() -> None:
    one = person(1, "learner")
    for state in ("assigned", "waitlisted"):
        seating = decide([Case(one, replace(one, version=2))], [pool(0)], [seat(1, state)])
        assert (told(seating), seating.placed) == ([], [])


def test_an_act_on_a_seat_that_there_is_not_does_nothing() -> None:
    case = Case(person(1), person(1), frozenset(["learn"]), acts={"learn": WITHHOLD})
    for seats in ([], [seat(1, "released")]):
        assert told(decide([case], [pool(1)], seats)) == []


def test_newcomers_to_several_pools_all_join_their_lists() -> None:
    situation = Situation(
        rules=by_product(DEFAULT_RULES),
        serves={(DISTRICT, "learn"): DISTRICT_POOL, (SCHOOL, "learn"): SCHOOL_POOL},
        pools={DISTRICT_POOL: pool(1), SCHOOL_POOL: pool(1, id_=SCHOOL_POOL)},
        seats={},
        listed={DISTRICT_POOL: 1, SCHOOL_POOL: 1},
    )
    people = [Case(None, person(1, "learner")), Case(None, person(2, "learner", org=SCHOOL))]
    assert [one.pool_id for one, _ in decide_seating(situation, people, NOW).deferred] == [DISTRICT_POOL, SCHOOL_POOL]


def test_the_time_of_a_pool_never_goes_back() -> None:
    later = replace(pool(1), as_of=NOW + timedelta(seconds=5))
    seating = decide([person(1, "learner")], [later])
    assert seating.changes[0].seat.since == NOW + timedelta(seconds=5)
    assert seating.changes[0].claim is Claim.ASSIGNED
