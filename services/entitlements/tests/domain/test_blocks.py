"""What is withheld, reclaimed, lifted and given back, told as stories (seats: Seat states, Usage)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from usher_entitlements.domain.blocks import RECLAIM, WITHHOLD, Block, Lift, judge
from usher_entitlements.domain.grants import GrantRule, by_product, calls
from usher_entitlements.domain.inactivity import Activity, give_back, is_due
from usher_entitlements.domain.people import HeldRole, Person
from usher_entitlements.domain.seating import Case
from usher_entitlements.domain.seats import Reason, Seat, SeatState

from .test_seating_stories import NOW, TENANT, day, decide, person, pool, seat, told


def acted(who: Person, act: Block | Lift) -> Case:
    return Case(who, who, frozenset(["learn"]), acts={"learn": act})


def blocked(number: int, state: str, *, on: float = 50) -> Seat:
    reason = Reason.MANUAL if state == "withheld" else Reason.INACTIVITY
    return replace(
        seat(number, state),
        reason=reason,
        blocked_at=day(on),
        blocked_for=reason,
        assigned_since=None,
        wanted_since=day(0),
    )


def test_what_is_withheld_goes_to_the_first_in_line_at_once() -> None:
    full = pool(1, assigned=1, waiting=1)
    seating = decide(
        [acted(person(1, "learner"), WITHHOLD)], [full], [seat(1, "assigned")], [seat(2, "waitlisted", on=3)]
    )
    assert told(seating) == [(1, "withheld", "manual"), (2, "promoted", "seat_freed")]
    assert seating.changes[0].seat.blocked_since == NOW
    assert seating.pools[full.id].assigned == 1


@pytest.mark.parametrize("state", ["waitlisted", "suspended"])
def test_a_place_and_a_suspended_seat_can_be_withheld(state: str) -> None:
    one = pool(0, waiting=1) if state == "waitlisted" else replace(pool(0, state="expired"), suspended=1)
    seating = decide([acted(person(1, "learner"), WITHHOLD)], [one], [seat(1, state)])
    assert told(seating) == [(1, "withheld", "manual")]


def test_a_reclaimed_seat_is_released_and_blocked() -> None:
    seating = decide([acted(person(1, "learner"), RECLAIM)], [pool(1, assigned=1)], [seat(1, "assigned")])
    assert told(seating) == [(1, "released", "inactivity")]
    assert seating.changes[0].seat.blocked_since == NOW


@pytest.mark.parametrize("state", ["withheld", "released"])
def test_nothing_that_happens_to_the_person_lifts_a_block(state: str) -> None:
    before = person(1, "learner", status="archived")
    for after in (person(1, "learner"), person(1, "learner", "reporter"), person(1), before):
        seating = decide([Case(before, after)], [pool(5)], [blocked(1, state)])
        assert told(seating) == []
        assert seating.placed == []


@pytest.mark.parametrize("state", ["withheld", "released"])
def test_a_role_that_calls_since_later_lifts_it(state: str) -> None:
    held = [HeldRole("learner", day(0)), HeldRole("org_admin", day(60)), HeldRole("org_admin", day(70))]
    after = replace(person(1), roles=held)
    seating = decide([Case(person(1, "learner"), after)], [pool(5)], [blocked(1, state)])
    assert told(seating) == [(1, "assigned", "role_granted")]
    given = seating.changes[0].seat
    assert (given.blocked_since, given.lifted_at, given.wanted_since) == (None, day(60), day(60))


def test_a_role_of_the_same_moment_or_earlier_does_not() -> None:
    after = replace(person(1), roles=[HeldRole("learner", day(0)), HeldRole("org_admin", day(50))])
    assert told(decide([Case(person(1, "learner"), after)], [pool(5)], [blocked(1, "withheld")])) == []


def test_a_rule_that_begins_to_call_later_lifts_nothing() -> None:
    later = by_product([GrantRule("learner", "learn", since=day(60)), GrantRule("org_admin", "learn", since=day(60))])
    one = blocked(1, "withheld")
    assert judge(one, calls(later, person(1, "learner", on=40), "learn")) == one
    assert judge(one, calls(later, person(1, "org_admin", on=55), "learn")).lifted_at == day(55)


def test_who_is_lifted_and_still_wants_the_seat_is_seated_while_there_is_room() -> None:
    lift = Lift(day(99), Reason.MANUAL)
    seating = decide([acted(person(1, "learner"), lift)], [pool(1)], [blocked(1, "withheld")])
    assert told(seating) == [(1, "assigned", "manual")]


def test_and_waits_since_the_lifting_where_there_is_none() -> None:
    lift = Lift(day(99), Reason.MANUAL)
    full = pool(1, assigned=1, waiting=1)
    waiting = seat(2, "waitlisted", on=98)
    seating = decide([acted(person(1, "learner"), lift)], [full], [blocked(1, "withheld")], [waiting])
    assert told(seating) == [(1, "waitlisted", "manual")]
    assert seating.changes[0].seat.wanted_since == day(99)
    assert waiting.want.place < seating.changes[0].seat.want.place


def test_who_is_lifted_and_no_longer_wants_it_is_released() -> None:
    seating = decide([acted(person(1), Lift(NOW, Reason.MANUAL))], [pool(1)], [blocked(1, "withheld")])
    assert told(seating) == [(1, "released", "manual")]
    assert seating.changes[0].seat.blocked_since is None


def test_a_reclaim_is_lifted_without_a_claim_where_nobody_wants_the_seat() -> None:
    seating = decide([acted(person(1), Lift(NOW, Reason.MANUAL))], [pool(1)], [blocked(1, "released")])
    assert told(seating) == []
    assert [(one.blocked_since, one.lifted_at) for one in seating.placed] == [(None, NOW)]


def test_the_lifting_keeps_its_place_for_ever() -> None:
    lifted = replace(blocked(1, "released"), given_back_at=day(60), lifted_at=day(60))
    seating = decide([Case(person(1), person(1, "learner"))], [pool(1)], [lifted])
    assert seating.changes[0].seat.wanted_since == day(60)


def test_who_returns_late_without_a_fault_is_first_in_line() -> None:
    lift = Lift(day(50), Reason.RETURNED, first_in_line=True)
    full = pool(1, assigned=1, waiting=1)
    waiting = seat(2, "waitlisted", on=-9)
    seating = decide([acted(person(1, "learner"), lift)], [full], [blocked(1, "released")], [waiting])
    assert told(seating) == [(1, "waitlisted", "returned")]
    assert seating.changes[0].seat.want.place < waiting.want.place


def test_first_in_line_is_lost_with_the_wish() -> None:
    lifted = replace(blocked(1, "released"), given_back_at=day(60), lifted_at=day(60), first_in_line=True)
    seating = decide([Case(person(1, "learner"), person(1))], [pool(1)], [lifted])
    assert [one.first_in_line for one in seating.placed] == [False]


def test_a_block_of_one_product_leaves_the_places_of_others_alone() -> None:
    """Who is in the batch for one product waits on in the line of another."""
    full = pool(1, assigned=1, waiting=2)
    own, other = seat(1, "waitlisted", on=1), seat(2, "waitlisted", on=2)
    act = Case(person(3, "learner"), person(3, "learner"), frozenset(["learn"]), acts={"learn": WITHHOLD})
    elsewhere = Case(person(1, "learner"), person(1, "learner"), frozenset(["observe"]))
    seating = decide([act, elsewhere], [full], [seat(3, "assigned"), own], [own, other])
    assert told(seating) == [(3, "withheld", "manual"), (1, "promoted", "seat_freed")]


def activity(
    *,
    due: float | None = None,
    login: float | None = None,
    kept: float | None = None,
    since: float | None = 0,
    what: str = "inactive",
) -> Activity:
    moments = [None if number is None else day(number) for number in (since, login, due, kept)]
    return Activity(TENANT, person(1).id, "learn", 1, what, *moments)


LATE_WISH = Lift(day(50), Reason.RETURNED, first_in_line=True)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("story", "holding", "told_", "late", "due"),
    [
        ("an hour after it came due", seat(1, "assigned"), activity(due=90), HOUR, True),
        ("not before", seat(1, "assigned"), activity(due=90), HOUR - timedelta(seconds=1), False),
        ("it never comes due", seat(1, "assigned"), activity(), HOUR, False),
        ("a wish keeps it", seat(1, "assigned"), activity(due=90, kept=91), HOUR, False),
        ("until then", seat(1, "assigned"), activity(due=90, kept=90), HOUR, True),
        ("and not a moment longer", seat(1, "assigned"), activity(due=90, kept=90 + 1 / 24), HOUR, True),
        ("said of an earlier holding", seat(1, "assigned", on=80), activity(due=90), HOUR, False),
        ("said of no holding by name", seat(1, "assigned", on=80), activity(due=90, since=None), HOUR, True),
        ("who was warned alone", seat(1, "assigned"), activity(due=90, what="warned"), HOUR, False),
        ("who never came", seat(1, "assigned"), activity(due=90, what="never_used"), HOUR, True),
        ("just restored", replace(seat(1, "assigned"), since=day(90.01)), activity(due=90), HOUR, False),
        ("a place in line is not reclaimed", seat(1, "waitlisted"), activity(due=90), HOUR, False),
        ("nor a suspended seat", seat(1, "suspended"), activity(due=90), HOUR, False),
    ],
)
def test_a_seat_is_reclaimed(story: str, holding: Seat, told_: Activity, late: timedelta, due: bool) -> None:
    assert is_due(holding, told_, day(90) + late) is due, story


@pytest.mark.parametrize(
    ("story", "before", "now", "back"),
    [
        ("a login after the reclaim", activity(login=10), activity(login=55, due=85), Lift(day(55), Reason.RETURNED)),
        ("the first login ever", None, activity(login=55, due=85), Lift(day(55), Reason.RETURNED)),
        ("reclaiming was switched off since", activity(login=10), activity(login=55), Lift(day(55), Reason.RETURNED)),
        (
            "a login before it, told late",
            activity(login=10),
            activity(login=45, due=75),
            Lift(day(50), Reason.RETURNED, first_in_line=True),
        ),
        ("one so old that it was due all the same", activity(login=10), activity(login=12, due=42), None),
        ("another policy alone is no return", activity(login=10), activity(login=10, due=80), None),
        ("a wish before it, told late", activity(), activity(kept=80, due=81), LATE_WISH),
        ("a wish that is known", activity(kept=80), activity(kept=80, due=81), None),
        ("a wish for a time that was over", activity(), activity(kept=49, due=81), None),
        ("who never came does not return", None, activity(due=80), None),
        ("a login at the very moment of the reclaim", None, activity(login=50), Lift(day(50), Reason.RETURNED)),
        ("due again at that moment, it is no return", activity(login=10), activity(login=20, due=50), None),
        ("the first that is heard is a wish", None, activity(kept=80), LATE_WISH),
        ("a wish that ended with the reclaim", None, activity(kept=50), None),
    ],
)
def test_a_login_gives_a_reclaimed_seat_back(
    story: str, before: Activity | None, now: Activity, back: Lift | None
) -> None:
    assert give_back(blocked(1, "released"), before, now) == back, story


def test_a_login_lifts_no_withholding() -> None:
    withheld = blocked(1, "withheld")
    assert withheld.state is SeatState.WITHHELD
    assert give_back(withheld, None, activity(login=55, due=85)) is None
