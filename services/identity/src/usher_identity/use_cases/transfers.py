"""Transferring people at once, and asking for it: within a tenant, and between two (seats: Transfer)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.organizations import Organization
from usher_identity.domain.people import Person
from usher_identity.domain.refusals import AlreadyTaken
from usher_identity.domain.transfers import (
    Card,
    Direction,
    Peer,
    Side,
    Transfer,
    TransferState,
    check_asked_for,
    decided,
    roles_to_ask,
)
from usher_identity.store.organizations import load_organizations, lock_trees
from usher_identity.store.people import load_people
from usher_identity.store.transfers import find_open
from usher_identity.use_cases.people import NewPerson, PersonChanges, change_people, create_people, recorded
from usher_identity.use_cases.recording import Expect
from usher_identity.use_cases.recording_transfers import Doing, record_transfers, write_down
from usher_identity.use_cases.written import about_people
from usher_kit.ids import new_id

MOVE = "user.transfer"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. `roles` and `user_name` are for another tenant; None leaves the person's own."""

    to: Organization
    note: str | None = None
    roles: frozenset[str] | None = None
    user_name: str | None = None


async def move_person(
    conn: AsyncConnection, person: Person, to_org_id: UUID, doing: Doing, expect: Expect[Person]
) -> Change[Person]:
    """Move a person within their tenant, as the one act that it is.

    Raises Refusal for who is gone or there already, once they are locked.
    """

    def expect_movable(one: Person) -> None:
        expect(one)
        check_asked_for(one, to_org_id)

    changes = PersonChanges(org_id=to_org_id)
    [changed] = await change_people(conn, person.tenant_id, {person.id: changes}, doing.act, expect_movable)
    await write_down(conn, about_people(MOVE, [changed]), doing)
    return changed


async def ask(
    conn: AsyncConnection, user_id: UUID, wish: Wish, side: Side, doing: Doing, expect: Expect[Person]
) -> Transfer:
    """Ask for a transfer; between tenants the other one gets a row of its own with what the ask carries.

    Raises Refusal for who is gone or there already, AlreadyTaken where one is asked for already.
    """
    person = await lock_person(conn, user_id, wish.to.tenant_id)
    expect(person)
    check_asked_for(person, wish.to.id)
    if (known := await find_open(conn, person.tenant_id, person.id)) is not None:
        raise AlreadyTaken(f"A transfer of this person is asked for already, as {known}: decide on it, or withdraw it.")
    rows = await rows_of(conn, person, wish, side, doing)
    return (await record_transfers(conn, "transfer.ask", [Change(None, one) for one in rows], doing))[0]


async def lock_person(conn: AsyncConnection, user_id: UUID, *tenants: UUID) -> Person:
    """A person who was just seen, locked after their tenant's tree and those of `tenants`."""
    tenant_id = (await load_people(conn, [user_id]))[user_id].tenant_id
    await lock_trees(conn, {tenant_id, *tenants})
    return (await load_people(conn, [user_id], for_update=True))[user_id]


async def rows_of(conn: AsyncConnection, person: Person, wish: Wish, side: Side, doing: Doing) -> list[Transfer]:
    """The rows of a transfer: the person's own tenant's first, then the other's where there is one."""
    own = Transfer(
        tenant_id=person.tenant_id,
        id=new_id(),
        direction=Direction.WITHIN,
        user_id=person.id,
        from_org_id=person.org_id,
        to_org_id=wish.to.id,
        roles=tuple(sorted(person.roles.names)),
        asked_side=side,
        asked_by=doing.actor,
        asked_at=doing.act.at,
        note=wish.note,
    )
    if wish.to.tenant_id == person.tenant_id:
        return [own]
    there, roles = Peer(wish.to.tenant_id, new_id()), roles_to_ask(person, wish.roles)
    left = (await load_organizations(conn, [person.org_id]))[person.org_id]
    card = Card(wish.user_name or person.user_name, person.display_name, person.email, left.name)
    other = replace(
        own,
        tenant_id=there.tenant_id,
        id=there.id,
        direction=Direction.IN,
        user_id=None,
        from_org_id=None,
        roles=roles,
        asked_by=doing.actor if doing.names_itself_to(there.tenant_id) else None,
        card=card,
        peer=Peer(own.tenant_id, own.id),
    )
    return [replace(own, direction=Direction.OUT, roles=roles, peer=there), other]


async def transfer_between(
    conn: AsyncConnection, user_id: UUID, wish: Wish, doing: Doing, expect: Expect[Person]
) -> Person:
    """Close a person in their tenant and invite them in another, at once, for who administers both.

    Answers the person who is invited. Raises Refusal for who is gone, AlreadyTaken for a user name that is taken there.
    """
    person = await lock_person(conn, user_id, wish.to.tenant_id)
    expect(person)
    check_asked_for(person, wish.to.id)
    out, into = await rows_of(conn, person, wish, Side.SOURCE, doing)
    return await carry_over(conn, "transfer.approve", [Change(None, out), Change(None, into)], person, None, doing)


async def carry_over(
    conn: AsyncConnection,
    name: str,
    rows: Iterable[Change[Transfer]],
    person: Person,
    answer: str | None,
    doing: Doing,
) -> Person:
    """Do what two tenants have agreed on. `rows` are the source's and the target's, both locked or new."""
    out, into = rows
    new = await invite(conn, into.after, doing)
    closed = Change(person, person.closed(out.after.id, doing.act.at))
    gone = await recorded(conn, [closed], doing.in_tenant(person.tenant_id))
    await write_down(conn, about_people(MOVE, gone), doing)
    ended = [Change(one.before, end(one.after, TransferState.APPROVED, answer, doing)) for one in (out, into)]
    ended[1] = Change(into.before, replace(ended[1].after, user_id=new.id))
    await record_transfers(conn, name, ended, doing)
    return new


async def invite(conn: AsyncConnection, into: Transfer, doing: Doing) -> Person:
    """The person as the other tenant begins to know them, by what the transfer carried. Raises AlreadyTaken."""
    assert into.card is not None  # noqa: S101 (it is kept until the transfer ends)
    new = NewPerson(
        new_id(),
        into.to_org_id,
        into.card.user_name,
        into.card.display_name,
        into.card.email,
        status="invited",
        roles=frozenset(into.roles),
    )
    act = doing.in_tenant(into.tenant_id)
    created = await create_people(conn, into.tenant_id, [new], by_system=doing.home is None, act=act)
    await write_down(conn, about_people(MOVE, created), doing)
    return created[0].after


def end(transfer: Transfer, state: TransferState, answer: str | None, doing: Doing) -> Transfer:
    """The transfer with its end, in the name of who may be named to its tenant."""
    by = doing.actor if doing.names_itself_to(transfer.tenant_id) else None
    return decided(transfer, state, by, doing.act.at, answer)


def draft(person: Person, wish: Wish, doing: Doing) -> tuple[Person, Person | None]:
    """The person as a transfer would leave them, and as another tenant would begin to know them."""
    if wish.to.tenant_id == person.tenant_id:
        return person.moved(wish.to.id), None
    roles = frozenset(roles_to_ask(person, wish.roles))
    name = wish.user_name or person.user_name
    new = NewPerson(new_id(), wish.to.id, name, person.display_name, person.email, status="invited", roles=roles)
    return person.closed(new.id, doing.act.at), new.begun(wish.to.tenant_id, doing.act)
