"""The state machine: whatever may happen to a tenant, done to the service and to the model, and the two compared."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar
from uuid import UUID

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from usher_kit.database import Database

from .comparing import adopt, check_wants, compare_lines, compare_pools, compare_seats, compare_terms, name_of
from .lawful import History, check_growth, check_people, check_pools
from .lifetimes import next_passage
from .service import Service, Stored
from .settling import settle
from .strategies import activities, corrections, people, persons, purchases, rule_tables, units
from .things import Activity, Person, Rule, Seat, Term, Unit
from .world import World

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TENANTS = count(1)


class LicenseMachine(RuleBasedStateMachine):
    """One tenant of five units: a root (0), two units of it (1, 2), and one of each of these (3, 4)."""

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

    # The tree

    @initialize(
        known=st.integers(3, 5),
        everybody=st.lists(persons, min_size=6, max_size=10),
        seats=st.integers(1, 5),
        lasts=st.sampled_from([5, 20, 60]),
        bought=st.lists(purchases, max_size=2),
    )
    def a_district_is_at_work(
        self,
        known: int,
        everybody: list[tuple[int, str, list[str], int]],
        seats: int,
        lasts: int,
        bought: list[dict[str, Any]],
    ) -> None:
        parents = [None, 0, 0, 1, 2]
        self.hear_units([self.make_unit(number, parents[number]) for number in range(known)])
        self.said = [self.make_person(number, *said) for number, said in enumerate(everybody)]
        self.hear_people(self.said)
        first = {"org": 0, "product": "learn", "seats": seats, "starts": -1, "lasts": lasts, "grace": 2}
        for purchase in [{**first, "overage": "block", "shrink": "keep"}, *bought]:
            self.buy(purchase)

    def make_unit(self, number: int, parent: int | None) -> Unit:
        known = self.world.units.get(self.unit(number))
        version = known.version + 1 if known else 1
        return Unit(self.unit(number), None if parent is None else self.unit(parent), version)

    def hear_units(self, heard: Sequence[Unit]) -> None:
        self.service.hear_units(heard)
        self.world.hear_units(heard, self.at)
        self.decide()

    @rule(moves=st.dictionaries(st.integers(1, 4), units, min_size=1, max_size=3))
    def units_come_or_move(self, moves: dict[int, int]) -> None:
        """Also into one that is not known yet, and, out of order, round in a circle for a while."""
        self.hear_units([self.make_unit(number, parent) for number, parent in moves.items() if number != parent])

    # People

    @rule(
        changes=st.dictionaries(people, persons, min_size=1, max_size=5),
        late=st.sampled_from([False, False, True]),
        again=st.integers(0, 3),
        order=st.randoms(use_true_random=False),
    )
    def identity_speaks(
        self, changes: dict[int, tuple[int, str, list[str], int]], late: bool, again: int, order: Any
    ) -> None:
        """People come, change and go. Some facts are delivered late, some again, in any order."""
        fresh = [self.make_person(number, *said) for number, said in changes.items()]
        self.said += fresh
        batch = fresh[late:] + order.sample(self.said, min(again, len(self.said)))
        order.shuffle(batch)
        if batch:
            self.hear_people(batch)

    def make_person(self, number: int, org: int, status: str, roles: list[str], on: int) -> Person:
        own = [one for one in self.said if one.id == self.person(number)]
        before = own[-1] if own else None
        held = {role: before.roles[role] if before and role in before.roles else self.day(on) for role in roles}
        since = before.status_since if before and before.status == status else self.day(on)
        version = before.version + 1 if before else 1
        return Person(self.person(number), self.unit(org), status, since, held, version)

    @rule(order=st.randoms(use_true_random=False), size=st.integers(1, 8))
    def facts_come_late_or_again(self, order: Any, size: int) -> None:
        self.hear_people(order.sample(self.said, min(size, len(self.said))))

    def hear_people(self, batch: Sequence[Person]) -> None:
        self.service.hear_people(batch)
        self.world.hear_people(batch, self.at)
        self.decide()

    # Terms, rules and time

    @rule(purchase=purchases)
    def a_term_is_bought(self, purchase: dict[str, Any]) -> None:
        self.buy(purchase)

    @rule(which=st.integers(0, 20), seats=st.integers(0, 5), starts=st.integers(-2, 6), lasts=st.integers(1, 40))
    def a_pool_is_bought_again(self, which: int, seats: int, starts: int, lasts: int) -> None:
        """Beside what it has, after it, or after a gap."""
        terms = list(self.world.terms.values())
        again = terms[which % len(terms)]
        bought = {"seats": seats, "starts": starts, "lasts": lasts, "grace": again.grace_days, "overage": "block"}
        self.buy({"org": name_of(again.org) - 1, "product": again.product, "shrink": again.shrink, **bought})

    @rule(which=st.integers(0, 20), later=st.sampled_from([0, 0, 1, 4]), seats=st.integers(0, 5))
    def a_term_is_renewed(self, which: int, later: int, seats: int) -> None:
        """By one that starts as it ends, or within its grace, or after it."""
        terms = list(self.world.terms.values())
        term = terms[which % len(terms)]
        self.enter(replace(term, seats=seats, starts=term.ends + timedelta(days=later), ends=term.ends + timedelta(40)))

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

    @rule(which=st.integers(0, 20), change=corrections)
    def a_term_is_corrected(self, which: int, change: dict[str, Any]) -> None:
        can = self.changeable()
        if not can:
            return
        term = can[which % len(can)]
        values = dict(change)
        if "ends" in values:
            values["ends"] = max(self.day(values["ends"]), term.starts + timedelta(hours=1))
        named = {"ends_at" if name == "ends" else name: value for name, value in values.items()}
        self.service.change(term.id, **named)
        self.world.change(term.id, self.at, **values)

    @rule(which=st.integers(0, 20))
    def a_term_is_ended(self, which: int) -> None:
        self.turn()
        can = [term for term in self.world.terms.values() if term.state not in ("ended", "renewed")]
        if can:
            term = can[which % len(can)]
            self.service.end(term.id)
            self.world.end(term.id, self.at)

    def changeable(self) -> list[Term]:
        self.turn()
        return [term for term in self.world.terms.values() if not term.is_over]

    @rule(table=rule_tables)
    def other_rules_hold(self, table: dict[tuple[str, str], int | None]) -> None:
        rules = [Rule(role, product, order) for (role, product), order in table.items() if order is not None]
        self.service.set_rules(rules)
        self.world.set_rules(rules, self.at)

    @rule(org=units, days=st.one_of(st.none(), st.lists(st.integers(1, 120), max_size=3, unique=True)))
    def an_organization_sets_days_of_notice(self, org: int, days: list[int] | None) -> None:
        """For itself and below, until it sets none."""
        self.service.set_notice_days(self.unit(org), "learn", days)
        self.world.set_notice_days(self.unit(org), "learn", days, self.at)

    @rule(hours=st.sampled_from([1, 24, 100, 300, 900]), turn=st.booleans())
    def time_passes(self, hours: int, turn: bool) -> None:
        """The clock goes on; a turn of the loop may come at once, or too late for what happens next."""
        self.service.clock.move_to(self.at + timedelta(hours=hours))
        if turn:
            self.turn()

    def turn(self) -> None:
        """A turn of the loop that passes what is due."""
        self.service.pass_time()
        self.world.pass_time(self.at)

    @rule()
    def the_next_passage_comes(self) -> None:
        terms = list(self.world.terms.values())
        due = [passage for term in terms if (passage := next_passage(term, terms))]
        if due:
            self.service.clock.move_to(max(min(due)[0], self.at))
            self.turn()

    @rule(which=st.integers(0, 20))
    def a_license_runs_out(self, which: int) -> None:
        """Time goes on until none of a pool's terms is left; a turn of the loop comes for each passage, or but once."""
        terms = list(self.world.terms.values())
        pool = terms[which % len(terms)]
        last = max(term.expires for term in self.world.terms_of(pool.org, pool.product))
        self.service.clock.move_to(max(last, self.at))
        self.turn()

    @rule(which=st.integers(0, 20), seats=st.integers(0, 5))
    def a_license_lapses_and_is_bought_again(self, which: int, seats: int) -> None:
        self.a_license_runs_out(which)
        terms = list(self.world.terms.values())
        self.enter(replace(terms[which % len(terms)], seats=seats, starts=self.at, ends=self.day(30)))

    # Acts on single seats, and how they are used

    @rule(which=st.integers(0, 20))
    def a_seat_is_withheld(self, which: int) -> None:
        self.turn()
        seat = self.pick(which, [seat for seat in self.world.seats.values() if seat.is_open])
        if seat:
            self.service.withhold(seat.person, seat.product)
            self.world.withhold(seat.person, seat.product, self.at)

    @rule(which=st.integers(0, 20))
    def a_seat_is_given_back(self, which: int) -> None:
        self.turn()
        seat = self.pick(which, [seat for seat in self.world.seats.values() if seat.blocked_at])
        if seat:
            self.service.lift(seat.person, seat.product)
            self.world.lift(seat.person, seat.product, self.at)

    def pick(self, which: int, seats: list[Seat]) -> Seat | None:
        """One of these seats of the model, unless chance has by now a part in who has them."""
        return seats[which % len(seats)] if seats and not self.undecided and not self.chance else None

    @rule(which=st.integers(0, 20), said=activities, delivered=st.booleans(), earlier=st.booleans())
    def usage_speaks(self, which: int, said: dict[str, Any], delivered: bool, earlier: bool) -> None:
        """Of the holding that there is, or of none; the fact comes now, or late and then perhaps in another order."""
        seat = self.pick(which, [s for s in self.world.seats.values() if s.state == "assigned" or s.blocked_at])
        if seat is None:
            return
        login, due, kept = (self.day(said[x]) if x in said else None for x in ("login", "reclaim_due", "kept_until"))
        version = len([one for one in self.used if (one.person, one.product) == (seat.person, seat.product)]) + 1
        holding = None if earlier else seat.assigned_since
        fact = Activity(seat.person, seat.product, said["activity"], version, holding, login, due, kept)
        self.used.append(fact)
        if delivered:
            self.hear_activities([fact])

    @rule(order=st.randoms(use_true_random=False), size=st.integers(1, 8))
    def what_usage_said_comes_late_or_again(self, order: Any, size: int) -> None:
        if self.used:
            self.hear_activities(order.sample(self.used, min(size, len(self.used))))

    def hear_activities(self, batch: Sequence[Activity]) -> None:
        self.turn()
        self.service.hear_activities(batch)
        self.world.hear_activities(batch, self.at)

    @rule()
    def idle_seats_are_reclaimed(self) -> None:
        if not self.undecided:
            self.service.clock.move_to(self.at + timedelta(hours=2))
            self.turn()
            self.service.reclaim()
            self.world.reclaim(self.at)

    @rule(which=st.integers(0, 9), order=st.randoms(use_true_random=False), size=st.integers(0, 3))
    def an_administrator_orders_a_line(self, which: int, order: Any, size: int) -> None:
        self.turn()
        pools = sorted(self.world.pools)
        if not pools or self.undecided or self.chance:
            return
        org, product = pools[which % len(pools)]
        waiting = [seat.person for seat in self.world.waitlist(org, product)]
        first = order.sample(waiting, min(size, len(waiting)))
        self.service.put_first(org, product, first)
        self.world.put_first(org, product, first, self.at)

    @rule(policy=st.sampled_from(["last_assigned", "least_recently_active"]))
    def an_administrator_takes_what_is_too_much(self, policy: str) -> None:
        self.turn()
        over = [key for key in sorted(self.world.pools) if self.world.excess(*key)]
        if over and not self.undecided and not self.chance:
            self.service.release_excess(*over[0], policy)
            self.world.release_excess(*over[0], policy, self.at)

    # Workers

    @rule(steps=st.integers(1, 4))
    def the_work_lists_must_wait(self, steps: int) -> None:
        self.undecided = steps

    @rule(pool=st.integers(0, 9), most=st.integers(1, 3))
    def a_worker_takes_some_from_a_list(self, pool: int, most: int) -> None:
        if lists := self.service.lists():
            self.service.work_off(lists[pool % len(lists)], most)

    @rule(hours=st.sampled_from([0.01, 1, 30]))
    def a_replica_with_a_slower_clock_is_next(self, hours: float) -> None:
        self.behind = timedelta(hours=hours)
        self.service.clock.move_to(self.at - self.behind)

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

    def decide(self) -> None:
        """Decide about everybody whom a change of the configuration concerns, unless that has to wait."""
        if not self.undecided:
            self.service.work_off_lists()
            settle(self.world, self.world.now)

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
        """Say what came to pass, by --hypothesis-show-statistics: a machine that reaches nothing is no proof."""
        for kind in self.reached | {claim for seat in self.world.seats.values() for claim in seat.claims}:
            event(kind)
