"""The guard on mass loss: whether one source takes too much of an organization at once to believe it (seats)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

SHARE = 20
"""Percent of an organization's people who may lose something at once, where nobody has set another share."""

LEAST = 10
"""Fewer than this may always lose it, whatever their share."""

OFF = 100
"""The share that switches the guard off."""

Parents = Mapping[UUID, UUID | None]


@dataclass(frozen=True, slots=True)
class Share:
    """A share in percent, and the organization that has set it; None for the default."""

    percent: int = SHARE
    set_by: UUID | None = None


@dataclass(frozen=True, slots=True)
class Headcount:
    """The people of an organization and its units, and those of them who would lose something."""

    people: int
    losing: int

    def is_too_many(self, percent: int, *, is_empty: bool = False) -> bool:
        """Whether more than `percent` would lose something. A set without anybody (`is_empty`) is believed in nothing.

        Then a single one is too many: what lists nobody is a sync gone wrong.
        """
        if percent >= OFF or not self.losing:
            return False
        return is_empty or (self.losing >= LEAST and self.losing * 100 > percent * self.people)


@dataclass(frozen=True, slots=True)
class Excess:
    """An organization that would lose too much, and its units with it."""

    org_id: UUID
    heads: Headcount
    percent: int
    units: frozenset[UUID]


def share_of(org: UUID, parents: Parents, shares: Mapping[UUID, int]) -> Share:
    """The share in force: that of the nearest organization that has set one."""
    return next((Share(shares[one], one) for one in _way_up(org, parents) if one in shares), Share())


def find_excess(
    parents: Parents,
    people: Mapping[UUID, int],
    losing: Mapping[UUID, int],
    shares: Mapping[UUID, int],
    *,
    is_empty: bool = False,
) -> list[Excess]:
    """The topmost organizations that would lose too much, the greatest loss first. What they lose is held, all of it.

    `people` and `losing` count those of each unit itself; `shares` is what organizations have set.
    """
    all_people, all_losing = _summed(parents, people), _summed(parents, losing)
    heads = {org: Headcount(all_people[org], count) for org, count in all_losing.items()}
    percents = {org: share_of(org, parents, shares).percent for org in heads}
    too_many = {org for org, head in heads.items() if head.is_too_many(percents[org], is_empty=is_empty)}
    tops = {org for org in too_many if not too_many.intersection(list(_way_up(org, parents))[1:])}
    units = {top: frozenset(org for org in losing if top in _way_up(org, parents)) for top in tops}
    found = [Excess(org, heads[org], percents[org], units[org]) for org in tops]
    return sorted(found, key=lambda one: (-one.heads.losing, one.org_id))


def _summed(parents: Parents, counts: Mapping[UUID, int]) -> Counter[UUID]:
    total: Counter[UUID] = Counter()
    for org, count in counts.items():
        for above in _way_up(org, parents):
            total[above] += count
    return total


def _way_up(org: UUID, parents: Parents) -> Iterator[UUID]:
    at: UUID | None = org
    while at is not None:
        yield at
        at = parents.get(at)
