"""Transfers: a person asked into another organization, who agrees to it, and what is seen before (seats: Transfer)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from usher_identity.domain.people import GONE, Person
from usher_identity.domain.refusals import AlreadyTaken, NotAllowed, Refusal
from usher_identity.domain.roles import Role


class Direction(StrEnum):
    WITHIN = "within"
    """Both organizations are of the tenant."""
    OUT = "out"
    """The tenant's side of a transfer into another one."""
    IN = "in"
    """The tenant's side of a transfer out of another one."""


class Side(StrEnum):
    SOURCE = "source"
    TARGET = "target"


class TransferState(StrEnum):
    ASKED = "asked"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    """Overtaken: the person or an organization is gone, or the person is elsewhere by now."""


class Verdict(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"


BECOMES = {
    Verdict.APPROVE: TransferState.APPROVED,
    Verdict.REJECT: TransferState.REJECTED,
    Verdict.WITHDRAW: TransferState.WITHDRAWN,
}

LEFT_BEHIND = frozenset({Role.ORG_ADMIN, Role.SYSTEM_ADMIN})
"""Roles of authority do not travel to another tenant: it gives them itself, or not."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Of which of a transfer's two organizations somebody is an administrator."""

    source: bool
    target: bool

    @property
    def both(self) -> bool:
        return self.source and self.target

    @property
    def any(self) -> bool:
        return self.source or self.target

    @property
    def asking(self) -> Side:
        """The side for which they ask, where they are not on both."""
        return Side.SOURCE if self.source else Side.TARGET

    def has(self, side: str) -> bool:
        return self.source if side == Side.SOURCE else self.target


@dataclass(frozen=True, slots=True)
class Card:
    """What an ask carries of a person into another tenant: all that is seen there before it agrees."""

    user_name: str
    display_name: str
    email: str | None
    from_name: str
    """Of the organization that they would leave."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The other tenant's row of a transfer between two."""

    tenant_id: UUID
    id: UUID


@dataclass(frozen=True, slots=True)
class Transfer:
    """One tenant's row of a transfer. `asked_by` and `decided_by` are kept where that was somebody of the tenant, or a
    system administrator. Version 0 is not yet saved.
    """

    tenant_id: UUID
    id: UUID
    direction: str
    user_id: UUID | None
    """None on the side that somebody comes into, until they are invited there."""
    from_org_id: UUID | None
    to_org_id: UUID
    roles: tuple[str, ...]
    """Between tenants, those that the person is to have in the other."""
    asked_side: str
    asked_by: str | None
    asked_at: datetime
    note: str | None = None
    card: Card | None = None
    peer: Peer | None = None
    state: str = TransferState.ASKED
    decided_by: str | None = None
    decided_at: datetime | None = None
    answer: str | None = None
    """The note that came with the decision."""
    version: int = 0

    @property
    def deciding_side(self) -> Side:
        return Side.TARGET if self.asked_side == Side.SOURCE else Side.SOURCE

    def organization(self, side: str) -> UUID | None:
        """The organization on a side, where it is of this tenant."""
        if side == Side.SOURCE:
            return self.from_org_id
        return None if self.direction == Direction.OUT else self.to_org_id

    def shows_person_to(self, sides: Sides) -> bool:
        """Whether somebody may see who it is about: not where they ask for somebody whom they do not administer."""
        return sides.source or self.asked_side == Side.SOURCE or self.state == TransferState.APPROVED


def sides_of(transfer: Transfer, units: Iterable[UUID] | None) -> Sides:
    """The sides of whoever administers these organizations; None is all."""
    if units is None:
        return Sides(source=True, target=True)
    own = frozenset(units)
    return Sides(transfer.organization(Side.SOURCE) in own, transfer.organization(Side.TARGET) in own)


def check_asked_for(person: Person, to_org_id: UUID) -> None:
    """Raises Refusal for who is gone, and for the organization that they are in."""
    if person.org_id == to_org_id:
        raise Refusal("They are in that organization already.", "/org_id")
    if person.status in GONE:
        raise Refusal(f"The person is {person.status}: restore them before a transfer.")


def roles_to_ask(person: Person, wanted: Iterable[str] | None) -> tuple[str, ...]:
    """The roles that a person is to have in another tenant: those wanted, else theirs but for those of authority.

    Raises Refusal for `system_admin`, which no tenant's person has.
    """
    if wanted is None:
        return tuple(sorted(person.roles.names - LEFT_BEHIND))
    if Role.SYSTEM_ADMIN in (roles := frozenset(wanted)):
        raise Refusal("system_admin is for the operators' tenant alone.", "/roles")
    return tuple(sorted(roles))


def check_verdict(transfer: Transfer, verdict: Verdict, sides: Sides) -> None:
    """Raises NotAllowed for the wrong side, AlreadyTaken for a transfer that was decided before."""
    if verdict is Verdict.WITHDRAW and not sides.has(transfer.asked_side):
        raise NotAllowed("Only the side that asked withdraws it; this side approves or rejects it.")
    if verdict is not Verdict.WITHDRAW and not sides.has(transfer.deciding_side):
        raise NotAllowed("An administrator of the other organization decides; this side can withdraw it.")
    if transfer.state != TransferState.ASKED:
        raise AlreadyTaken(f"The transfer is {transfer.state} already.")


def check_still_stands(transfer: Transfer, person: Person | None, living: Iterable[UUID]) -> None:
    """Raises AlreadyTaken for what has lapsed; `living` are organizations that are there.

    `transfer` is the row on the source's side.
    """
    is_there = person is not None and person.status not in GONE and person.org_id == transfer.from_org_id
    if not is_there or not {transfer.from_org_id, transfer.to_org_id} <= frozenset(living):
        raise AlreadyTaken("The transfer has lapsed: the person or an organization is gone, or they are elsewhere now.")


def decided(transfer: Transfer, state: TransferState, by: str | None, at: datetime, answer: str | None) -> Transfer:
    """The transfer with its end. What was carried of the person is needed no more, and goes."""
    return replace(transfer, state=state, decided_by=by, decided_at=at, answer=answer, card=None)
