"""A block is judged by the latest facts and by acts alone, whatever was heard in between (seats: Invariants, I5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.blocks import RECLAIM, WITHHOLD, Block, Lift
from usher_entitlements.domain.grants import GrantRule, by_product
from usher_entitlements.domain.inactivity import give_back
from usher_entitlements.domain.people import HeldRole, Person
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seating import Case, Seating, Situation, decide_seating
from usher_entitlements.domain.seats import Reason, Seat, SeatState

from .test_blocks import acted, activity, blocked
from .test_seating_stories import (
    DISTRICT,
    DISTRICT_POOL,
    ELSEWHERE,
    NOW,
    SCHOOL,
    SCHOOL_POOL,
    TENANT,
    day,
    decide,
    person,
    pool,
    seat,
    told,
)

BLOCKS = {"withheld": WITHHOLD, "released": RECLAIM}


def holds(roles: Mapping[str, float], *, status: str = "active") -> Person:
    """A person with roles, each held since its day."""
    return replace(person(1, status=status), roles=[HeldRole(role, day(since)) for role, since in roles.items()])


OLD = holds({"learner": 0})
PROMOTED = holds({"learner": 0, "org_admin": 60})


def again(state: str) -> Seat:
    """The seat of one who was blocked on day 50, and whom a role that was given on day 60 seated again."""
    [given_] = decide([Case(OLD, PROMOTED)], [pool(5)], [blocked(1, state)]).changes
    assert (given_.seat.state, given_.seat.lifted_at) == (SeatState.ASSIGNED, day(60))
    return given_.seat


@pytest.mark.parametrize(
    ("state", "claim", "reason"), [("withheld", "withheld", "manual"), ("released", "released", "inactivity")]
)
@pytest.mark.parametrize("now", [OLD, holds({}), holds({"learner": 0}, status="archived"), holds({"reporter": 70})])
def test_whom_a_later_role_gave_the_seat_back_loses_it_with_that_role(
    state: str, claim: str, reason: str, now: Person
) -> None:
    held = again(state)
    seating = decide([Case(PROMOTED, now)], [pool(1, assigned=1, waiting=1)], [held], [seat(2, "waitlisted")])
    assert told(seating) == [(1, claim, reason), (2, "promoted", "seat_freed")]
    taken = seating.changes[0].seat
    assert (taken.state, taken.blocked_since, taken.since) == (state, day(50), NOW)


def test_the_time_of_the_pool_is_the_time_of_the_taking() -> None:
    later = replace(pool(1, assigned=1), as_of=day(120))
    [taken] = decide([Case(PROMOTED, OLD)], [later], [again("withheld")]).changes
    assert taken.seat.since == day(120)


def test_who_leaves_with_the_later_role_is_released_and_blocked_again_once_it_goes() -> None:
    held = again("withheld")
    archived = replace(PROMOTED, status="archived")
    left = decide([Case(PROMOTED, archived)], [pool(1, assigned=1)], [held])
    assert told(left) == [(1, "released", "user_archived")]
    without = replace(OLD, status="archived")
    back = decide([Case(archived, without)], [pool(1)], [left.changes[0].seat])
    assert told(back) == [(1, "withheld", "manual")]
    assert (back.changes[0].from_state, back.pools[DISTRICT_POOL]) == ("released", pool(1)), "no seat entered or left"
    long_ago = replace(left.changes[0].seat, pool_id=SCHOOL_POOL)
    assert told(decide([Case(archived, without)], [pool(1)], [long_ago])) == [(1, "withheld", "manual")]


def test_who_is_reclaimed_again_is_so_by_name() -> None:
    """Usage keeps watching those who were released for inactivity (seats: Usage)."""
    held = again("released")
    archived = replace(PROMOTED, status="archived")
    [left] = decide([Case(PROMOTED, archived)], [pool(1, assigned=1)], [held]).changes
    back = decide([Case(archived, replace(OLD, status="archived"))], [pool(1)], [left.seat])
    assert told(back) == [(1, "released", "inactivity")]


def test_a_rule_that_ends_for_the_later_role_takes_the_seat_too() -> None:
    situation = Situation(
        rules=by_product([GrantRule("learner", "learn")]),
        serves={(DISTRICT, "learn"): DISTRICT_POOL},
        pools={DISTRICT_POOL: pool(1, assigned=1)},
        seats={OLD.id: {"learn": again("withheld")}},
    )
    case = Case(PROMOTED, PROMOTED, frozenset(["learn"]), {"learn": Reason.RULE_CHANGED})
    assert told(decide_seating(situation, [case], NOW)) == [(1, "withheld", "manual")]


def test_a_login_meanwhile_lifts_a_reclaim_for_good() -> None:
    held = again("released")
    back = give_back(held, None, activity(login=80))
    assert back == Lift(day(80), Reason.RETURNED)
    [kept] = decide([acted(PROMOTED, back)], [pool(1, assigned=1)], [held]).placed
    assert (kept.state, kept.given_back_at, kept.lifted_at) == ("assigned", day(80), day(60))
    [placed] = (seating := decide([Case(PROMOTED, OLD)], [pool(1, assigned=1)], [kept])).placed
    assert told(seating) == []
    assert (placed.lifted_at, placed.wanted_since) == (day(80), day(80))
    assert give_back(kept, None, activity(login=85)) is None


def test_a_login_lifts_no_withholding_that_a_role_has_lifted() -> None:
    assert give_back(again("withheld"), None, activity(login=80)) is None


@pytest.mark.parametrize(("state", "first"), [("waitlisted", True), ("assigned", False), ("suspended", False)])
def test_who_waits_and_came_before_the_reclaim_is_first_in_line_and_who_holds_a_seat_needs_no_place(
    state: str, first: bool
) -> None:
    since = day(60) if state != "waitlisted" else None
    own = replace(again("released"), state=SeatState(state), assigned_since=since)
    back = Lift(day(50), Reason.RETURNED, first_in_line=True)
    [placed] = decide([acted(PROMOTED, back)], [pool(0, assigned=1, waiting=1)], [own]).placed
    assert (placed.first_in_line, placed.given_back_at) == (first, day(50))


def test_who_came_in_time_and_no_longer_wants_the_seat_has_no_place_of_honor() -> None:
    back = Lift(day(50), Reason.RETURNED, first_in_line=True)
    [placed] = decide([acted(holds({}), back)], [pool(1)], [blocked(1, "released")]).placed
    assert (placed.first_in_line, placed.blocked_since) == (False, None)


@pytest.mark.parametrize("act", [WITHHOLD, RECLAIM])
def test_a_role_that_calls_when_the_seat_is_taken_is_none_that_is_given_later(act: Block) -> None:
    """The clock of who gave it may be ahead."""
    known = holds({"learner": 0, "org_admin": 101})
    [taken] = decide([acted(known, act)], [pool(1, assigned=1)], [seat(1, "assigned")]).changes
    assert taken.seat.blocked_since == day(101)
    assert told(decide([Case(known, known)], [pool(1)], [taken.seat])) == []


def test_a_new_block_asks_for_a_role_or_a_lifting_of_its_own() -> None:
    held = replace(again("released"), given_back_at=day(55), lifted_at=day(55))
    [taken] = decide([acted(PROMOTED, WITHHOLD)], [pool(1, assigned=1)], [held]).changes
    assert (taken.seat.blocked_since, taken.seat.blocked_for, taken.seat.given_back_at) == (NOW, Reason.MANUAL, None)
    assert told(decide([Case(PROMOTED, PROMOTED)], [pool(1)], [taken.seat])) == []


def test_nobody_is_blocked_by_what_never_was() -> None:
    never = replace(seat(1, "released"), reason=Reason.ROLE_REVOKED)
    assert told(decide([Case(person(1), OLD)], [pool(1)], [never])) == [(1, "assigned", "role_granted")]


facts = st.builds(
    lambda org, status, since, roles: Person(
        TENANT, OLD.id, org, status, day(since), [HeldRole(role, day(held)) for role, held in roles.items()], 0, 1
    ),
    st.sampled_from([DISTRICT, DISTRICT, DISTRICT, SCHOOL, ELSEWHERE]),
    st.sampled_from(["active", "active", "active", "archived", "suspended"]),
    st.sampled_from([0, 45, 65]),
    st.dictionaries(st.sampled_from(["learner", "org_admin", "reporter"]), st.sampled_from([0, 50, 55, 60, 70])),
)


@dataclass
class Hearing:
    """Who hears of one person, in pools that have room for all, or for none."""

    seat: Seat
    capacity: int
    known: Person = OLD

    def hear(self, said: Person) -> None:
        """A fact, unless a later one is known (seats: Invariants, I5)."""
        if said.version > self.known.version:
            self.decide(Case(self.known, said))
            self.known = said

    def give_back(self, back: Lift) -> None:
        self.decide(acted(self.known, back))

    def decide(self, case: Case) -> None:
        seating = self.seating(case)
        kept = {made.seat.user_id: made.seat for made in seating.changes} or {
            one.user_id: one for one in seating.placed
        }
        self.seat = kept.get(OLD.id, self.seat)

    def seating(self, case: Case) -> Seating:
        return decide([case], [self.pool(DISTRICT_POOL), self.pool(SCHOOL_POOL)], [self.seat])

    def pool(self, id_: UUID) -> Pool:
        state = self.seat.state if self.seat.pool_id == id_ else SeatState.NONE
        return pool(self.capacity, id_=id_, assigned=state == "assigned", waiting=state == "waitlisted")

    @property
    def outcome(self) -> tuple[object, ...]:
        one = self.seat
        place = one.want.place if one.state is SeatState.WAITLISTED else None
        block = (one.blocked_since, one.lifted_at, one.blocked_for, one.blocked_since and one.reason)
        return (one.state, one.state.is_open and one.pool_id, place, block)


def deliveries(data: st.DataObject, versions: Sequence[Person]) -> list[Person]:
    """Any of these in any order, any number of times, and the last among them."""
    heard = data.draw(st.lists(st.sampled_from(versions), max_size=6))
    where = data.draw(st.integers(0, len(heard)))
    return [*heard[:where], versions[-1], *heard[where:]]


def numbered(said: Sequence[Person]) -> list[Person]:
    return [replace(one, version=OLD.version + n) for n, one in enumerate(said, start=1)]


@given(st.data(), st.lists(facts, min_size=1, max_size=5), st.sampled_from(sorted(BLOCKS)), st.sampled_from([0, 9]))
def test_any_delivery_of_facts_ends_as_the_last_fact_alone_does(
    data: st.DataObject, said: list[Person], state: str, capacity: int
) -> None:
    versions = numbered(said)
    alone, heard = Hearing(blocked(1, state), capacity), Hearing(blocked(1, state), capacity)
    alone.hear(versions[-1])
    for one in deliveries(data, versions):
        heard.hear(one)
    assert heard.outcome == alone.outcome


@given(st.data(), st.lists(facts, min_size=1, max_size=4), st.sampled_from([0, 9]), st.sampled_from([52, 58, 66]))
def test_a_login_may_come_between_any_of_them(
    data: st.DataObject, said: list[Person], capacity: int, login: float
) -> None:
    versions = numbered(said)
    back = Lift(day(login), Reason.RETURNED)
    alone, heard = Hearing(blocked(1, "released"), capacity), Hearing(blocked(1, "released"), capacity)
    alone.give_back(back)
    alone.hear(versions[-1])
    told_ = deliveries(data, versions)
    where = data.draw(st.integers(0, len(told_)))
    for one in told_[:where]:
        heard.hear(one)
    heard.give_back(back)
    for one in told_[where:]:
        heard.hear(one)
    assert heard.outcome == alone.outcome


def lifting(heard: Sequence[Person]) -> datetime | None:
    hearing = Hearing(blocked(1, "withheld"), 9)
    for one in numbered(heard):
        hearing.hear(one)
    return hearing.seat.lifted_at


def test_the_lifting_is_that_of_the_earliest_role_that_calls_now() -> None:
    both = holds({"learner": 55, "org_admin": 60})
    assert lifting([both]) == day(55)
    assert lifting([both, holds({"org_admin": 60})]) == day(60)
    assert lifting([holds({"org_admin": 60}), both]) == day(55)
