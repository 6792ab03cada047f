"""Erasing one person by hand: whoever is archived, and nobody else, since there is no way back."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.people import Person, Status
from usher_identity.domain.refusals import NotAllowed
from usher_identity.domain.roles import Role
from usher_identity.store.organizations import lock_trees
from usher_identity.store.people import load_people
from usher_identity.use_cases.people import recorded
from usher_identity.use_cases.recording import Act, Expect
from usher_kit.errors import Conflict


def check_erasable(person: Person, *, by_system: bool) -> None:
    """Raises Conflict for who is not archived, NotAllowed for a system administrator whom another one has to erase."""
    if Role.SYSTEM_ADMIN in person.roles.names and not by_system:
        raise NotAllowed("Only a system administrator erases one.")
    if person.status not in (Status.ARCHIVED, Status.DELETED):
        raise Conflict(f"The person is {person.status}: archive them first. Erasing takes names and roles for ever.")


async def erase_person(
    conn: AsyncConnection, tenant_id: UUID, user_id: UUID, *, by_system: bool, act: Act, expect: Expect[Person]
) -> Change[Person]:
    """Erase a person of a tenant that the transaction sees; who is erased already stays as they are.

    Raises as `check_erasable` and `expect` do.
    """
    await lock_trees(conn, [tenant_id])
    before = (await load_people(conn, [user_id], for_update=True))[user_id]
    if before.status == Status.DELETED:
        return Change(before, before)
    expect(before)
    check_erasable(before, by_system=by_system)
    [change] = await recorded(conn, [Change(before, before.becoming(Status.DELETED, act.at))], act)
    return change
