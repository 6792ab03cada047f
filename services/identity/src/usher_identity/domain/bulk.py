"""Acts on many people: what each row of a bulk job asks of one person, and what comes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from usher_identity.domain.authority import check_grants
from usher_identity.domain.losses import Loss, loss_between, spared
from usher_identity.domain.people import Person, Status
from usher_identity.domain.refusals import NotAllowed, Refusal
from usher_identity.domain.roles import MANUAL, Role


class BulkAct(StrEnum):
    ADD_ROLES = "add_roles"
    REMOVE_ROLES = "remove_roles"
    SET_ROLES = "set_roles"
    TRANSFER = "transfer"
    ARCHIVE = "archive"
    DELETE = "delete"
    RESTORE = "restore"


class RowOutcome(StrEnum):
    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    STAGED = "staged"
    """What it takes waits for the guard; then it is done or held."""
    HELD = "held"


ASK = "ask for each person with `usher users transfer`, or at /v1/users/{id}:transfer"

ROLES = frozenset(str(role) for role in Role)


@dataclass(frozen=True, slots=True)
class Row:
    """One row as it was written; `user` and `org` are an id or another name."""

    number: int
    user: str
    act: str
    roles: tuple[str, ...] = ()
    org: str | None = None


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row."""

    number: int
    outcome: RowOutcome
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A row once it is known whom and what it names."""

    number: int
    person_id: UUID
    act: BulkAct
    roles: frozenset[str] = frozenset()
    org_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """Whom somebody may change: everybody (`units` none) or the people of these units."""

    by: str
    is_system: bool
    units: frozenset[UUID] | None
    tenants: Mapping[UUID, UUID]
    """The tenant of each organization that people may be moved to."""
    operators: UUID
    """The tenant in which system administrators live."""

    def sees(self, org_id: UUID) -> bool:
        return self.units is None or org_id in self.units


@dataclass(frozen=True, slots=True)
class Taken:
    """One person after their rows: `after` is done at once, `loss` waits for the guard, `wanted` is both."""

    before: Person
    after: Person
    wanted: Person
    loss: Loss | None
    results: tuple[RowResult, ...]


def refused(number: int, code: str, reason: str) -> RowResult:
    return RowResult(number, RowOutcome.REFUSED, code, reason)


def read_row(row: Row, people: Sequence[UUID], organizations: Sequence[UUID]) -> Task | RowResult:
    """What a row asks, with those whom its names fit; or why it cannot be taken."""
    if (flaw := _flaw(row) or _flaw_of_names(row, people, organizations)) is not None:
        return refused(row.number, *flaw)
    org_id = organizations[0] if row.act == BulkAct.TRANSFER else None
    return Task(row.number, people[0], BulkAct(row.act), frozenset(row.roles), org_id)


def _flaw(row: Row) -> tuple[str, str] | None:
    if row.act not in set(BulkAct):
        return "unknown_act", f"{row.act!r} is no act; acts are {', '.join(BulkAct)}"
    if unknown := sorted(set(row.roles) - ROLES):
        return "unknown_role", f"{', '.join(unknown)} is no role; roles are {', '.join(Role)}"
    if row.act in (BulkAct.ADD_ROLES, BulkAct.REMOVE_ROLES) and not row.roles:
        return "no_role", "the row names no role"
    return None


def _flaw_of_names(row: Row, people: Sequence[UUID], organizations: Sequence[UUID]) -> tuple[str, str] | None:
    if not people:
        return "unknown_user", "no such person is yours to change"
    if len(people) > 1:
        return "ambiguous_user", "more than one person is known by that name; give the id"
    if row.act == BulkAct.TRANSFER and not organizations:
        return "unknown_org", f"no such organization is yours; if it is another's, {ASK}"
    if row.act == BulkAct.TRANSFER and len(organizations) > 1:
        return "ambiguous_org", "more than one organization has that name; give the id"
    return None


def take_tasks(person: Person, tasks: Sequence[Task], authority: Authority, at: datetime) -> Taken:
    """One person's rows, in their order, each by what those before it made of them."""
    now, results, taking = person, list[RowResult](), set[int]()
    for task in tasks:
        try:
            after = take_task(now, task, authority, at)
        except Refusal as refusal:
            code = "not_allowed" if isinstance(refusal, NotAllowed) else "not_possible"
            results.append(refused(task.number, code, refusal.detail))
            continue
        is_same = after.told == now.told
        results.append(RowResult(task.number, RowOutcome.UNCHANGED if is_same else RowOutcome.DONE))
        if loss_between(now, after, MANUAL):
            taking.add(task.number)
        now = after
    loss = loss_between(person, now, MANUAL)
    if loss is None:
        return Taken(person, now, now, None, tuple(results))
    staged = [replace(one, outcome=RowOutcome.STAGED) if one.number in taking else one for one in results]
    return Taken(person, spared_by_hand(person, now, loss), now, loss, tuple(staged))


def spared_by_hand(before: Person, after: Person, loss: Loss) -> Person:
    """`after` without its loss; of who is deleted nothing is, since their names go with them."""
    return before if loss.status == Status.DELETED else spared(before, after, loss)


def take_task(person: Person, task: Task, authority: Authority, at: datetime) -> Person:
    """The person after one row. Raises Refusal, or NotAllowed."""
    if not authority.sees(person.org_id):
        raise NotAllowed("They are not in an organization of yours.")
    if person.status == Status.DELETED:
        raise Refusal("The person is deleted.")
    return ACTS[task.act](person, task, authority, at)


def _set_roles(person: Person, task: Task, authority: Authority, at: datetime) -> Person:
    had = person.roles.names
    wanted = {
        BulkAct.ADD_ROLES: had | task.roles,
        BulkAct.REMOVE_ROLES: had - task.roles,
        BulkAct.SET_ROLES: task.roles,
    }[task.act]
    is_operator = person.tenant_id == authority.operators
    check_grants(had, wanted, by_system=authority.is_system, is_operator=is_operator)
    return person if wanted == had else replace(person, roles=person.roles.desired(wanted, authority.by, at))


def _transfer(person: Person, task: Task, authority: Authority, _: datetime) -> Person:
    if task.org_id is None or not authority.sees(task.org_id):
        raise NotAllowed(f"That organization is not yours: {ASK}.")
    if authority.tenants.get(task.org_id) != person.tenant_id:
        raise Refusal(f"That organization is of another tenant: {ASK}.")
    return person.moved(task.org_id)


def _archive(person: Person, _: Task, authority: Authority, at: datetime) -> Person:
    _check_operator(person, authority)
    return person.becoming(Status.ARCHIVED, at)


def _delete(person: Person, _: Task, authority: Authority, at: datetime) -> Person:
    _check_operator(person, authority)
    return person.becoming(Status.DELETED, at)


def _restore(person: Person, _: Task, authority: Authority, at: datetime) -> Person:
    _check_operator(person, authority)
    is_away = person.status in (Status.ARCHIVED, Status.SUSPENDED)
    return person.becoming(Status.ACTIVE, at) if is_away else person


def _check_operator(person: Person, authority: Authority) -> None:
    if Role.SYSTEM_ADMIN in person.roles.names and not authority.is_system:
        raise NotAllowed("Only a system administrator archives, deletes or restores one.")


ACTS: Mapping[BulkAct, Callable[[Person, Task, Authority, datetime], Person]] = {
    BulkAct.ADD_ROLES: _set_roles,
    BulkAct.REMOVE_ROLES: _set_roles,
    BulkAct.SET_ROLES: _set_roles,
    BulkAct.TRANSFER: _transfer,
    BulkAct.ARCHIVE: _archive,
    BulkAct.DELETE: _delete,
    BulkAct.RESTORE: _restore,
}
