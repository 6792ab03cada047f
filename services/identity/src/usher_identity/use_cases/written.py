"""How acts on people are written down: by ids and figures alone."""

from collections.abc import Sequence

from pydantic import JsonValue

from usher_identity.domain.changes import Change
from usher_identity.domain.people import Person
from usher_kit.audit import Act


def about_people(name: str, changes: Sequence[Change[Person]]) -> list[Act]:
    """What was done to people; nothing where nothing differs."""
    return [
        Act(
            name,
            str(change.after.id),
            change.after.tenant_id,
            change.after.org_id,
            person_state(change.before),
            person_state(change.after),
        )
        for change in changes
        if change.is_one
    ]


def person_state(person: Person | None) -> dict[str, JsonValue] | None:
    """A person without their names: that these differ shows in the profile's version."""
    if person is None:
        return None
    return {
        "org_id": str(person.org_id),
        "status": person.status,
        "roles": list[JsonValue](sorted(person.roles.names)),
        "version": person.version,
        "profile_version": person.profile_version,
    }
