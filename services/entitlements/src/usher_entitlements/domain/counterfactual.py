"""Counterfactuals: the least change that would seat a person, found by the allocation function (seats: Why)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from usher_entitlements.domain.allocation import Room, Want, seats_short
from usher_entitlements.domain.grants import Rules, want
from usher_entitlements.domain.people import ACTIVE
from usher_entitlements.domain.standing import Standing
from usher_entitlements.domain.terms import LicenseTerm, TermState


class Act(StrEnum):
    """What somebody would do."""

    CREATE_USER = "create_user"
    ACTIVATE_USER = "activate_user"
    GRANT_ROLE = "grant_role"
    LIFT_BLOCK = "lift_block"
    BUY_TERM = "buy_term"
    START_TERM = "start_term"
    RENEW_TERM = "renew_term"
    ADD_SEATS = "add_seats"


@dataclass(frozen=True, slots=True)
class Step:
    """One act. `seats` are further ones for `add_seats`, and the least size of the term for `renew_term`."""

    act: Act
    role: str | None = None
    term_id: UUID | None = None
    pool_id: UUID | None = None
    seats: int | None = None


@dataclass(frozen=True, slots=True)
class _Way:
    role: str | None
    steps: Sequence[Step]

    @property
    def seats(self) -> int:
        return sum(step.seats or 0 for step in self.steps)


def least_change(standing: Standing, at: datetime) -> Sequence[Step]:
    """The acts that together would seat the person at `at`, in the order in which they would be done."""
    place = _own_place(standing, at)
    ways = [_Way(None, _licensing(standing, place))] if place else _ways_by_role(standing, at)
    if not ways:
        return []
    best = min(ways, key=lambda way: way.seats)
    return [*_becoming_active(standing), *_wanting(standing, best.role), *best.steps]


def _wanting(standing: Standing, role: str | None) -> Sequence[Step]:
    """A role that is given now lifts a block, too."""
    if role:
        return [Step(Act.GRANT_ROLE, role=role)]
    return [Step(Act.LIFT_BLOCK)] if standing.seat and standing.seat.blocked_since else []


def _becoming_active(standing: Standing) -> Sequence[Step]:
    if standing.person is None:
        return [Step(Act.CREATE_USER)]
    return [] if standing.person.is_active else [Step(Act.ACTIVATE_USER)]


def _own_place(standing: Standing, at: datetime) -> Want | None:
    """The place that the person has, or would have with the roles that they hold."""
    if standing.seat_state.is_open and standing.seat:
        return standing.seat.want
    person = standing.person
    if person is None:
        return None
    active = person if person.is_active else replace(person, status=ACTIVE, status_since=at)
    lifted_at = standing.seat.lifted_at if standing.seat else None
    if standing.seat and standing.seat.blocked_since:
        lifted_at = at
    return want(active, standing.called_by, lifted_at)


def _ways_by_role(standing: Standing, at: datetime) -> Sequence[_Way]:
    """The way by each role that would call, the one that calls for least beside the product first."""
    person, by_role = standing.person, standing.rules.get(standing.product, {})
    roles = sorted(by_role, key=lambda role: (_reach(standing.rules, role), role))
    if person is None:
        return [_Way(role, []) for role in roles]  # Which pool will serve who is not known, nobody can tell.
    return [_Way(role, _licensing(standing, Want(person.id, at, by_role[role].priority))) for role in roles]


def _reach(rules: Rules, role: str) -> int:
    return sum(role in by_role for by_role in rules.values())


def _licensing(standing: Standing, place: Want) -> Sequence[Step]:
    """What the license lacks for somebody at `place`."""
    pool = standing.pool
    if pool is None:
        return _opening(standing.terms)
    line = [*standing.line, place]
    if pool.license.state.counts:
        short = seats_short(pool.room_with, line, place.user_id)
        return [Step(Act.ADD_SEATS, pool_id=pool.id, seats=short)] if short else []
    # A renewal serves those who hold seats in grace first, then the line from its start.
    seats = seats_short(lambda size: Room.of(size, pool.assigned), line, place.user_id)
    own = [term for term in standing.terms if term.org_id == pool.org_id]
    return [Step(Act.RENEW_TERM, term_id=_last(own).id, pool_id=pool.id, seats=seats)]


def _opening(terms: Sequence[LicenseTerm]) -> Sequence[Step]:
    scheduled = [term for term in terms if term.state is TermState.SCHEDULED]
    if scheduled:
        return [Step(Act.START_TERM, term_id=min(scheduled, key=lambda term: (term.starts_at, term.id)).id)]
    if terms:
        return [Step(Act.RENEW_TERM, term_id=_last(terms).id)]
    return [Step(Act.BUY_TERM)]


def _last(terms: Sequence[LicenseTerm]) -> LicenseTerm:
    return max(terms, key=lambda term: (term.ends_at, term.id))
