"""The model: all of a tenant in plain dicts, decided anew from scratch after whatever happens. Slow and obvious.

It is written from the rules alone (seats), and knows nothing of how the service does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, TypeGuard
from uuid import UUID

from . import lifetimes, wishes
from .lifetimes import next_passage, state_at
from .settling import settle, take_excess
from .things import ALWAYS, DEFAULT_RULES, Activity, Person, Rule, Seat, Term, Unit


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
    """Which organizations have ever had a pool of their own, of which product."""
    seats: dict[tuple[UUID, str], Seat] = field(default_factory=dict)
    activities: dict[tuple[UUID, str], Activity] = field(default_factory=dict)
    notice_days: dict[tuple[UUID, str], list[int]] = field(default_factory=dict)
    """What organizations have set, by product."""
    told: list[tuple[UUID, datetime, int]] = field(default_factory=list)
    """Every notice: the term, its end then, the threshold."""
    now: datetime = ALWAYS
    """Time as far as it has come; it never goes back, whatever the clock of who acts."""
    passed: int = 0
    """Moments that time has brought, one after the other."""

    # What it hears

    def hear_units(self, units: Sequence[Unit], clock: datetime) -> None:
        news = [u for u in units if u.id not in self.units or u.version > self.units[u.id].version]
        placed = [u for u in news if u.id not in self.units or u.parent != self.units[u.id].parent]
        self.units.update({unit.id: unit for unit in sorted(news, key=lambda unit: unit.version)})
        if not placed:
            return
        at = self.pass_time(clock)
        settle(self, at, newcomers=False)
        for person in self.people.values():
            self.take_in(person)
        settle(self, at)

    def hear_people(self, people: Sequence[Person], clock: datetime) -> None:
        at = self.pass_time(clock)
        for person in people:
            if person.id not in self.people or person.version > self.people[person.id].version:
                self.people[person.id] = person
                self.take_in(person)
        settle(self, at)

    def take_in(self, person: Person) -> None:
        """Decide about the person from now on as they are, if their unit is known; who is not active leaves anyway."""
        if not self.is_pending(person.id):
            self.decided[person.id] = person
        elif person.status != "active" and person.id in self.decided:
            self.decided[person.id] = replace(self.decided[person.id], status=person.status, roles=person.roles)

    def hear_activities(self, said: Sequence[Activity], clock: datetime) -> None:
        """A login, or a wish to keep the seat, gives back what was reclaimed, if it moves the reclaim out of sight."""
        at = self.pass_time(clock)
        for now in sorted(said, key=lambda one: one.version):
            key = (now.person, now.product)
            before, seat = self.activities.get(key), self.seats.get(key)
            if before and before.version >= now.version:
                continue
            self.activities[key] = now
            if seat is None or seat.block != "reclaimed" or seat.blocked_at is None or seat.given_back_at is not None:
                continue
            if now.reclaim_due and now.reclaim_due <= seat.blocked_at:
                continue
            if is_later(now.login, before.login if before else None):
                self.unblock(seat, max(now.login, seat.blocked_at), first=now.login < seat.blocked_at)
            elif is_later(now.kept_until, before.kept_until if before else None) and now.kept_until > seat.blocked_at:
                self.unblock(seat, seat.blocked_at, first=True)
        settle(self, at)

    # What administrators do

    def set_rules(self, wanted: Sequence[Rule], clock: datetime) -> None:
        at = self.pass_time(clock)
        known = {(rule.role, rule.product): rule.since for rule in self.rules}
        self.rules = [replace(rule, since=known.get((rule.role, rule.product), clock)) for rule in wanted]
        settle(self, at)

    def buy(self, term: Term, clock: datetime) -> None:
        at = self.pass_time(clock)
        self.put_into_force(term, at)

    def change(self, term_id: UUID, clock: datetime, **values: Any) -> None:
        at = self.pass_time(clock)
        self.put_into_force(replace(self.terms[term_id], **values), at)

    def put_into_force(self, term: Term, at: datetime) -> None:
        self.terms[term.id] = term
        term.state = state_at(term, at, self.terms.values())
        self.open_pools()
        settle(self, at, newcomers=False)
        self.pass_time(at)
        settle(self, at)

    def end(self, term_id: UUID, clock: datetime) -> None:
        at = self.pass_time(clock)
        self.terms[term_id].state, self.terms[term_id].ended_at = "ended", at
        settle(self, at, newcomers=False)
        self.pass_time(at)
        settle(self, at)

    def withhold(self, person: UUID, product: str, clock: datetime) -> None:
        at, seat = self.pass_time(clock), self.seats[person, product]
        seat.becomes("withheld", "withheld", at)
        self.block(seat, "withheld", at)
        settle(self, at)

    def lift(self, person: UUID, product: str, clock: datetime) -> None:
        at, seat = self.pass_time(clock), self.seats[person, product]
        self.unblock(seat, at, first=False)
        settle(self, at)

    def block(self, seat: Seat, block: str, at: datetime) -> None:
        """From now on: a role that calls by then is none that is given later, whoever's clock is ahead."""
        held = wishes.held_since(self.decided[seat.person], self.rules, seat.product)
        seat.block, seat.blocked_at = block, max([at, *held])
        seat.given_back_at = seat.lifted_at = None

    def unblock(self, seat: Seat, at: datetime, *, first: bool) -> None:
        seat.given_back_at, seat.lifted_at = at, min(at, seat.lifted_at or at)
        if first and seat.state not in ("assigned", "suspended"):
            seat.first_in_line = True

    def put_first(self, pool: UUID, product: str, people: Sequence[UUID], clock: datetime) -> None:
        self.pass_time(clock)
        for seat in self.waitlist(pool, product):
            seat.order = people.index(seat.person) + 1 if seat.person in people else None

    def release_excess(self, pool: UUID, product: str, policy: str, clock: datetime) -> None:
        at = self.pass_time(clock)
        take_excess(self, pool, product, policy, at)
        settle(self, at)

    def set_notice_days(self, org: UUID, product: str, days: list[int] | None, clock: datetime) -> None:
        self.pass_time(clock)
        self.notice_days.pop((org, product), None)
        if days is not None:
            self.notice_days[org, product] = days

    # What time does

    def pass_time(self, clock: datetime) -> datetime:
        """Every passage that is due, each in its turn; who comes to want a seat by them is decided about later."""
        so_far, self.now = self.now, max(self.now, clock)
        at = self.now
        terms = list(self.terms.values())
        while due := [when for term in terms if (when := next_passage(term, terms)) and when[0] <= at]:
            moment = min(due)[0]
            moved = [(term, when[1]) for term in terms if (when := next_passage(term, terms)) and when[0] <= moment]
            for term, state in moved:
                term.state = state
            self.open_pools()
            settle(self, max(moment, so_far), newcomers=False)
            self.passed += 1
        return at

    def reclaim(self, clock: datetime) -> None:
        """At least an hour after it is due, only who holds a seat and has not used it, nor asked to keep it."""
        at = self.pass_time(clock)
        for key, said in self.activities.items():
            seat = self.seats.get(key)
            if seat is None or seat.state != "assigned" or said.activity not in ("inactive", "never_used"):
                continue
            if said.assigned_since not in (None, seat.assigned_since) or said.reclaim_due is None:
                continue
            if max(said.reclaim_due, seat.since) + timedelta(hours=1) > at:
                continue
            if said.kept_until is None or said.kept_until <= at:
                seat.becomes("released", "released", at)
                seat.is_reclaimed = True
                self.block(seat, "reclaimed", at)
        settle(self, at)

    def tell_notices(self, at: datetime) -> list[tuple[UUID, int]]:
        """The notices that are due, each once for a term, its end and a threshold; of several the latest."""
        news = []
        for term in self.terms.values():
            days = lifetimes.due_notice(term, at, self.days_of(term))
            earlier = [told for id_, ends, told in self.told if (id_, ends) == (term.id, term.ends)]
            if days is not None and all(days < told for told in earlier):
                self.told.append((term.id, term.ends, days))
                news.append((term.id, days))
        return news

    def days_of(self, term: Term) -> list[int]:
        """What the nearest organization above has set."""
        for unit in wishes.way_up(self.units, term.org):
            if (unit, term.product) in self.notice_days:
                return self.notice_days[unit, term.product]
        return list(lifetimes.NOTICE_DAYS)

    def open_pools(self) -> None:
        """An organization has a pool from the first start of a term of its own."""
        self.pools |= {(term.org, term.product) for term in self.terms.values() if term.has_begun}

    # What is asked of it

    def is_pending(self, person: UUID) -> bool:
        return self.people[person].org not in self.units

    def terms_of(self, pool: UUID, product: str) -> list[Term]:
        return [term for term in self.terms.values() if (term.org, term.product) == (pool, product)]

    def own_pools(self) -> list[tuple[UUID, str]]:
        """The pools that serve anybody: all but those whose last term was ended."""
        return [(org, product) for org, product in self.pools if not lifetimes.has_ended(self.terms_of(org, product))]

    def capacity(self, pool: UUID, product: str) -> int:
        return sum(term.seats for term in self.terms_of(pool, product) if term.counts)

    def capacity_with_grace(self, pool: UUID, product: str) -> int:
        return sum(term.seats for term in self.terms_of(pool, product) if term.keeps)

    def limit(self, pool: UUID, product: str) -> int | None:
        """How far newcomers are seated: capacity and overage."""
        return lifetimes.limit(term for term in self.terms_of(pool, product) if term.counts)

    def limit_with_grace(self, pool: UUID, product: str) -> int | None:
        """How far who has a seat keeps it: capacity with grace, and overage."""
        return lifetimes.limit(term for term in self.terms_of(pool, product) if term.keeps)

    def has_room(self, pool: UUID, product: str) -> bool:
        most = self.limit(pool, product)
        return most is None or len(self.in_state("assigned", pool, product)) < most

    def excess(self, pool: UUID, product: str) -> int:
        """Seats held beyond what may be kept: the pool is over-allocated by so many."""
        most = self.limit_with_grace(pool, product)
        return 0 if most is None else max(0, len(self.in_state("assigned", pool, product)) - most)

    def in_state(self, state: str, pool: UUID, product: str) -> list[Seat]:
        return [s for s in self.seats.values() if (s.state, s.pool, s.product) == (state, pool, product)]

    def waitlist(self, pool: UUID, product: str) -> list[Seat]:
        return sorted(self.in_state("waitlisted", pool, product), key=lambda seat: seat.place)

    def wants(self, seat: Seat) -> UUID | None:
        """The organization whose pool the person wants this seat of; None when they do not want it.

        While it is not known where they went, they want what they have.
        """
        person = self.decided[seat.person]
        if person.status != "active" or seat.is_blocked:
            return None
        if self.is_pending(person.id):
            return seat.pool
        if not wishes.calls(person, self.rules, seat.product):
            return None
        return wishes.serving_pool(self.units, self.own_pools(), person.org, seat.product)


def is_later(now: datetime | None, before: datetime | None) -> TypeGuard[datetime]:
    return now is not None and (before is None or now > before)
