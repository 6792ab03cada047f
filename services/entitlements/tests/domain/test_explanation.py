"""Explanations: one code in order of precedence, and the least change that would seat the person (seats: Why)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usher_entitlements.domain.allocation import Want, allocate
from usher_entitlements.domain.counterfactual import Act
from usher_entitlements.domain.explanation import Code, explain
from usher_entitlements.domain.grants import DEFAULT_RULES, GrantRule, by_product
from usher_entitlements.domain.license import License
from usher_entitlements.domain.people import HeldRole, Person
from usher_entitlements.domain.pools import Pool
from usher_entitlements.domain.seats import Reason, Seat, SeatState
from usher_entitlements.domain.standing import Standing
from usher_entitlements.domain.terms import LicenseTerm, TermState

TENANT, POOL, ME = UUID(int=1), UUID(int=100), UUID(int=500)
START = datetime(2026, 9, 1, tzinfo=UTC)
NOW = START + timedelta(days=50)
RULES = by_product(DEFAULT_RULES)
ACTIVE = Person(TENANT, ME, TENANT, "active", START, [HeldRole("learner", START)], version=3)
ARCHIVED = replace(ACTIVE, status="archived")
ROLELESS = replace(ACTIVE, roles=[])


def term(state: str) -> LicenseTerm:
    return LicenseTerm(
        TENANT, UUID(int=7), TENANT, "learn", 5, START, START + timedelta(days=100), state=TermState(state)
    )


def pool(state: str = "active", *, capacity: int = 5, assigned: int = 5, suspended: int = 0) -> Pool:
    given_now = capacity if state == "active" else 0
    end = START + timedelta(days=100)
    license_ = License(TermState(state), given_now, capacity, 0, 0, START, end, end + timedelta(days=14))
    return Pool(TENANT, POOL, TENANT, "learn", license_, START, assigned, suspended=suspended)


def seat(state: str) -> Seat:
    held = START if state in ("assigned", "suspended") else None
    return Seat(TENANT, ME, "learn", TENANT, POOL, SeatState(state), Reason.ROLE_GRANTED, START, held, START, version=1)


def blocked(state: str) -> Seat:
    """A seat that was taken on day 10."""
    reason = Reason.MANUAL if state == "withheld" else Reason.INACTIVITY
    return replace(seat(state), reason=reason, blocked_for=reason, blocked_at=START + timedelta(days=10))


def lifted(state: str, on: int = 20) -> Seat:
    """One that was taken, and given back."""
    back = START + timedelta(days=on)
    return replace(seat(state), blocked_for=Reason.MANUAL, blocked_at=START, given_back_at=back, lifted_at=back)


def standing(
    person: Person | None = ACTIVE,
    terms: Sequence[LicenseTerm] = (term("active"),),
    serving: Pool | None = None,
    own: Seat | None = None,
    line: Sequence[Want] = (),
) -> Standing:
    return Standing("learn", RULES, person, terms, serving, own, line)


def waits(*days: int) -> list[Want]:
    return [Want(UUID(int=600 + day), START + timedelta(days=day)) for day in days]


@pytest.mark.parametrize(
    ("story", "known", "code"),
    [
        ("nobody by this id", standing(None, ()), Code.UNKNOWN_USER),
        ("not active goes before everything about licenses", standing(ARCHIVED, ()), Code.USER_NOT_ACTIVE),
        ("never licensed goes before the role", standing(ROLELESS, ()), Code.PRODUCT_NOT_ACTIVATED),
        ("no role goes before the license's dates", standing(ROLELESS, [term("scheduled")]), Code.NO_ROLE),
        ("withheld by hand", standing(own=blocked("withheld"), serving=pool()), Code.WITHHELD),
        ("reclaimed", standing(own=blocked("released"), serving=pool()), Code.RECLAIMED),
        ("that goes before the license", standing(own=blocked("released"), serving=pool("expired")), Code.RECLAIMED),
        ("no role goes before that", standing(ROLELESS, own=blocked("withheld"), serving=pool()), Code.NO_ROLE),
        ("lifted", standing(own=lifted("assigned"), serving=pool()), Code.SEATED),
        ("a term that starts later", standing(terms=[term("scheduled")]), Code.LICENSE_NOT_STARTED),
        ("only terms that were ended", standing(terms=[term("ended")]), Code.LICENSE_EXPIRED),
        ("run out", standing(serving=pool("expired"), own=seat("suspended")), Code.LICENSE_EXPIRED),
        ("waiting when it ran out", standing(serving=pool("expired"), own=seat("waitlisted")), Code.LICENSE_EXPIRED),
        ("waiting", standing(serving=pool(), own=seat("waitlisted")), Code.WAITLISTED),
        ("waiting in grace", standing(serving=pool("grace"), own=seat("waitlisted")), Code.WAITLISTED),
        ("in grace", standing(serving=pool("grace"), own=seat("assigned")), Code.IN_GRACE),
        ("seated", standing(serving=pool(), own=seat("assigned")), Code.SEATED),
        ("served, wanted, not decided yet", standing(serving=pool()), Code.CHANGE_IN_PROGRESS),
    ],
)  # fmt: skip
def test_the_code(story: str, known: Standing, code: Code) -> None:
    explained = explain(known, NOW)
    assert explained.code is code, story
    assert bool(explained.counterfactual) is not (code.allows or code is Code.CHANGE_IN_PROGRESS)
    assert (explained.until is not None) is code.allows


def test_only_who_waits_for_a_license_that_counts_has_a_position() -> None:
    for known in (standing(), standing(serving=pool(), own=seat("assigned"), line=waits(-2))):
        assert known.position is None
    late = standing(serving=pool("expired"), own=seat("waitlisted"), line=waits(-2))
    assert (explain(late, NOW).code, explain(late, NOW).position) == (Code.LICENSE_EXPIRED, None)


def test_the_dates_go_before_the_stored_state() -> None:
    known = standing(serving=pool(), own=seat("assigned"))
    assert explain(known, START + timedelta(days=114)).code is Code.LICENSE_EXPIRED


@pytest.mark.parametrize(("version", "code"), [(None, Code.SEATED), (3, Code.SEATED), (4, Code.CHANGE_IN_PROGRESS)])
def test_a_version_that_has_not_arrived_is_in_progress(version: int | None, code: Code) -> None:
    known = standing(serving=pool(), own=seat("assigned"))
    assert explain(known, NOW, user_version=version).code is code


def test_one_who_waits_is_told_the_position_and_how_many_seats_are_missing() -> None:
    known = standing(serving=pool(), own=seat("waitlisted"), line=waits(-2, -1, 5))
    explained = explain(known, NOW)
    assert explained.position == 3
    assert [(step.act, step.seats, step.pool_id) for step in explained.counterfactual] == [(Act.ADD_SEATS, 3, POOL)]


def test_seats_beyond_the_capacity_count_among_those_missing() -> None:
    known = standing(serving=pool(capacity=5, assigned=8), own=seat("waitlisted"))
    [step] = explain(known, NOW).counterfactual
    assert step.seats == 4


def test_one_without_a_role_is_told_the_role_that_calls_for_least_beside() -> None:
    steps = explain(standing(ROLELESS, serving=pool(assigned=4)), NOW).counterfactual
    assert [(step.act, step.role) for step in steps] == [(Act.GRANT_ROLE, "learner")]


def test_a_role_that_needs_fewer_further_seats_is_the_least_change() -> None:
    rules = by_product([GrantRule("learner", "learn", 5), GrantRule("observer", "learn", 1)])
    known = replace(standing(ROLELESS, serving=pool(), line=waits(1, 2)), rules=rules)
    known = replace(known, line=[replace(other, priority=3) for other in known.line])
    steps = explain(known, NOW).counterfactual
    assert [(step.act, step.role, step.seats) for step in steps] == [
        (Act.GRANT_ROLE, "observer", None),
        (Act.ADD_SEATS, None, 1),
    ]


def test_whoever_is_archived_comes_back_at_the_end_of_the_line() -> None:
    steps = explain(standing(ARCHIVED, serving=pool(), line=waits(1, 2)), NOW).counterfactual
    assert [(step.act, step.seats) for step in steps] == [(Act.ACTIVATE_USER, None), (Act.ADD_SEATS, 3)]


def test_after_the_license_a_renewal_serves_holders_then_the_suspended_then_the_line() -> None:
    lost = [Want(UUID(int=700 + n), START + timedelta(days=n), restored=True) for n in (-3, -2)]
    known = standing(serving=pool("expired", assigned=0, suspended=3), own=seat("suspended"), line=[*lost, *waits(-9)])
    [step] = explain(known, NOW).counterfactual
    assert (step.act, step.term_id, step.seats) == (Act.RENEW_TERM, UUID(int=7), 3)
    in_grace = standing(serving=pool("grace", assigned=4), own=seat("waitlisted"), line=waits(-9))
    [step] = explain(in_grace, NOW).counterfactual
    assert (step.act, step.seats) == (Act.RENEW_TERM, 6)


@given(
    st.integers(0, 8),
    st.integers(0, 8),
    st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 2)), max_size=8),
    st.integers(0, 2),
)
def test_the_seats_that_a_counterfactual_names_seat_the_person_and_fewer_do_not(
    capacity: int, assigned: int, others: list[tuple[int, int]], priority: int
) -> None:
    line = [Want(UUID(int=600 + n), START + timedelta(days=d), p) for n, (d, p) in enumerate(others)]
    full = pool(capacity=capacity, assigned=max(assigned, capacity))
    own = replace(seat("waitlisted"), priority=priority)
    [step] = explain(standing(serving=full, own=own, line=line), NOW).counterfactual
    assert step.seats is not None

    def is_seated(more: int) -> bool:
        raised = replace(full, license=replace(full.license, capacity=capacity + more))  # as a change of the term does
        return ME in [want.user_id for want in allocate(raised.room, [*line, own.want]).seated]

    assert is_seated(step.seats)
    assert not is_seated(step.seats - 1)
