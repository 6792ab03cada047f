"""Who is gone from a full set, and whether they are too many to believe it (seats: A guard on mass loss)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

SHARE = 20
"""Percent of an organization's people that one set may archive at most."""

LEAST = 10
"""Fewer than this may always be archived, whatever their share."""


@dataclass(frozen=True, slots=True)
class Headcount:
    """People of an organization and its units who are not archived, and those of them whom a set would archive."""

    people: int
    leaving: int

    @property
    def is_too_many(self) -> bool:
        return self.leaving >= LEAST and self.leaving * 100 > SHARE * self.people


def count_heads(
    parents: Mapping[UUID, UUID | None], people: Mapping[UUID, int], leaving: Mapping[UUID, int]
) -> Mapping[UUID, Headcount]:
    """Each organization's heads, its units' included. `people` and `leaving` count those of each unit itself."""
    all_people, all_leaving = _summed(parents, people), _summed(parents, leaving)
    return {org: Headcount(all_people[org], count) for org, count in all_leaving.items()}


def _summed(parents: Mapping[UUID, UUID | None], counts: Mapping[UUID, int]) -> Counter[UUID]:
    total: Counter[UUID] = Counter()
    for org, count in counts.items():
        for above in _way_up(org, parents):
            total[above] += count
    return total


def _way_up(org: UUID, parents: Mapping[UUID, UUID | None]) -> Iterable[UUID]:
    at: UUID | None = org
    while at is not None:
        yield at
        at = parents.get(at)


def find_too_many(heads: Mapping[UUID, Headcount]) -> list[tuple[UUID, Headcount]]:
    """Organizations that would lose too many people at once, the largest loss first. Any of them holds up all."""
    found = [(org, head) for org, head in heads.items() if head.is_too_many]
    return sorted(found, key=lambda one: (-one[1].leaving, one[0]))
