"""Seats withheld, reclaimed, lifted and given back, on a real database (seats: Seat states, Usage)."""

import asyncio

import pytest

from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_entitlements.domain.grants import GrantRule
from usher_kit.errors import Conflict, NotFound

from .story import SOUTH, Entitlements, activity, organization, person, tell, term


@pytest.fixture
async def full(entitlements: Entitlements) -> Entitlements:
    """One seat, which 1 holds and 2 waits for."""
    await entitlements.hear(person(1, "learner", on=-9), person(2, "learner", on=-8))
    await entitlements.buy(term(1))
    return entitlements


async def test_a_withheld_seat_goes_to_who_waits_in_the_same_transaction(full: Entitlements) -> None:
    await full.withhold(1)
    assert await full.seats() == {1: "withheld", 2: "assigned"}
    assert await full.claims(1) == [("assigned", "license_started"), ("withheld", "manual")]
    told = await full.told("seat.changed")
    assert [(fact["evidence"]["note"], fact["reason"]) for fact in told[-2:]] == [
        ("asked to", "manual"),
        (None, "seat_freed"),
    ]


async def test_of_who_is_deleted_no_note_stays(full: Entitlements) -> None:
    await full.withhold(1, note="Ada asked to")
    await full.withhold(2, note="so did Bo")
    await full.hear(person(1, status="deleted", on=-9, version=2))
    notes = await full.rows("select evidence ->> 'note' as note from seat where product = 'learn' order by user_id")
    assert [row.note for row in notes] == [None, "so did Bo"]


async def test_archiving_restoring_and_moving_lift_nothing(full: Entitlements) -> None:
    await full.withhold(1)
    await full.hear(person(1, "learner", on=-9, status="archived", version=2))
    await full.hear(person(1, "learner", on=-9, status_on=1, org=SOUTH, version=3))
    await full.buy(term(5, org=SOUTH))
    assert (await full.seats())[1] == "withheld"
    await full.hear(organization(SOUTH, None, version=1))
    await full.lift(1)
    assert (await full.seats())[1] == "assigned"
    assert (await full.pool(SOUTH)).assigned == 1


async def test_who_is_lifted_waits_behind_those_who_waited(full: Entitlements) -> None:
    await full.withhold(1)
    await full.hear(person(3, "learner", on=-7))
    await full.move_to(2)
    await full.lift(1)
    assert list(await full.seats("waitlisted")) == [3, 1]
    assert (await full.claims(1))[-1] == ("waitlisted", "manual")


async def test_a_role_given_after_the_block_lifts_it(full: Entitlements) -> None:
    await full.withhold(1)
    await full.buy(term(5))
    await full.hear(person(1, "learner", "org_admin", on=0.5, version=2))
    assert (await full.claims(1))[-1] == ("assigned", "role_granted")


def promoted(version: int) -> Event[UserChanged]:
    """A learner of old who is an administrator, too, since after the block."""
    learner, admin = person(1, "learner", on=-9).data, person(1, "org_admin", on=0.5).data
    return tell(learner.model_copy(update={"roles": (*learner.roles, *admin.roles), "version": version}))


@pytest.mark.parametrize("is_heard", [True, False])
async def test_a_later_role_that_is_gone_again_leaves_the_block_heard_or_not(
    full: Entitlements, is_heard: bool
) -> None:
    await full.withhold(1)
    await full.buy(term(1))
    if is_heard:
        await full.hear(promoted(2))
        assert await full.seats() == {1: "assigned", 2: "assigned"}
        with pytest.raises(Conflict, match="Nothing blocks this seat"):
            await full.lift(1)
    await full.hear(person(1, "learner", on=-9, version=3))
    assert await full.seats() == {2: "assigned", 1: "withheld"}
    await full.hear(promoted(2))
    assert (await full.seats())[1] == "withheld"
    await full.lift(1)
    assert (await full.claims(1))[-1] == ("assigned", "manual")


async def test_a_rule_that_no_longer_calls_by_the_later_role_leaves_the_block(full: Entitlements) -> None:
    await full.withhold(1)
    await full.buy(term(5))
    await full.hear(promoted(2))
    await full.set_rules(GrantRule("learner", "learn"))
    assert (await full.claims(1))[-1] == ("withheld", "manual")
    await full.set_rules(GrantRule("learner", "learn"), GrantRule("org_admin", "learn"))
    assert (await full.claims(1))[-1] == ("assigned", "role_granted")


async def test_a_login_while_a_later_role_calls_lifts_a_reclaim_for_good(full: Entitlements) -> None:
    await full.hear(activity(1, 1, login=-20, due=-9, since=0))
    await full.move_to(0.25)
    await full.buy(term(5))
    await full.hear(promoted(2))
    assert (await full.claims(1))[-2:] == [("released", "inactivity"), ("assigned", "role_granted")]
    await full.hear(activity(1, 2, login=1, due=31))
    await full.hear(person(1, "learner", on=-9, version=3))
    assert (await full.seats())[1] == "assigned"


async def test_withheld_for_want_of_a_role_is_released_when_lifted(full: Entitlements) -> None:
    await full.withhold(1)
    await full.hear(person(1, version=2))
    await full.lift(1)
    assert (await full.claims(1))[-1] == ("released", "manual")
    assert (await full.pool()).assigned == 1


async def test_what_can_not_be_done_is_said(full: Entitlements) -> None:
    with pytest.raises(Conflict, match="Nothing blocks this seat: it is assigned"):
        await full.lift(1)
    await full.withhold(1)
    with pytest.raises(Conflict, match="The seat is withheld"):
        await full.withhold(1)
    await full.hear(person(9))
    with pytest.raises(NotFound, match="never had a seat"):
        await full.withhold(9)


async def test_a_seat_is_reclaimed_an_hour_after_it_is_due_and_a_login_returns_it(full: Entitlements) -> None:
    await full.hear(activity(1, 1, login=-20, due=10, since=0))
    await full.move_to(10.04)
    assert (await full.seats())[1] == "assigned"
    await full.move_to(10.05)
    assert await full.seats() == {1: "released", 2: "assigned"}
    assert (await full.claims(1))[-1] == ("released", "inactivity")
    await full.hear(person(1, "learner", on=-9, status="archived", version=2))
    await full.hear(person(1, "learner", on=-9, status_on=11, version=3))
    assert (await full.seats())[1] == "released"
    await full.hear(activity(1, 2, login=12, due=42, since=0))
    assert (await full.claims(1))[-1] == ("waitlisted", "returned")


async def test_a_login_before_the_reclaim_told_late_puts_the_person_first_in_line(full: Entitlements) -> None:
    await full.hear(activity(1, 1, login=-20, due=10), person(3, "learner", on=-7))
    await full.move_to(11)
    await full.hear(activity(1, 2, login=9.5, due=39.5))
    assert list(await full.seats("waitlisted")) == [1, 3]
    await full.hear(activity(1, 2, login=9.5, due=39.5), activity(1, 1, login=-20, due=10))
    assert (await full.claims(1))[-1] == ("waitlisted", "returned")


async def test_a_login_that_is_known_in_time_saves_the_seat(full: Entitlements) -> None:
    await full.hear(activity(1, 1, login=-20, due=10))
    await full.hear(activity(1, 3, login=9, due=39), activity(1, 2, login=-20, due=10))
    await full.move_to(20)
    assert (await full.seats())[1] == "assigned"


async def test_what_was_said_of_an_earlier_holding_reclaims_nothing(full: Entitlements) -> None:
    await full.hear(activity(2, 1, login=-20, due=10, since=-5))
    await full.buy(term(5))
    await full.move_to(11)
    assert (await full.seats())[2] == "assigned"


async def test_a_login_and_the_reclaim_at_once_leave_the_person_with_a_seat_or_a_place(full: Entitlements) -> None:
    await full.hear(activity(1, 1, login=-20, due=10))
    full.clock.move_to(full.clock.now().replace(day=13))
    await asyncio.gather(full.move_to(11), full.hear(activity(1, 2, login=10.5, due=40)))
    assert (await full.seats())[1] in ("assigned", "waitlisted")


async def test_an_act_on_who_is_on_the_work_list_holds(full: Entitlements) -> None:
    await full.withhold(1)
    await full.buy(term(1, org=SOUTH), decided=False)
    await full.hear(person(4, "learner", org=SOUTH, on=-3))
    await full.work_off_lists()
    await full.lift(1)
    assert await full.seats() == {2: "assigned", 4: "assigned", 1: "waitlisted"}
