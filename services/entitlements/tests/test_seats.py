"""Seats follow roles, on a real database: facts in, seats and facts out (seats: Seat states, Capacity)."""

from uuid import UUID

import pytest

from usher_entitlements.domain.grants import GrantRule

from .story import DISTRICT, NORTH, SOUTH, Entitlements, day, organization, person, term


async def test_people_are_seated_in_order_of_place_and_then_wait(entitlements: Entitlements) -> None:
    await entitlements.buy(term(2))
    await entitlements.hear(*(person(n, "learner", on=-n) for n in (1, 2, 3)))
    assert await entitlements.seats() == {3: "assigned", 2: "assigned", 1: "waitlisted"}
    pool = await entitlements.pool()
    assert (pool.assigned, pool.waitlisted, pool.capacity) == (2, 1, 2)


async def test_a_seat_that_is_freed_is_given_in_the_same_transaction(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1), person(3, "learner", on=2))
    await entitlements.hear(person(1, version=2))
    assert await entitlements.seats() == {2: "assigned", 1: "released", 3: "waitlisted"}
    assert await entitlements.claims(1) == [("assigned", "role_granted"), ("released", "role_revoked")]
    assert await entitlements.claims(2) == [("waitlisted", "role_granted"), ("promoted", "seat_freed")]


async def test_what_is_told_names_its_cause_and_its_evidence(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    granted, waits, revoked = person(1, "learner"), person(2, "learner", on=1), person(1, version=2)
    for event in (granted, waits, revoked):
        await entitlements.hear(event)
    promoted = (await entitlements.told("seat.changed"))[-1]
    assert (promoted["claim"], promoted["from_state"], promoted["evidence"]["role"]) == (
        "promoted",
        "waitlisted",
        "learner",
    )
    assert promoted["evidence"]["pool"] == {"capacity": 1, "assigned": 1, "waitlisted": 0}
    assert promoted["attributes"]["causationid"] == revoked.id
    assert promoted["attributes"]["traceparent"] == revoked.traceparent
    assert promoted["org_id"] == str(NORTH)
    pool = (await entitlements.told("pool.changed"))[-1]
    assert (pool["assigned"], pool["waitlisted"], pool["version"]) == (1, 0, pool["previous_version"] + 1)


async def test_a_batch_tells_each_pool_once(entitlements: Entitlements) -> None:
    await entitlements.buy(term(5))
    before = len(await entitlements.told("pool.changed"))
    await entitlements.hear(*(person(n, "learner", "observer") for n in range(20)))
    assert len(await entitlements.told("pool.changed")) == before + 1
    assert len(await entitlements.told("seat.changed")) == 20


async def test_a_fact_ten_times_has_one_effect(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    fact = person(1, "learner")
    await entitlements.hear(*[fact] * 5)
    told = await entitlements.rows("select id from outbox")
    for _ in range(5):
        await entitlements.hear(fact)
    assert await entitlements.rows("select id from outbox") == told
    assert await entitlements.claims(1) == [("assigned", "role_granted")]


async def test_facts_in_any_order_have_the_effect_of_the_highest_version(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    story = [
        person(1, "learner"),
        person(1, version=2),
        person(1, "learner", on=3, version=3),
        person(1, "observer", on=4, version=4),
        person(1, "observer", "learner", on=5, version=5),
    ]
    for event in reversed(story):
        await entitlements.hear(event)
    assert await entitlements.seats() == {1: "assigned"}
    assert await entitlements.claims(1) == [("assigned", "role_granted")]


async def test_a_person_may_come_before_their_organization(entitlements: Entitlements) -> None:
    await entitlements.buy(term(5))
    late = UUID(int=77)
    await entitlements.hear(person(1, "learner", org=late))
    assert await entitlements.seats() == {}
    await entitlements.hear(organization(late, SOUTH))
    assert await entitlements.claims(1) == [("assigned", "role_granted")]


async def test_who_moves_to_a_unit_that_is_not_known_yet_keeps_their_seat(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    late = UUID(int=77)
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    await entitlements.hear(person(1, "learner", org=late, version=2))
    await entitlements.hear(organization(late, SOUTH))
    assert await entitlements.claims(1) == [("assigned", "role_granted")]
    assert await entitlements.seats() == {1: "assigned", 2: "waitlisted"}


async def test_who_is_archived_in_a_unit_that_is_not_known_yet_leaves_at_once(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    await entitlements.hear(person(1, "learner"))
    await entitlements.hear(person(1, "learner", org=UUID(int=77), status="archived", version=2))
    assert await entitlements.claims(1) == [("assigned", "role_granted"), ("released", "user_archived")]


async def test_a_school_with_a_pool_of_its_own_draws_on_that_one(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    await entitlements.buy(term(1, org=SOUTH))
    await entitlements.hear(*(person(n, "learner", on=n, org=NORTH) for n in (1, 2)))
    await entitlements.hear(*(person(n, "learner", on=n, org=SOUTH) for n in (3, 4)))
    assert await entitlements.seats("assigned") == {1: "assigned", 3: "assigned"}
    assert (await entitlements.pool(SOUTH)).waitlisted == 1


async def test_a_transfer_between_pools_frees_one_seat_and_takes_another(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    await entitlements.buy(term(1, org=SOUTH))
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    await entitlements.hear(person(1, "learner", org=SOUTH, version=2))
    assert await entitlements.claims(1) == [
        ("assigned", "role_granted"),
        ("released", "user_transferred"),
        ("assigned", "user_transferred"),
    ]
    assert await entitlements.claims(2) == [("waitlisted", "role_granted"), ("promoted", "seat_freed")]


async def test_a_transfer_within_one_pool_leaves_seat_and_place_untouched(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1), person(3, "learner", on=2))
    statement = "select user_id, state, version, pool_id, wanted_since, assigned_since from seat order by user_id"
    before = await entitlements.rows(statement)
    await entitlements.hear(*(person(n, "learner", on=n - 1, org=SOUTH, version=2) for n in (1, 2)))
    assert await entitlements.rows(statement) == before
    assert await entitlements.claims(1) == [("assigned", "role_granted")]
    assert list(await entitlements.seats("waitlisted")) == [2, 3]


async def test_a_transfer_to_another_pool_keeps_the_place_of_when_the_seat_was_first_wanted(
    entitlements: Entitlements,
) -> None:
    await entitlements.buy(term(1))
    await entitlements.buy(term(1, org=SOUTH))
    await entitlements.hear(person(1, "learner", on=3))
    await entitlements.hear(*(person(n, "learner", org=SOUTH, on=n) for n in (2, 4, 5)))
    await entitlements.hear(person(1, "learner", on=3, org=SOUTH, version=2))
    assert list(await entitlements.seats("waitlisted")) == [1, 4, 5]
    [moved] = await entitlements.rows("select wanted_since from seat where user_id = :id", id=UUID(int=1_001))
    assert moved.wanted_since == day(3)
    assert await entitlements.claims(1) == [
        ("assigned", "role_granted"),
        ("released", "user_transferred"),
        ("waitlisted", "user_transferred"),
    ]


async def test_who_goes_to_another_tenant_leaves_their_seat_by_that_name(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    await entitlements.hear(person(1, "learner", status="archived", reason="transferred", version=2))
    assert await entitlements.claims(1) == [("assigned", "role_granted"), ("released", "user_transferred")]
    assert await entitlements.claims(2) == [("waitlisted", "role_granted"), ("promoted", "seat_freed")]


async def test_when_a_school_gets_its_own_pool_its_seats_are_carried_over_first(entitlements: Entitlements) -> None:
    await entitlements.buy(term(2))
    await entitlements.hear(person(1, "learner", org=SOUTH), person(2, "learner", on=1), person(3, "learner", on=2))
    await entitlements.hear(person(4, "learner", on=3, org=SOUTH))
    await entitlements.buy(term(2, org=SOUTH))
    assert await entitlements.claims(1) == [("assigned", "role_granted"), ("moved", "pool_changed")]
    assert await entitlements.claims(3) == [("waitlisted", "role_granted"), ("promoted", "license_started")]
    assert await entitlements.claims(4) == [
        ("waitlisted", "role_granted"),
        ("moved", "pool_changed"),
        ("promoted", "license_started"),
    ]
    assert [(await entitlements.pool(org)).assigned for org in (DISTRICT, SOUTH)] == [2, 2]


async def test_a_carried_over_seat_is_kept_beyond_the_new_pools_capacity(entitlements: Entitlements) -> None:
    await entitlements.buy(term(3))
    await entitlements.hear(*(person(n, "learner", org=SOUTH) for n in (1, 2)))
    await entitlements.buy(term(1, org=SOUTH))
    pool = await entitlements.pool(SOUTH)
    assert (pool.assigned, pool.capacity, pool.over_allocated) == (2, 1, True)
    await entitlements.hear(person(3, "learner", org=SOUTH))
    assert await entitlements.seats("waitlisted") == {3: "waitlisted"}


async def test_a_unit_that_moves_takes_its_seats_to_the_pool_above_it(entitlements: Entitlements) -> None:
    await entitlements.buy(term(5))
    await entitlements.buy(term(5, org=SOUTH))
    below = UUID(int=78)
    await entitlements.hear(organization(below, NORTH), person(1, "learner", org=below))
    await entitlements.hear(organization(below, SOUTH, version=2))
    assert await entitlements.claims(1) == [("assigned", "role_granted"), ("moved", "pool_changed")]
    assert [(await entitlements.pool(org)).assigned for org in (DISTRICT, SOUTH)] == [0, 1]


async def test_rules_of_a_tenants_own_change_who_wants_a_seat(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1))
    await entitlements.hear(person(1, "learner"), person(2, "reporter"))
    await entitlements.set_rules(GrantRule("reporter", "learn"))
    assert await entitlements.claims(1) == [("assigned", "role_granted"), ("released", "rule_changed")]
    assert await entitlements.claims(2) == [("assigned", "rule_changed")]
    rows = await entitlements.rows("select role, active from grant_rule where product = 'learn' order by role")
    assert [(row.role, row.active) for row in rows if row.active] == [("reporter", True)]


async def test_a_rules_priority_changes_the_place_and_makes_no_claim(entitlements: Entitlements) -> None:
    await entitlements.buy(term(0))
    await entitlements.hear(person(1, "learner"), person(2, "org_admin", on=1))
    await entitlements.set_rules(GrantRule("learner", "learn", 5), GrantRule("org_admin", "learn", 1))
    assert list(await entitlements.seats()) == [2, 1]
    assert await entitlements.claims(1) == [("waitlisted", "role_granted")]


@pytest.mark.parametrize("most", [1, 3, 1_000])
async def test_a_term_after_the_import_seats_people_in_order_of_place(entitlements: Entitlements, most: int) -> None:
    await entitlements.hear(*(person(n, "learner", on=-n) for n in range(10)))
    await entitlements.buy(term(4), decided=False)
    await entitlements.work_off_lists(most=most)
    assert sorted(await entitlements.seats("assigned")) == [6, 7, 8, 9]
    assert await entitlements.claims(9) == [("assigned", "license_started")]
    assert not await entitlements.rows(
        "select id from person where config_version < (select version from configuration)"
    )


async def test_a_newcomer_does_not_go_ahead_of_those_on_the_work_list(entitlements: Entitlements) -> None:
    await entitlements.hear(*(person(n, "learner", on=n) for n in range(4)))
    await entitlements.buy(term(4), decided=False)
    await entitlements.hear(person(9, "learner", on=2.5))
    assert await entitlements.seats() == {}
    await entitlements.work_off_lists(most=2)
    assert sorted(await entitlements.seats("assigned")) == [0, 1, 2, 9]
    assert await entitlements.claims(9) == [("assigned", "role_granted")]


async def test_a_newcomer_is_seated_at_once_where_there_is_room_for_the_work_list_too(
    entitlements: Entitlements,
) -> None:
    await entitlements.hear(*(person(n, "learner", on=n) for n in range(4)))
    await entitlements.buy(term(5), decided=False)
    await entitlements.hear(person(9, "learner", on=9))
    assert await entitlements.seats() == {9: "assigned"}


async def test_who_changes_while_on_the_work_list_is_decided_about_as_they_are_now(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner"), person(2, "learner", on=1))
    await entitlements.buy(term(1), decided=False)
    await entitlements.hear(person(1, "learner", status="archived", status_on=2, version=2))
    await entitlements.work_off_lists()
    assert await entitlements.seats() == {2: "assigned"}


async def test_the_work_list_stands_in_the_order_of_the_domain(entitlements: Entitlements) -> None:
    await entitlements.hear(
        person(1, "learner", on=5),
        person(2, "learner", "org_admin", on=7),
        person(3, "org_admin", on=6, status_on=8),
        person(4, "learner", on=4, status_on=9),
        person(5, "observer"),
    )
    entitlements.clock.move_to(day(10))
    await entitlements.set_rules(GrantRule("learner", "learn", 2), GrantRule("org_admin", "learn", 1))
    await entitlements.buy(term(0), decided=False)
    listed = await entitlements.rows("select user_id from reevaluation order by priority, since, user_id")
    await entitlements.work_off_lists()
    assert [row.user_id.int - 1_000 for row in listed] == list(await entitlements.seats()) == [2, 3, 1, 4]


async def test_who_a_new_rule_calls_stands_behind_those_who_wanted_it_before(entitlements: Entitlements) -> None:
    await entitlements.buy(term(0))
    await entitlements.hear(person(1, "reporter", on=1), person(2, "org_admin", on=7))
    entitlements.clock.move_to(day(10))
    await entitlements.set_rules(GrantRule("org_admin", "learn", 1), GrantRule("reporter", "learn", 1), decided=False)
    listed = await entitlements.rows("select user_id from reevaluation order by priority, since, user_id")
    await entitlements.work_off_lists()
    assert [row.user_id.int - 1_000 for row in listed] == list(await entitlements.seats()) == [2, 1]
