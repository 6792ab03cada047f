"""The state machine: whatever may happen to a tenant, done to the service and to the model, and the two compared."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from .comparing import name_of
from .lifetimes import next_passage
from .strategies import activities, corrections, people, persons, purchases, rule_tables, units
from .tenant import Tenant
from .things import Activity, Rule, Term


class LicenseMachine(Tenant):
    """One tenant of five units: a root (0), two units of it (1, 2), and one of each of these (3, 4)."""

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

    @rule(order=st.randoms(use_true_random=False), size=st.integers(1, 8))
    def facts_come_late_or_again(self, order: Any, size: int) -> None:
        self.hear_people(order.sample(self.said, min(size, len(self.said))))

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
        seat = self.pick(which, [seat for seat in self.world.seats.values() if seat.is_blocked])
        if seat:
            self.service.lift(seat.person, seat.product)
            self.world.lift(seat.person, seat.product, self.at)

    @rule(which=st.integers(0, 20), said=activities, delivered=st.booleans(), earlier=st.booleans())
    def usage_speaks(self, which: int, said: dict[str, Any], delivered: bool, earlier: bool) -> None:
        """Of the holding that there is, or of none; the fact comes now, or late and then perhaps in another order."""
        known = self.world.seats.values()
        seat = self.pick(which, [seat for seat in known if seat.state == "assigned" or seat.is_blocked])
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
        if not self.behind:
            self.behind = timedelta(hours=hours)
            self.service.clock.move_to(self.at - self.behind)
