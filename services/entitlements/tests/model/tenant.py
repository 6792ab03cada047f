"""What the machine drives: one tenant, in the service and in the model, and their comparison after every step."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import event
from hypothesis.stateful import RuleBasedStateMachine, invariant

from usher_kit.database import Database

from .comparing import adopt, check_wants, compare_lines, compare_pools, compare_seats, compare_terms
from .lawful import History, check_growth, check_people, check_pools
from .service import Service, Stored
from .settling import settle
from .things import Activity, Person, Seat, Term, Unit
from .world import World

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TENANTS = count(1)


class Tenant(RuleBasedStateMachine):
    """A tenant of its own, in a database that all share; what happens to it is for the machine to say."""

    runner: ClassVar[asyncio.Runner]
    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.number = next(TENANTS)
        self.tenant = self.unit(0)
        self.service = Service(self.runner, self.database, self.tenant, START)
        self.world = World()
        self.history = History()
        self.said: list[Person] = []
        """All that identity ever said of people, delivered or not."""
        self.used: list[Activity] = []
        """All that usage ever said of seats."""
        self.terms = count(1)
        self.before: Stored | None = None
        self.undecided = 0
        """For how many steps yet nobody works off what changes of the configuration leave."""
        self.chance = False
        """Whether the order of work may by now have decided who has a contested seat."""
        self.behind = timedelta(0)
        """How far the clock of the replica that does the next thing is behind."""
        self.acted = False
        self.reached: set[str] = set()

    def id(self, number: int) -> UUID:
        return UUID(int=(self.number << 32) + number)

    def unit(self, number: int) -> UUID:
        return self.id(number + 1)

    def person(self, number: int) -> UUID:
        return self.id(number + 100)

    @property
    def at(self) -> datetime:
        return self.service.clock.now()

    def day(self, number: float) -> datetime:
        return self.at + timedelta(days=number)

    # What both hear and do

    def make_unit(self, number: int, parent: int | None) -> Unit:
        known = self.world.units.get(self.unit(number))
        version = known.version + 1 if known else 1
        return Unit(self.unit(number), None if parent is None else self.unit(parent), version)

    def hear_units(self, heard: Sequence[Unit]) -> None:
        self.service.hear_units(heard)
        self.world.hear_units(heard, self.at)
        self.decide()

    def make_person(self, number: int, org: int, status: str, roles: list[str], on: int) -> Person:
        own = [one for one in self.said if one.id == self.person(number)]
        before = own[-1] if own else None
        held = {role: before.roles[role] if before and role in before.roles else self.day(on) for role in roles}
        since = before.status_since if before and before.status == status else self.day(on)
        version = before.version + 1 if before else 1
        return Person(self.person(number), self.unit(org), status, since, held, version)

    def hear_people(self, batch: Sequence[Person]) -> None:
        self.service.hear_people(batch)
        self.world.hear_people(batch, self.at)
        self.decide()

    def hear_activities(self, batch: Sequence[Activity]) -> None:
        self.turn()
        self.service.hear_activities(batch)
        self.world.hear_activities(batch, self.at)

    def buy(self, asked: dict[str, Any]) -> None:
        begins = self.day(asked["starts"])
        ends = begins + timedelta(days=asked["lasts"])
        org, product, seats = self.unit(asked["org"]), asked["product"], asked["seats"]
        term = Term(self.tenant, org, product, seats, begins, ends, asked["grace"], asked["overage"], asked["shrink"])
        self.enter(term)

    def enter(self, term: Term) -> None:
        bought = replace(term, id=self.id(1_000 + next(self.terms)), state="scheduled", ended_at=None)
        self.service.buy(replace(bought))
        self.world.buy(bought, self.at)
        self.decide()

    def turn(self) -> None:
        """A turn of the loop that passes what is due."""
        self.service.pass_time()
        self.world.pass_time(self.at)

    def decide(self) -> None:
        """Decide about everybody whom a change of the configuration concerns, unless that has to wait."""
        if not self.undecided:
            self.service.work_off_lists()
            settle(self.world, self.world.now)

    def pick(self, which: int, seats: list[Seat]) -> Seat | None:
        """One of these seats of the model, unless chance has by now a part in who has them."""
        return seats[which % len(seats)] if seats and not self.undecided and not self.chance else None

    # What is compared

    @invariant()
    def service_and_model_agree(self) -> None:
        if not self.world.units:
            return
        if self.behind and not self.acted:
            self.acted = True
            return
        self.return_to_the_clock()
        self.decide()
        self.service.tell_notices()
        stored = self.service.look()
        self.history.add(stored.facts)
        check_pools(stored)
        check_people(stored)
        if self.before and self.world.passed < 2:
            check_growth(self.before, stored)
        compare_terms(self.world, stored, self.at)
        compare_pools(self.world, stored)
        if not self.undecided:
            check_wants(self.world, stored)
            if self.chance:
                adopt(self.world, stored, self.history)
            compare_seats(self.world, stored, self.history)
            compare_lines(self.world, stored)
        self.chance = self.undecided > 0
        self.undecided = max(0, self.undecided - 1)
        self.note(stored)
        self.before, self.world.passed = stored, 0

    def return_to_the_clock(self) -> None:
        """The others' clocks are right, and time goes on."""
        if self.behind:
            self.service.clock.move_to(self.at + self.behind)
            self.turn()
            self.behind, self.acted = timedelta(0), False
        self.service.clock.move_to(self.at + timedelta(minutes=1))

    def note(self, stored: Stored) -> None:
        for pool in stored.pools:
            self.reached.add(f"pool: {pool.license_state}{' and somebody waits' if pool.waitlisted else ''}")
            self.reached |= {"pool: over-allocated"} if pool.over_allocated else set()

    def teardown(self) -> None:
        """The doctor looks at everything once more; and what came to pass is said (--hypothesis-show-statistics)."""
        for kind in self.reached | {claim for seat in self.world.seats.values() for claim in seat.claims}:
            event(kind)
        if self.world.units and not self.undecided and not self.behind:
            assert self.service.offenders() == []
