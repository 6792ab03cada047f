"""The tree of organizations: which pool serves each unit (seats: Words, pool)."""

from collections.abc import Iterator, Mapping
from uuid import UUID

Parents = Mapping[UUID, UUID | None]
"""Each known organization's parent; None for a root."""


def ancestors(org_id: UUID, parents: Parents) -> Iterator[UUID]:
    """The organization and those above it, the nearest first.

    One that is not known yet ends the way up, and so does a cycle: of the facts of a move, half may have arrived.
    """
    seen: set[UUID] = set()
    here: UUID | None = org_id
    while here is not None and here not in seen:
        yield here
        seen.add(here)
        here = parents.get(here)


def serve(parents: Parents, own: Mapping[tuple[UUID, str], UUID]) -> dict[tuple[UUID, str], UUID]:
    """The pool that serves each (organization, product): its own, else that of its nearest ancestor that has one."""
    products = {product for _, product in own}
    found: dict[tuple[UUID, str], UUID] = {}
    for org_id in parents:
        line = list(ancestors(org_id, parents))
        for product in products:
            pool = next((own[unit, product] for unit in line if (unit, product) in own), None)
            if pool is not None:
                found[org_id, product] = pool
    return found
