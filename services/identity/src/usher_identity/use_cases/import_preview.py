"""What a dry run of an import foresees: who would differ, as they would be, by the rules that would make it so."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.changes import Change
from usher_identity.domain.import_plan import PersonChange
from usher_identity.domain.losses import Loss, gain, lose
from usher_identity.domain.organizations import Organization
from usher_identity.domain.people import Foreseen, Person
from usher_identity.store.people import load_people
from usher_identity.use_cases.guarding import do_each
from usher_identity.use_cases.recording import Act

PART = 1_000
"""People read at once."""


@dataclass(slots=True)
class Foresight:
    """What the batches of a dry run have come to so far."""

    changes: dict[UUID, Change[Person]] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)

    def add(self, changes: Iterable[PersonChange], losses: Iterable[Loss]) -> None:
        """What one batch would do at once, and what it would take."""
        for one in changes:
            earlier = self.changes.get(one.after.id)
            self.changes[one.after.id] = Change(earlier.before if earlier else one.before, one.after)
        self.losses += losses

    async def settled(self, conn: AsyncConnection, held: Collection[UUID], act: Act) -> list[Person]:
        """Who would differ for others, once the losses of all units but those `held` are taken."""
        unread = sorted({loss.person_id for loss in self.losses} - self.changes.keys())
        for start in range(0, len(unread), PART):
            found = await load_people(conn, unread[start : start + PART])
            self.changes |= {id_: Change(person, person) for id_, person in found.items()}
        people = {id_: change.after for id_, change in self.changes.items()}
        done = do_each(people, [(one, gain if one.org_id in held else lose) for one in self.losses], act)
        people |= {change.after.id: change.after for _, change in done if change}
        was = {id_: change.before for id_, change in self.changes.items()}
        return [person for id_, person in people.items() if (told := was[id_]) is None or told.told != person.told]


def foreseen(people: Iterable[Person], made: Sequence[Change[Organization]]) -> list[Foreseen]:
    """People as a simulation takes them.

    Who would be in an organization that the import makes stands in the nearest one above it that is known: its pools
    would serve them. Those of a tenant that the import makes are left out, since no license serves them yet.
    """
    above = {change.after.id: change.after.parent_id for change in made if change.before is None}
    placed = [(person, known_place(person.org_id, above)) for person in people]
    return [
        Foreseen(person.tenant_id, person.id, org_id, person.status, tuple(sorted(person.roles.names)))
        for person, org_id in placed
        if org_id is not None
    ]


def known_place(org_id: UUID | None, above: Mapping[UUID, UUID | None]) -> UUID | None:
    """The nearest organization, from this one up, that is there already."""
    while org_id is not None and org_id in above:
        org_id = above[org_id]
    return org_id
