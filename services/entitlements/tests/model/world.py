"""The model: all of a tenant in plain dicts, decided anew from scratch after whatever happens. Slow and obvious.

It is written from the rules alone (seats), and knows nothing of how the service does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from .lifetimes import due_notice, limit, next_passage, state_at
from .things import ALWAYS, DEFAULT_RULES, PRODUCTS, Person, Rule, Seat, Term, Unit
from .wishes import calls, priority, serving_pool, wanted_since


@dataclass
class World:
    units: dict[UUID, Unit] = field(default_factory=dict)
    people: dict[UUID, Person] = field(default_factory=dict)
    """The latest that was said of each person."""
    decided: dict[UUID, Person] = field(default_factory=dict)
    """Each person as last decided about: who went to a unit that is not known yet stays as they were."""
    rules: list[Rule] = field(default_factory=lambda: list(DEFAULT_RULES))
    terms: dict[UUID, Term] = field(default_factory=dict)
    pools: set[tuple[UUID, str]] = field(default_factory=set)
    """Which organizations have a pool of their own, of which product."""
    seats: dict[tuple[UUID, str], Seat] = field(default_factory=dict)
    told: list[tuple[UUID, datetime, int]] = field(default_factory=list)
    """Every notice: the term, its end then, the threshold."""
    notices: list[tuple[UUID, int]] = field(default_factory=list)
    """Those since the last comparison: the term, the threshold."""
    now: datetime = ALWAYS
    """Time as far as it has come; it never goes back, whatever the clock of who acts."""
    passed: int = 0
    """Moments that time has brought, one after the other."""

    # What happens to it

    def hear_units(self, units: Sequence[Unit], clock: datetime) -> None:
        news = [u for u in units if u.id not in self.units or u.version > self.units[u.id].version]
        placed = [u for u in news if u.id not in self.units or u.parent != self.units[u.id].parent]
        self.units.update({unit.id: unit for unit in sorted(news, key=lambda unit: unit.version)})
        if not placed:
            return
        at = self.pass_time(clock)
        self.settle(at, newcomers=False)
        for person in self.people.values():
            self.take_in(person)
        self.settle(at)

    def hear_people(self, people: Sequence[Person], clock: datetime) -> None:
        at = self.pass_time(clock)
        for person in people:
            if person.id not in self.people or person.version > self.people[person.id].version:
                self.people[person.id] = person
                self.take_in(person)
        self.settle(at)

    def take_in(self, person: Person) -> None:
        """Decide about the person from now on as they are, if their unit is known; who is not active leaves anyway."""
        if not self.is_pending(person.id):
            self.decided[person.id] = person
        elif person.status != "active" and person.id in self.decided:
            self.decided[person.id] = replace(self.decided[person.id], status=person.status)

    def is_pending(self, person: UUID) -> bool:
        return self.people[person].org not in self.units

    def set_rules(self, wanted: Sequence[Rule], clock: datetime) -> None:
        at = self.pass_time(clock)
        known = {(rule.role, rule.product): rule.since for rule in self.rules}
        self.rules = [replace(rule, since=known.get((rule.role, rule.product), clock)) for rule in wanted]
        self.settle(at)

    def buy(self, term: Term, clock: datetime) -> None:
        at = self.pass_time(clock)
        self.terms[term.id] = term
        self.pass_time(at)
        self.settle(at)

    def change(self, term_id: UUID, clock: datetime, **values: Any) -> None:
        at = self.pass_time(clock)
        term = self.terms[term_id]
        changed = replace(term, **values)
        self.terms[term_id] = replace(changed, state=state_at(changed, at))
        self.open_pools()
        self.settle(at, newcomers=False)
        self.pass_time(at)
        self.settle(at)

    def pass_time(self, clock: datetime) -> datetime:
        """Every passage that is due, each in its turn; who comes to want a seat by them is decided about later."""
        so_far, self.now = self.now, max(self.now, clock)
        at = self.now
        while due := [when for term in self.terms.values() if (when := next_passage(term)) and when[0] <= at]:
            moment = min(due)[0]
            for term in self.terms.values():
                if (passage := next_passage(term)) and passage[0] <= moment:
                    term.state = passage[1]
            self.open_pools()
            self.settle(max(moment, so_far), newcomers=False)
            self.passed += 1
        for term in self.terms.values():
            days = due_notice(term, at)
            if days is not None and not any(told[:2] == (term.id, term.ends) and told[2] <= days for told in self.told):
                self.told.append((term.id, term.ends, days))
                self.notices.append((term.id, days))
        return at

    def open_pools(self) -> None:
        """An organization has a pool from the first start of a term of its own."""
        self.pools |= {(term.org, term.product) for term in self.terms.values() if term.state != "scheduled"}

    # What is asked of it

    def terms_of(self, pool: UUID, product: str) -> list[Term]:
        return [term for term in self.terms.values() if (term.org, term.product) == (pool, product)]

    def capacity(self, pool: UUID, product: str) -> int:
        return sum(term.seats for term in self.terms_of(pool, product) if term.counts)

    def capacity_with_grace(self, pool: UUID, product: str) -> int:
        return sum(term.seats for term in self.terms_of(pool, product) if term.keeps)

    def limit(self, pool: UUID, product: str) -> int | None:
        """How far newcomers are seated: capacity and overage."""
        return limit(term for term in self.terms_of(pool, product) if term.counts)

    def limit_with_grace(self, pool: UUID, product: str) -> int | None:
        """How far who has a seat keeps it: capacity with grace, and overage."""
        return limit(term for term in self.terms_of(pool, product) if term.keeps)

    def count(self, pool: UUID, product: str, state: str) -> int:
        return len([seat for seat in self.in_pool(pool, product) if seat.state == state])

    def over_allocated(self, pool: UUID, product: str) -> bool:
        most = self.limit_with_grace(pool, product)
        return most is not None and self.count(pool, product, "assigned") > most

    def in_pool(self, pool: UUID, product: str) -> list[Seat]:
        return [seat for seat in self.seats.values() if seat.is_open and (seat.pool, seat.product) == (pool, product)]

    def waitlist(self, pool: UUID, product: str) -> list[Seat]:
        return self.in_line([seat for seat in self.in_pool(pool, product) if seat.state == "waitlisted"])

    def in_line(self, seats: list[Seat]) -> list[Seat]:
        return sorted(seats, key=lambda seat: seat.place)

    def wants(self, seat: Seat) -> UUID | None:
        """The organization whose pool the person wants this seat of; None when they do not want it.

        While it is not known where they went, they want what they have.
        """
        person = self.decided[seat.person]
        if person.status != "active":
            return None
        if self.is_pending(person.id):
            return seat.pool
        if not calls(person, self.rules, seat.product):
            return None
        return serving_pool(self.units, self.pools, person.org, seat.product)

    # How it is settled

    def settle(self, at: datetime, *, newcomers: bool = True) -> None:
        """Bring every seat in step; without `newcomers`, those alone that are open and still wanted."""
        for product in PRODUCTS:
            self.place(product)
            if newcomers:
                self.let_go(product)
            self.carry(product)
            for pool in [org for org, of in self.pools if of == product]:
                self.suspend(pool, product)
                self.restore(pool, product)
                self.serve(pool, product, at, newcomers=newcomers)

    def seats_of(self, product: str) -> list[Seat]:
        return [self.seats.setdefault((id_, product), Seat(id_, product)) for id_ in self.decided]

    def place(self, product: str) -> None:
        for seat in self.seats_of(product):
            person = self.decided[seat.person]
            if not self.is_pending(person.id) and calls(person, self.rules, product):
                seat.priority = priority(person, self.rules, product)
                seat.wanted_since = wanted_since(person, self.rules, product)

    def let_go(self, product: str) -> None:
        """Who no longer wants their seat leaves it, and so does who went elsewhere themselves, to another pool."""
        for seat in self.seats_of(product):
            wanted, org = self.wants(seat), self.decided[seat.person].org
            if seat.is_open and (wanted is None or (wanted != seat.pool and seat.org != org)):
                self.leave(seat, "released", "released")
            seat.org = org

    def carry(self, product: str) -> None:
        """Where another pool has come to serve a unit, its seats come along."""
        for seat in self.seats_of(product):
            pool = self.wants(seat)
            if seat.is_open and pool not in (None, seat.pool) and seat.org == self.decided[seat.person].org:
                seat.pool = pool
                seat.claims.append("moved")

    def suspend(self, pool: UUID, product: str) -> None:
        if not any(term.keeps for term in self.terms_of(pool, product)):
            for seat in self.in_pool(pool, product):
                if seat.state == "assigned":
                    seat.state = "suspended"
                    seat.claims.append("suspended")

    def restore(self, pool: UUID, product: str) -> None:
        """Once a term counts again, in order of first assignment; beyond the capacity, first in line."""
        if not any(term.counts for term in self.terms_of(pool, product)):
            return
        suspended = [seat for seat in self.in_pool(pool, product) if seat.state == "suspended"]
        for seat in sorted(suspended, key=lambda seat: (seat.assigned_since or ALWAYS, seat.person)):
            if self.has_room(pool, product):
                seat.state = "assigned"
                seat.claims.append("restored")
            else:
                seat.state, seat.assigned_since, seat.first_in_line = "waitlisted", None, True
                seat.claims.append("waitlisted")

    def serve(self, pool: UUID, product: str, at: datetime, *, newcomers: bool) -> None:
        """Seat the first in line while there is room; the others wait."""
        line = [seat for seat in self.waitlist(pool, product) if self.wants(seat) == pool]
        if newcomers:
            closed = [seat for seat in self.seats_of(product) if not seat.is_open]
            line += [seat for seat in closed if self.wants(seat) == pool]
        for seat in self.in_line(line):
            waited = seat.state == "waitlisted"
            seat.pool = pool
            if self.has_room(pool, product):
                seat.state, seat.assigned_since, seat.first_in_line = "assigned", at, False
                seat.claims.append("promoted" if waited else "assigned")
            elif not waited:
                seat.state = "waitlisted"
                seat.claims.append("waitlisted")

    def has_room(self, pool: UUID, product: str) -> bool:
        most = self.limit(pool, product)
        return most is None or self.count(pool, product, "assigned") < most

    def leave(self, seat: Seat, state: str, claim: str) -> None:
        seat.state, seat.pool, seat.assigned_since, seat.first_in_line = state, None, None, False
        seat.claims.append(claim)
