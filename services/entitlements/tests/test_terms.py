"""License terms over time, on a real database (seats: The life of a license term, Capacity)."""

from typing import Any

import pytest

from usher_entitlements.domain.grants import GrantRule
from usher_kit.errors import Conflict

from .story import DISTRICT, ELSEWHERE, NORTH, SOUTH, Entitlements, day, organization, person, term


async def states(entitlements: Entitlements) -> list[tuple[str, int]]:
    return [(fact["state"], fact["version"]) for fact in await entitlements.told("license_term.changed")]


async def test_a_term_passes_through_its_states_in_order(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1, starts=10, ends=200, grace=14))
    assert await entitlements.rows("select id from pool") == []
    for number in (10, 110, 200, 214):
        await entitlements.move_to(number)
    assert await states(entitlements) == [
        ("scheduled", 1),
        ("active", 2),
        ("expiring", 3),
        ("grace", 4),
        ("expired", 5),
    ]


async def test_a_replica_that_was_down_catches_up_on_each_passage_and_tells_the_latest_notice(
    entitlements: Entitlements,
) -> None:
    await entitlements.buy(term(1, starts=0, ends=200, grace=14))
    await entitlements.hear(person(1, "learner"))
    await entitlements.move_to(190)
    assert await states(entitlements) == [("active", 1), ("expiring", 2)]
    assert [(n["threshold"], n["days_left"]) for n in await entitlements.told("license_term.notice")] == [(14, 10)]
    await entitlements.move_to(500)
    assert (await states(entitlements))[2:] == [("grace", 3), ("expired", 4)]
    assert await entitlements.claims(1) == [("assigned", "role_granted"), ("suspended", "license_expired")]
    suspended = (await entitlements.told("seat.changed"))[-1]
    assert suspended["since"] == "2026-10-02T12:00:00Z", "the moment of the passage, not of the catching up"


async def test_each_notice_is_told_once_and_anew_for_another_end(entitlements: Entitlements) -> None:
    bought = await entitlements.buy(term(1, ends=100))
    for number in (9, 10, 11, 40, 41, 69):
        await entitlements.move_to(number)
    assert [n["threshold"] for n in await entitlements.told("license_term.notice")] == [90, 60]
    await entitlements.change(bought, ends_at=bought.ends_at.replace(year=2027))
    assert [n["threshold"] for n in await entitlements.told("license_term.notice")] == [90, 60]
    await entitlements.move_to(376)
    assert [n["threshold"] for n in await entitlements.told("license_term.notice")] == [90, 60, 90]


async def test_in_grace_nobody_new_is_seated_and_nobody_loses_a_seat(entitlements: Entitlements) -> None:
    await entitlements.buy(term(5, ends=100, grace=14))
    await entitlements.hear(person(1, "learner"))
    await entitlements.move_to(100)
    await entitlements.hear(person(2, "learner", on=100))
    assert await entitlements.seats() == {1: "assigned", 2: "waitlisted"}
    pool = await entitlements.pool()
    assert (pool.license_state, pool.capacity, pool.capacity_with_grace, pool.over_allocated) == ("grace", 0, 5, False)


async def test_a_fact_that_comes_before_the_passage_was_applied_is_decided_after_it(entitlements: Entitlements) -> None:
    await entitlements.buy(term(5, ends=100))
    await entitlements.hear(person(1, "learner"))
    entitlements.clock.move_to(day(200))
    await entitlements.hear(person(2, "learner", on=200))
    assert await entitlements.seats() == {1: "suspended", 2: "waitlisted"}


async def test_a_new_term_restores_by_first_assignment_and_the_rest_are_first_in_line(
    entitlements: Entitlements,
) -> None:
    await entitlements.buy(term(3, ends=100))
    for number in (3, 2, 1):
        await entitlements.hear(person(number, "learner", on=-number))
        await entitlements.move_to(10 - number)
    await entitlements.hear(person(9, "learner", on=-50))
    await entitlements.move_to(100)
    assert await entitlements.seats() == {1: "suspended", 2: "suspended", 3: "suspended", 9: "waitlisted"}
    await entitlements.buy(term(2, starts=101, ends=300))
    await entitlements.move_to(101)
    assert await entitlements.seats("assigned") == {2: "assigned", 3: "assigned"}
    assert list(await entitlements.seats("waitlisted")) == [1, 9]
    assert (await entitlements.claims(3))[-1] == ("restored", "license_renewed")
    assert (await entitlements.claims(1))[-1] == ("waitlisted", "license_renewed")
    await entitlements.hear(person(3, version=2))
    assert await entitlements.seats("assigned") == {1: "assigned", 2: "assigned"}


async def test_terms_that_follow_each_other_leave_no_gap(entitlements: Entitlements) -> None:
    await entitlements.buy(term(2, ends=100))
    await entitlements.hear(person(1, "learner"), person(2, "learner"))
    await entitlements.buy(term(2, starts=100, ends=200))
    await entitlements.move_to(150)
    assert await entitlements.claims(1) == [("assigned", "role_granted")]


async def test_when_one_of_several_terms_expires_the_pool_shrinks_and_nobody_loses_a_seat(
    entitlements: Entitlements,
) -> None:
    await entitlements.buy(term(1, ends=100))
    await entitlements.buy(term(1, ends=200))
    await entitlements.hear(person(1, "learner"), person(2, "learner"))
    await entitlements.move_to(100)
    pool = await entitlements.pool()
    assert (pool.assigned, pool.capacity, pool.over_allocated) == (2, 1, True)
    await entitlements.hear(person(3, "learner", on=5))
    await entitlements.hear(person(1, version=2))
    assert await entitlements.seats() == {2: "assigned", 1: "released", 3: "waitlisted"}
    assert not (await entitlements.pool()).over_allocated


@pytest.mark.parametrize(
    ("overage", "people", "assigned", "over"),
    [("block", 12, 10, False), ("percent:15", 12, 11, False), ("allow", 12, 12, False)],
)
async def test_overage_gives_seats_beyond_the_capacity(
    entitlements: Entitlements, overage: str, people: int, assigned: int, over: bool
) -> None:
    await entitlements.buy(term(10, overage=overage))
    await entitlements.hear(*(person(n, "learner", on=n) for n in range(people)))
    pool = await entitlements.pool()
    assert (pool.assigned, pool.over_allocated) == (assigned, over)


async def test_lowering_the_seats_takes_none_and_raising_them_again_promotes(entitlements: Entitlements) -> None:
    bought = await entitlements.buy(term(2))
    await entitlements.hear(*(person(n, "learner", on=n) for n in range(4)))
    await entitlements.change(bought, seats=1)
    assert (await entitlements.pool()).over_allocated
    await entitlements.change(bought, seats=3)
    assert list(await entitlements.seats("assigned")) == [0, 1, 2]
    assert (await entitlements.claims(2))[-1] == ("promoted", "capacity_raised")


@pytest.mark.parametrize("values", [{"seats": 5}, {"grace_days": 30}])
async def test_a_term_that_is_over_is_not_changed(entitlements: Entitlements, values: dict[str, Any]) -> None:
    bought = await entitlements.buy(term(2, ends=50))
    await entitlements.move_to(60)
    with pytest.raises(Conflict, match="enter a new one"):
        await entitlements.change(bought, **values)


async def test_a_change_that_changes_nothing_is_not_told(entitlements: Entitlements) -> None:
    bought = await entitlements.buy(term(2))
    told = await entitlements.rows("select id from outbox")
    assert (await entitlements.change(bought, seats=2)).version == bought.version
    assert await entitlements.rows("select id from outbox") == told


async def test_a_term_for_a_unit_that_nobody_served_seats_those_already_known(entitlements: Entitlements) -> None:
    await entitlements.hear(person(1, "learner", org=NORTH), person(2, "learner", org=SOUTH))
    await entitlements.buy(term(5, org=SOUTH))
    assert await entitlements.seats() == {2: "assigned"}
    assert await entitlements.rows("select id from pool where org_id = :org", org=DISTRICT) == []


async def test_products_are_independent(entitlements: Entitlements) -> None:
    await entitlements.buy(term(1, product="learn"))
    await entitlements.buy(term(0, product="observe"))
    await entitlements.hear(person(1, "org_admin"))
    assert await entitlements.seats(product="learn") == {1: "assigned"}
    assert await entitlements.seats(product="observe") == {1: "waitlisted"}


async def test_setting_the_same_rules_again_changes_nothing(entitlements: Entitlements) -> None:
    await entitlements.set_rules(GrantRule("learner", "learn"))
    told = await entitlements.told("grant_rule.changed")
    assert {(fact["role"], fact["product"]) for fact in told if fact["active"]} == {("learner", "learn")}
    await entitlements.set_rules(GrantRule("learner", "learn"))
    assert await entitlements.told("grant_rule.changed") == told
    assert [fact["since"] for fact in told if fact["active"]] == [None]


async def test_one_tenants_trouble_with_time_stops_no_other(entitlements: Entitlements) -> None:
    await entitlements.hear(organization(ELSEWHERE, None, tenant=ELSEWHERE))
    await entitlements.buy(term(1, starts=10, ends=200))
    await entitlements.buy(term(1, starts=11, ends=200, org=ELSEWHERE, tenant=ELSEWHERE))
    await entitlements.write("update license_term set overage = 'some' where tenant_id = :tenant", tenant=DISTRICT)
    with pytest.raises(ExceptionGroup, match="some tenants"):
        await entitlements.move_to(12)
    assert [row.tenant_id for row in await entitlements.rows("select tenant_id from pool")] == [ELSEWHERE]


async def test_what_time_does_to_terms_is_written_down_as_the_systems_act(entitlements: Entitlements) -> None:
    bought = await entitlements.buy(term(1, starts=10, ends=200))
    await entitlements.move_to(120)
    acts = await entitlements.told("audit.recorded")
    passed = [act for act in acts if act["act"] == "license_term.pass"]
    assert [(act["before"]["state"], act["after"]["state"], act["after"]["since"]) for act in passed] == [
        ("scheduled", "active", day(10).isoformat()),
        ("active", "expiring", day(110).isoformat()),
    ]
    assert {(act["target"], act["org_id"], act["at"]) for act in passed} == {
        (str(bought.id), str(DISTRICT), day(120).isoformat().replace("+00:00", "Z"))
    }
    assert {act["attributes"]["actor"] for act in acts} == {"system"}


async def test_people_decided_about_anew_are_written_down_as_figures_with_what_led_to_it(
    entitlements: Entitlements,
) -> None:
    await entitlements.buy(term(5))
    await entitlements.hear(*(person(number, "learner") for number in (1, 2, 3)))
    await entitlements.set_rules()
    acts = [act for act in await entitlements.told("audit.recorded") if act["act"] == "pool.reevaluate"]
    assert [act["after"] for act in acts] == [{"people": 3, "changes": 3, "product": "learn"}]
    assert acts[0]["attributes"]["actor"] == "system"
