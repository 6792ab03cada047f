"""Seating against a plain, slow model: any history of facts, capacities and licenses (seats: Capacity, Invariants)."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from usher_entitlements.domain.carrying import carry_over
from usher_entitlements.domain.grants import GrantRule, by_product
from usher_entitlements.domain.license import License
from usher_entitlements.domain.people import HeldRole, Person
from usher_entitlements.domain.pools import Pool, tally
from usher_entitlements.domain.seating import Case, Situation, decide_seating
from usher_entitlements.domain.seats import Reason, Seat, SeatChange, SeatState
from usher_entitlements.domain.settling import settle, suspend
from usher_entitlements.domain.terms import TermState

TENANT = UUID(int=1)
START = datetime(2026, 9, 1, tzinfo=UTC)
ORGS = [UUID(int=10), UUID(int=11)]
POOLS = [UUID(int=100), UUID(int=101)]
PRODUCT = "learn"
RULES = by_product([GrantRule("learner", PRODUCT, 1), GrantRule("org_admin", PRODUCT, 0)])
PRIORITIES = {"learner": 1, "org_admin": 0}


@dataclass
class ModelPerson:
    """A person as the model has them: a state, and what places them."""

    org: UUID
    active: bool
    active_since: datetime
    roles: dict[str, datetime]
    state: str = "none"
    pool: UUID | None = None
    held_since: datetime | None = None
    first: bool = False

    def place(self, number: int) -> tuple[bool, int, datetime, int]:
        since = max(self.active_since, min(self.roles.values()))
        return (not self.first, min(PRIORITIES[role] for role in self.roles), since, number)


@dataclass
class Model:
    """The rules as one would do them with pencil and paper: one step at a time, over everybody."""

    serves: dict[UUID, UUID]
    seats: dict[UUID, int]
    license: dict[UUID, str]
    people: dict[int, ModelPerson] = field(default_factory=dict)

    def in_state(self, state: str, pool: UUID) -> list[int]:
        return [n for n, p in self.people.items() if p.state == state and p.pool == pool]

    def look_at(self, numbers: Iterable[int]) -> None:
        for number in numbers:
            person = self.people[number]
            wants = person.active and bool(person.roles)
            if person.state in ("assigned", "waitlisted", "suspended"):
                if wants and person.pool == self.serves[person.org]:
                    continue
                person.state, person.held_since, person.first = "released", None, False
            if wants:
                # Until the line is served, newcomers stand in it with everybody else.
                person.state, person.pool, person.first = "waitlisted", self.serves[person.org], False

    def serve(self, at: datetime) -> None:
        for pool in POOLS:
            while self.license[pool] == "active" and len(self.in_state("assigned", pool)) < self.seats[pool]:
                line = sorted(self.in_state("waitlisted", pool), key=lambda n: self.people[n].place(n))
                if not line:
                    break
                first = self.people[line[0]]
                first.state, first.held_since, first.first = "assigned", at, False

    def license_becomes(self, pool: UUID, state: str) -> None:
        self.license[pool] = state
        if state == "expired":
            for number in self.in_state("assigned", pool):
                self.people[number].state = "suspended"
        if state == "active":
            for number in sorted(self.in_state("suspended", pool), key=self.held_since):
                person = self.people[number]
                if len(self.in_state("assigned", pool)) < self.seats[pool]:
                    person.state = "assigned"
                else:
                    person.state, person.held_since, person.first = "waitlisted", None, True

    def held_since(self, number: int) -> tuple[datetime, int]:
        held = self.people[number].held_since
        assert held is not None
        return (held, number)


def license_of(state: str, seats: int) -> License:
    counts, keeps = state == "active", state in ("active", "grace")
    far = START + timedelta(days=9_999)
    return License(TermState(state), seats * counts, seats * keeps, 0, 0, START, far, far)


class SeatingMachine(RuleBasedStateMachine):
    """The domain's functions, used as the use cases use them, beside the model."""

    def __init__(self) -> None:
        super().__init__()
        self.at = START
        self.people: dict[int, Person] = {}
        self.seats: dict[UUID, Seat] = {}
        self.serves = {(org, PRODUCT): pool for org, pool in zip(ORGS, POOLS, strict=True)}
        self.pools = {
            pool: Pool(TENANT, pool, org, PRODUCT, license_of("active", 2), START)
            for org, pool in zip(ORGS, POOLS, strict=True)
        }
        self.model = Model(dict(zip(ORGS, POOLS, strict=True)), dict.fromkeys(POOLS, 2), dict.fromkeys(POOLS, "active"))

    @initialize(crowd=st.integers(3, 9))
    def a_district_is_at_work(self, crowd: int) -> None:
        self.facts_arrive({number: (ORGS[number % 2], "active", {"learner"}, 0) for number in range(1, crowd + 1)})

    @rule(
        batch=st.dictionaries(
            st.integers(1, 9),
            st.tuples(
                st.sampled_from(ORGS),
                st.sampled_from(["active", "active", "archived"]),
                st.sets(st.sampled_from(["learner", "org_admin"])),
                st.integers(0, 5),
            ),
            min_size=1,
        )
    )
    def facts_arrive(self, batch: dict[int, tuple[UUID, str, set[str], int]]) -> None:
        self.at += timedelta(days=1)
        cases = []
        for number, (org, status, roles, days_ago) in batch.items():
            since = self.at - timedelta(days=days_ago)
            held = [HeldRole(role, since) for role in roles]
            after = Person(TENANT, UUID(int=number), org, status, START, held, version=1)
            cases.append(Case(self.people.get(number), after))
            self.people[number] = after
            known = self.model.people.setdefault(number, ModelPerson(org, active=True, active_since=START, roles={}))
            known.org, known.active, known.roles = org, status == "active", dict.fromkeys(roles, since)
        decided = decide_seating(self.situation(cases), cases, self.at)
        self.save(decided.changes, decided.placed)
        assert decided.pools == self.pools
        self.model.look_at(batch)
        self.model.serve(self.at)

    def situation(self, cases: list[Case]) -> Situation:
        known = [seat for case in cases if (seat := self.seats.get(case.after.id))]
        return Situation(
            rules=RULES,
            serves=self.serves,
            pools=self.pools,
            seats={seat.user_id: {PRODUCT: seat} for seat in known},
            waiting={
                key: self.line(key, pool.room.at_most(99) + sum(s.pool_id == key and s.state.is_open for s in known))
                for key, pool in self.pools.items()
            },
        )

    def line(self, pool: UUID, most: int) -> list[Seat]:
        return sorted(self.in_state(SeatState.WAITLISTED, pool), key=lambda seat: seat.want.place)[:most]

    def in_state(self, state: SeatState, pool: UUID) -> list[Seat]:
        return [seat for seat in self.seats.values() if seat.state is state and seat.pool_id == pool]

    def save(self, changes: Iterable[SeatChange], placed: Iterable[Seat] = ()) -> None:
        changes = list(changes)
        for made in changes:
            before = self.seats.get(made.seat.user_id)
            assert made.seat.version == (before.version if before else 0) + 1, "versions have no gaps"
            self.seats[made.seat.user_id] = made.seat
        for seat in placed:
            self.seats[seat.user_id] = seat
        self.pools = tally(self.pools, changes)

    @rule(
        which=st.integers(0, 1),
        seats=st.integers(0, 6),
        state=st.sampled_from(["active", "active", "grace", "expired"]),
    )
    def the_license_changes(self, which: int, seats: int, state: str) -> None:
        self.at += timedelta(days=1)
        key = POOLS[which]
        pool = replace(self.pools[key], license=license_of(state, seats))
        self.pools[key] = pool
        self.save(suspend(pool, self.in_state(SeatState.ASSIGNED, key), self.at))
        self.settle(key)
        self.model.seats[key] = seats
        self.model.license_becomes(key, state)
        self.model.serve(self.at)

    def settle(self, key: UUID) -> None:
        pool = self.pools[key]
        waiting = self.line(key, pool.room_in_line.at_most(99))
        self.save(settle(pool, self.in_state(SeatState.SUSPENDED, key), waiting, Reason.CAPACITY_RAISED, self.at))

    @rule(own=st.booleans())
    def another_pool_comes_to_serve_the_school(self, own: bool) -> None:
        self.at += timedelta(days=1)
        school = ORGS[1]
        self.serves[school, PRODUCT] = self.model.serves[school] = POOLS[own]
        open_seats = [seat for seat in self.seats.values() if seat.org_id == school and seat.state.is_open]
        self.save(carry_over(open_seats, self.serves, self.at))
        for key in POOLS:
            self.save(suspend(self.pools[key], self.in_state(SeatState.ASSIGNED, key), self.at))
            self.settle(key)
        for number, known in self.model.people.items():
            if known.org == school and self.seats.get(UUID(int=number)) and known.state not in ("none", "released"):
                known.pool = POOLS[own]
        for key in POOLS:
            self.model.license_becomes(key, self.model.license[key])
        self.model.serve(self.at)

    @invariant()
    def everybody_stands_where_the_model_has_them(self) -> None:
        for number, known in self.model.people.items():
            seat = self.seats.get(UUID(int=number))
            assert (seat.state if seat else "none") == known.state
            if seat and seat.state.is_open:
                assert seat.pool_id == known.pool

    @invariant()
    def those_who_wait_stand_in_the_models_order(self) -> None:
        for pool in POOLS:
            waiting = sorted(self.model.in_state("waitlisted", pool), key=lambda n: self.model.people[n].place(n))
            assert [seat.user_id.int for seat in self.line(pool, 99)] == waiting

    @invariant()
    def figures_are_counts_and_caps_hold(self) -> None:
        for key, pool in self.pools.items():
            counts = [len(self.in_state(state, key)) for state in (SeatState.ASSIGNED, SeatState.WAITLISTED)]
            assert [pool.assigned, pool.waitlisted] == counts
            assert pool.suspended == len(self.in_state(SeatState.SUSPENDED, key))
            assert pool.over_allocated or pool.assigned <= pool.license.capacity_with_grace
            if pool.license.state.counts:
                assert not pool.waitlisted or pool.assigned >= pool.license.capacity


EXAMPLES = int(os.environ.get("USHER_DOMAIN_EXAMPLES", settings().max_examples * 4 // 5))
SeatingMachine.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
TestSeatingMachine = SeatingMachine.TestCase
