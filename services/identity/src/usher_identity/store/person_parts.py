"""What belongs to a person beside their row, read at once: links, grants of roles, and removals against them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.links import Link
from usher_identity.domain.roles import Grant, HeldRole, Removal, Roles

LOAD = text("""
    select 'link' as part, person_id, source, external_id as name, linked_at as at, standing from person_link
    where person_id = any(cast(:ids as uuid[]))
    union all
    select 'grant', person_id, source, role, since, null from role_grant where person_id = any(cast(:ids as uuid[]))
    union all
    select 'removal', person_id, removed_by, role, removed_at, null from role_removal
    where person_id = any(cast(:ids as uuid[]))
""")


@dataclass(frozen=True, slots=True)
class PersonParts:
    """The parts of people, by the person's id."""

    links: defaultdict[UUID, list[Link]] = field(default_factory=lambda: defaultdict(list))
    grants: defaultdict[UUID, list[Grant]] = field(default_factory=lambda: defaultdict(list))
    removals: defaultdict[UUID, list[Removal]] = field(default_factory=lambda: defaultdict(list))

    def links_of(self, id_: UUID) -> tuple[Link, ...]:
        """A person's links, the oldest first."""
        return tuple(sorted(self.links[id_], key=lambda one: (one.linked_at, one.source, one.external_id)))

    def roles_of(self, id_: UUID, held: tuple[HeldRole, ...]) -> Roles:
        """A person's roles: who gives them, and what was taken, each in order."""
        return Roles(tuple(sorted(self.grants[id_])), tuple(sorted(self.removals[id_])), held)


async def load_parts(conn: AsyncConnection, ids: Sequence[UUID]) -> PersonParts:
    """The parts of these people."""
    parts = PersonParts()
    for row in await conn.execute(LOAD, {"ids": ids}):
        match row.part:
            case "link":
                parts.links[row.person_id].append(Link(row.source, row.name, row.at, row.standing))
            case "grant":
                parts.grants[row.person_id].append(Grant(row.name, row.source, row.at))
            case _:
                parts.removals[row.person_id].append(Removal(row.name, row.at, row.source))
    return parts
