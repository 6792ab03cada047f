"""Losses: what takes people's access away, told apart from the rest of a change (seats: A guard on mass loss).

A change with a loss is parted: who and where somebody is differs at once; status and roles wait for the guard.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from usher_identity.domain.import_standing import LIVE, leave, say, standing_of, status_after
from usher_identity.domain.incoming import Standing
from usher_identity.domain.people import Person, Status
from usher_identity.domain.refusals import Refusal
from usher_identity.domain.roles import MANUAL

USABLE = frozenset({Status.INVITED, Status.ACTIVE})


@dataclass(frozen=True, slots=True)
class Loss:
    """What one source takes from one person."""

    tenant_id: UUID
    person_id: UUID
    org_id: UUID
    """Where they were when it came."""
    source: str
    """An import's, or `manual`."""
    ref: str = ""
    """The external id by which an import names them."""
    status: str | None = None
    """What they would become; None where they stay what they are."""
    standing: str | None = None
    """What an import says anew of their presence."""
    roles: frozenset[str] = frozenset()
    """The roles that the source gives no more."""
    gains: frozenset[str] = frozenset()
    """The roles that the same change gives: one change is made of it, unless the loss is held."""


class Stale(Exception):
    """A loss that cannot be any more: the person is deleted, or the source does not know them by that id."""


def is_deactivated(before: Person, after: Person) -> bool:
    """Whether somebody who was there is gone, or may do nothing any more."""
    is_gone = before.status in LIVE and after.status not in LIVE
    return is_gone or (before.status in USABLE and after.status not in USABLE)


def loss_between(before: Person, after: Person, source: str, ref: str = "") -> Loss | None:
    """What `after` takes from `before`; None where it takes nothing. Who is not there has nothing to lose."""
    if before.status not in LIVE:
        return None
    status = after.status if is_deactivated(before, after) else None
    if status is None and before.roles.names <= after.roles.names:
        return None
    says = standing_of(after, source, ref)
    standing = says if says != standing_of(before, source, ref) else None
    had, has = (_given(one, source) for one in (before, after))
    return Loss(before.tenant_id, before.id, before.org_id, source, ref, status, standing, had - has, has - had)


def _given(person: Person, source: str) -> frozenset[str]:
    """The roles that are the source's to give; an administrator's word is on all."""
    return person.roles.names if source == MANUAL else person.roles.given_by(source)


def spared(before: Person, after: Person, loss: Loss) -> Person:
    """`after` with status, roles and what the source says of their presence as in `before`, as the loss waits."""
    if loss.standing == Standing.ABSENT:
        return before
    one = replace(after, roles=before.roles)
    if loss.status is not None:
        one = replace(one, status=before.status, status_since=before.status_since)
    if loss.standing is None:
        return one
    return say(one, loss.source, loss.ref, Standing(standing_of(before, loss.source, loss.ref) or Standing.ACTIVE))


def gain(person: Person, loss: Loss, by: str, at: datetime) -> Person:
    """`person` with the roles that came with the loss, which is held: additions pass. Raises Stale."""
    return lose(person, replace(loss, status=None, standing=None, roles=frozenset()), by, at)


def lose(person: Person, loss: Loss, by: str, at: datetime) -> Person:
    """`person` with the loss, by the rules that it would have gone by had it come now. Raises Stale."""
    if person.status == Status.DELETED:
        raise Stale
    if loss.source == MANUAL:
        return _lose_by_hand(person, loss, by, at)
    said = standing_of(person, loss.source, loss.ref)
    if said is None:
        raise Stale
    if loss.standing == Standing.ABSENT:
        after = leave(person, loss.source, loss.ref, at)
        is_erased = loss.status == Status.DELETED and all(one.standing == Standing.ABSENT for one in after.links)
        return after.becoming(Status.DELETED, at) if is_erased else after
    given = (person.roles.given_by(loss.source) | loss.gains) - loss.roles
    after = replace(person, roles=person.roles.from_source(loss.source, given, at))
    if loss.standing is None:
        return after
    standing = Standing(loss.standing)
    status = status_after(person.status, said, standing)
    after = say(after, loss.source, loss.ref, standing)
    return after if status == person.status else replace(after, status=status, status_since=at)


def _lose_by_hand(person: Person, loss: Loss, by: str, at: datetime) -> Person:
    after = replace(person, roles=person.roles.desired((person.roles.names | loss.gains) - loss.roles, by, at))
    if loss.status is None:
        return after
    try:
        return after.becoming(loss.status, at)
    except Refusal as refusal:
        raise Stale from refusal


def keep(person: Person, loss: Loss, by: str, at: datetime) -> Person:
    """`person` after the loss was rejected: the source's word is heard, and what it would take is theirs by hand.

    So the same word, said again, takes nothing. Raises Stale.
    """
    if loss.source == MANUAL:
        return person
    lost = {role for role in loss.roles if person.roles.sources(role) == [loss.source]}
    held = replace(person, roles=person.roles.also_by_hand(lost, at))
    after = lose(held, loss, by, at)
    return replace(after, status=person.status, status_since=person.status_since)
