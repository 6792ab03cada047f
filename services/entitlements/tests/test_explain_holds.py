"""What an explanation says holds: it agrees with the check, and its counterfactual seats the person (seats: Why)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Cause
from usher_contracts.identity import Role
from usher_entitlements.domain.blocks import Lift
from usher_entitlements.domain.counterfactual import Act, Step
from usher_entitlements.domain.explanation import Code, Explanation, explain
from usher_entitlements.domain.seats import Reason
from usher_entitlements.domain.standing import Standing
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.store.activities import Named
from usher_entitlements.store.checks import check
from usher_entitlements.store.people import find_person
from usher_entitlements.store.standings import load_standing
from usher_entitlements.tables import METADATA
from usher_entitlements.use_cases.seat_acts import act_on_seats, lay_for_seats
from usher_entitlements.use_cases.simulate import Changes, TermChange, WantedPerson, follow_through, suppose
from usher_kit.ids import new_id
from usher_kit.rehearsal import rehearsal

from .story import DISTRICT, NORTH, SOUTH, Entitlements, day, person, term
from .test_simulate import start_anew

PRODUCT = "learn"
ROLES: Sequence[Role] = ("learner", "org_admin", "reporter")
ONE_PERSON = st.tuples(
    st.sampled_from(["active", "active", "active", "suspended"]),
    st.sets(st.sampled_from(ROLES)),
    st.sampled_from([DISTRICT, NORTH, SOUTH]),
    st.booleans(),
)
TERMS = st.lists(
    st.tuples(
        st.sampled_from([DISTRICT, NORTH]), st.integers(0, 3), st.sampled_from([-400, -20, 0, 30]), st.integers(0, 30)
    ),
    max_size=3,
)


@settings(
    max_examples=settings().max_examples // 7,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(people=st.dictionaries(st.integers(0, 9), ONE_PERSON, min_size=1, max_size=7), terms=TERMS)
async def test_every_explanation_holds(
    entitlements: Entitlements, people: dict[int, Any], terms: list[tuple[UUID, int, int, int]]
) -> None:
    await start_anew(entitlements)
    facts = [person(n, *sorted(roles), org=org, status=status) for n, (status, roles, org, _) in sorted(people.items())]
    await entitlements.hear(*facts)
    for org, seats, starts, grace in terms:
        await entitlements.buy(term(seats, org=org, starts=starts, ends=starts + 380, grace=grace))
    for number, (*_, is_withheld) in people.items():
        if is_withheld and (await entitlements.seats()).get(number) in ("assigned", "waitlisted"):
            await entitlements.withhold(number)
    for number in people:
        await agrees_and_helps(entitlements, UUID(int=1_000 + number))


async def agrees_and_helps(entitlements: Entitlements, user_id: UUID) -> None:
    """The explanation agrees with the check and the seat; where it denies, doing what it says seats the person."""
    at = entitlements.clock.now()
    async with rehearsal(entitlements.database, METADATA, [DISTRICT]) as conn:
        explained, standing = await explanation(conn, user_id, entitlements)
        found = await check((await conn.get_raw_connection()).driver_connection, user_id, PRODUCT)
        assert found is not None
        is_usable = found.until(at) is not None
        assert explained.code.allows == is_usable, (explained, found)
        assert (explained.code is Code.WAITLISTED) <= (found.state == "waitlisted")
        if explained.code.allows:
            assert not explained.counterfactual
            return
        assert explained.counterfactual, explained
        for step in explained.counterfactual:
            await do(conn, step, standing, at)
        after, _ = await explanation(conn, user_id, entitlements)
        assert after.code is Code.SEATED, (explained, after)


async def explanation(conn: AsyncConnection, user_id: UUID, entitlements: Entitlements) -> tuple[Explanation, Standing]:
    known = await find_person(conn, user_id)
    assert known is not None
    standing = await load_standing(conn, known, PRODUCT)
    return explain(standing, entitlements.clock.now()), standing


async def do(conn: AsyncConnection, step: Step, standing: Standing, at: Any) -> None:
    """One step of a counterfactual, in the words of the acts."""
    person_, pool = standing.person, standing.pool
    assert person_ is not None
    changes = Changes()
    year = {"starts_at": at, "ends_at": day(365)}
    fresh = replace(term(0, org=person_.org_id), id=new_id(), **year)
    if step.act is Act.ACTIVATE_USER:
        changes = Changes(people=[WantedPerson(person_.id, status="active")])
    elif step.act is Act.GRANT_ROLE and step.role:
        roles = [held.role for held in person_.roles]
        changes = Changes(people=[WantedPerson(person_.id, roles=[*roles, step.role])])
    elif step.act is Act.LIFT_BLOCK:
        desk = await lay_for_seats(conn, [Named(DISTRICT, person_.id, PRODUCT, person_.org_id)], at)
        seat = desk.seats[person_.id][PRODUCT]
        assert seat.blocked_at
        acts = {person_.id: {PRODUCT: Lift(max(at, seat.blocked_at), Reason.MANUAL)}}
        await act_on_seats(conn, desk, acts, {person_.id: Cause()}, at)
    elif step.act is Act.ADD_SEATS and pool and step.seats:
        counting = next(t for t in standing.terms if t.org_id == pool.org_id and t.state.counts)
        changes = Changes(terms=[TermChange(counting.id, {"seats": counting.seats + step.seats})])
    elif step.act is Act.RENEW_TERM:
        org = pool.org_id if pool else renewed(standing, step).org_id
        changes = Changes(bought=[replace(fresh, org_id=org, seats=step.seats or 99)])
    elif step.act is Act.START_TERM and step.term_id:
        changes = Changes(terms=[TermChange(step.term_id, {"starts_at": at, "seats": 99})])
    elif step.act is Act.BUY_TERM:
        changes = Changes(bought=[replace(fresh, seats=99)])
    await suppose(conn, DISTRICT, changes, at)
    await follow_through(conn, DISTRICT, at)


def renewed(standing: Standing, step: Step) -> LicenseTerm:
    return next(one for one in standing.terms if one.id == step.term_id)
