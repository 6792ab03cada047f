"""Simulation: what it says is what then happens, and it leaves nothing behind (seats: Capacity)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usher_contracts.identity import Role
from usher_entitlements.domain.grants import GrantRule
from usher_entitlements.store.differences import compare_people
from usher_entitlements.tables import METADATA
from usher_entitlements.use_cases.simulate import Changes, TermChange, WantedPerson, suppose
from usher_kit.ids import new_id
from usher_kit.rehearsal import rehearsal

from .people import ADMIN, LEARNER, NORTH_ADMIN, READER, WAITING, id_of
from .story import DISTRICT, ELSEWHERE, NORTH, SOUTH, Entitlements, day, organization, person, term

Bearer = Callable[..., dict[str, str]]
EVERYTHING = """
    select md5(string_agg(t::text, '' order by t::text)) as state from (
        select 'seat' as what, s::text as row from seat s union all select 'pool', p::text from pool p
        union all select 'person', p::text from person p union all select 'term', t::text from license_term t
        union all select 'rule', r::text from grant_rule r union all select 'outbox', o::text from outbox o
        union all select 'list', r::text from reevaluation r union all select 'settling', s::text from settling s
        union all select 'configuration', c::text from configuration c) t
"""


async def state(entitlements: Entitlements) -> str:
    return str((await entitlements.rows(EVERYTHING))[0].state)


async def simulated(entitlements: Entitlements, changes: Changes) -> dict[UUID, str]:
    """Each person's seat as the simulation leaves it, of those that would be otherwise."""
    async with rehearsal(entitlements.database, METADATA, [DISTRICT]) as conn:
        await suppose(conn, DISTRICT, changes, entitlements.clock.now())
        return {row.user_id: row.after for row in await compare_people(conn, [], None, 10_000)}


@pytest.mark.usefixtures("people")
async def test_who_would_gain_keep_lose_and_wait(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    before = await state(entitlements)
    supposed = {
        "org_id": str(DISTRICT),
        "people": [
            {"user_id": id_of(LEARNER), "status": "archived"},
            {"user_id": id_of(NORTH_ADMIN), "roles": ["org_admin", "learner"]},
            {"user_id": id_of(30), "org_id": str(NORTH), "roles": ["learner"]},
        ],
    }
    answer = (await client.post("/v1/simulate", json=supposed, headers=bearer(ADMIN))).json()
    assert {
        (one["user_id"], one["outcome"], one["before"], one["after"], one["position"]) for one in answer["people"]
    } == {
        (id_of(LEARNER), "loses", "assigned", "released", None),
        (id_of(NORTH_ADMIN), "keeps", "assigned", "assigned", None),
        (id_of(WAITING), "gains", "waitlisted", "assigned", None),
        (id_of(30), "waits", "none", "waitlisted", 1),
    }
    assert answer["totals"] == {"learn": {"gains": 1, "keeps": 1, "loses": 1, "waits": 1}}
    [pool] = answer["pools"] or [None]
    assert pool is None or pool["before"]["assigned"] == pool["after"]["assigned"]
    assert await state(entitlements) == before


@pytest.mark.usefixtures("people")
async def test_terms_rules_and_time_can_be_supposed(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements, system: dict[str, str]
) -> None:
    [bought] = (await client.get("/v1/license-terms", headers=system)).json()["items"]

    async def outcome(**supposed: Any) -> dict[str, int]:
        body = {"org_id": str(DISTRICT), **supposed}
        answer = await client.post("/v1/simulate", json=body, headers=bearer(ADMIN))
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["totals"].get("learn", {}))

    assert await outcome(terms=[{"id": bought["id"], "seats": 4}]) == {"gains": 1}
    assert await outcome(until=day(400).isoformat()) == {"loses": 3}
    assert await outcome(terms=[{"id": bought["id"], "end": True}]) == {"loses": 3, "none": 1}
    more = {"org_id": str(SOUTH), "product": "learn", "seats": 9, "starts_at": day(0).isoformat()}
    assert await outcome(terms=[more | {"ends_at": day(300).isoformat()}]) == {"gains": 1}
    rules = [{"role": "learner", "product": "learn"}]
    assert await outcome(grant_rules=rules) == {"gains": 1, "loses": 2}


@pytest.mark.usefixtures("people")
async def test_only_what_the_caller_administers_is_supposed_and_seen(
    client: AsyncClient, bearer: Bearer, entitlements: Entitlements
) -> None:
    def body(**supposed: Any) -> dict[str, Any]:
        return {"org_id": str(NORTH), **supposed}

    cases: Sequence[tuple[int, dict[str, Any], int]] = [
        (READER, body(org_id=str(SOUTH)), 403),
        (NORTH_ADMIN, body(org_id=str(SOUTH)), 404),
        (NORTH_ADMIN, body(people=[{"user_id": id_of(WAITING), "roles": []}]), 404),
        (NORTH_ADMIN, body(people=[{"user_id": id_of(LEARNER), "org_id": str(SOUTH)}]), 404),
        (NORTH_ADMIN, body(people=[{"user_id": id_of(99)}]), 404),
        (NORTH_ADMIN, body(people=[{"user_id": id_of(LEARNER)}] * 2), 422),
        (NORTH_ADMIN, body(terms=[{"seats": 3}]), 422),
        (ADMIN, body(terms=[{"id": str(new_id()), "seats": 3}]), 404),
    ]
    for caller, supposed, status in cases:
        answer = await client.post("/v1/simulate", json=supposed, headers=bearer(caller))
        assert answer.status_code == status, (supposed, answer.text)
    freed = await client.post(
        "/v1/simulate", json=body(people=[{"user_id": id_of(LEARNER), "roles": []}]), headers=bearer(NORTH_ADMIN)
    )
    assert [one["user_id"] for one in freed.json()["people"]] == [id_of(LEARNER)], "who gains is of another school"
    await entitlements.hear(organization(ELSEWHERE, None, tenant=ELSEWHERE))


ROLES: Sequence[Role] = ("learner", "observer", "org_admin", "reporter")
PEOPLE = st.dictionaries(
    st.integers(0, 12),
    st.tuples(
        st.sampled_from(["active", "active", "archived"]),
        st.sets(st.sampled_from(ROLES)),
        st.sampled_from([DISTRICT, NORTH, SOUTH]),
    ),
    max_size=6,
)


@settings(
    max_examples=settings().max_examples // 8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    before=PEOPLE,
    after=PEOPLE,
    seats=st.tuples(st.integers(0, 6), st.integers(0, 6)),
    ruled=st.booleans(),
    own=st.booleans(),
)
async def test_what_is_simulated_is_what_then_happens(
    entitlements: Entitlements, before: Any, after: Any, seats: tuple[int, int], ruled: bool, own: bool
) -> None:
    await start_anew(entitlements)
    await entitlements.hear(
        *(person(n, *sorted(roles), org=org, status=status) for n, (status, roles, org) in before.items())
    )
    bought = await entitlements.buy(term(seats[0], shrink="last_assigned"))
    rules = [GrantRule("learner", "learn", 1), GrantRule("org_admin", "learn", 0)] if ruled else None
    more = [term(2, org=NORTH)] if own else []
    wanted = [
        WantedPerson(UUID(int=1_000 + n), org, status, sorted(roles)) for n, (status, roles, org) in after.items()
    ]
    changes = Changes(rules, more, [TermChange(bought.id, {"seats": seats[1]})], wanted)
    untouched = await state(entitlements)
    said = await simulated(entitlements, changes)
    assert await state(entitlements) == untouched
    was = await seats_by_person(entitlements)
    await do(entitlements, changes, before, after)
    now = await seats_by_person(entitlements)
    assert {user: found for user, found in now.items() if was.get(user) != found} == {
        user: found for user, found in said.items() if was.get(user) != found
    }


async def do(entitlements: Entitlements, changes: Changes, before: Any, after: Any) -> None:
    """What was supposed, in earnest."""
    if changes.rules is not None:
        await entitlements.set_rules(*changes.rules)
    for one in changes.bought:
        await entitlements.buy(one)
    for change in changes.terms:
        await entitlements.change(replace(term(0), id=change.term_id), **change.values)
    await entitlements.work_off_lists()
    facts = []
    for number, (status, roles, org) in after.items():
        old_status, old_roles, _ = before.get(number, (None, set(), None))
        fact = person(number, *sorted(roles), org=org, status=status, version=2 if number in before else 1)
        held = tuple(h.model_copy(update={"since": day(0)}) for h in fact.data.roles)
        since = fact.data.status_since if old_status == status else day(0)
        assert old_roles is not None
        facts.append(replace_fact(fact, roles=held, status_since=since))
    if facts:
        await entitlements.hear(*facts)


def replace_fact(event: Any, **values: Any) -> Any:
    return event.model_copy(update={"data": event.data.model_copy(update=values)})


async def seats_by_person(entitlements: Entitlements) -> dict[UUID, str]:
    rows = await entitlements.rows("select user_id, state from seat where product = 'learn'")
    return {row.user_id: row.state for row in rows}


async def start_anew(entitlements: Entitlements) -> None:
    """Take away what the example before left of people, terms and rules."""
    for table in ("seat", "person", "pool", "pool_service", "license_term", "grant_rule", "reevaluation", "outbox"):
        await entitlements.write(f"delete from {table}")
