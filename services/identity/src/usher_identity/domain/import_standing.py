"""What a source says of a person's presence, and what it makes of their status (interfaces: Imports).

A source acts on a status only when what it says changes, so that an administrator's archive or suspension stands.
"""

from dataclasses import replace
from datetime import datetime

from usher_identity.domain.incoming import Standing
from usher_identity.domain.people import Person, Status

LIVE = frozenset({Status.INVITED, Status.ACTIVE, Status.SUSPENDED})


def status_after(status: str, said: str | None, says: Standing) -> str:
    """The status of a person whose source `said` one thing (None: nothing yet) and now `says` another.

    An invitation is over once a source lists the person; a suspension is lifted only by the source that made it.
    """
    if said == says or status == Status.DELETED:
        return status
    if says is Standing.ABSENT:
        return Status.ARCHIVED
    was_away = said is None or said == Standing.ABSENT
    if says is Standing.SUSPENDED:
        return Status.SUSPENDED if status in LIVE or was_away else status
    if status == Status.SUSPENDED:
        return Status.ACTIVE if said == Standing.SUSPENDED else status
    return Status.ACTIVE if status == Status.INVITED or was_away else status


def standing_of(person: Person, source: str, external_id: str) -> str | None:
    """What the source last said of the person under this id."""
    return next(
        (link.standing for link in person.links if (link.source, link.external_id) == (source, external_id)), None
    )


def say(person: Person, source: str, external_id: str, standing: Standing) -> Person:
    """`person` with the source's link of this id saying `standing`."""
    links = tuple(
        replace(link, standing=standing) if (link.source, link.external_id) == (source, external_id) else link
        for link in person.links
    )
    return replace(person, links=links)


def leave(person: Person, source: str, external_id: str, at: datetime) -> Person:
    """`person` once the source no longer has them under this id.

    They are archived, unless another link still has them: then merely the roles end that this source gave, if no
    other id of its own names them.
    """
    after = say(person, source, external_id, Standing.ABSENT)
    staying = [link.source for link in after.links if link.standing != Standing.ABSENT]
    if staying:
        roles = after.roles if source in staying else after.roles.from_source(source, (), at)
        return replace(after, roles=roles)
    status = status_after(person.status, standing_of(person, source, external_id), Standing.ABSENT)
    since = person.status_since if status == person.status else at
    return replace(after, status=status, status_since=since)
