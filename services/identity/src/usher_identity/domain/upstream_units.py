"""A tenant's organizations as an upstream sees them: by its own names, and no further than where it may act."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from usher_identity.domain.import_organizations import Place
from usher_identity.domain.links import Link
from usher_identity.domain.organizations import Organization, is_below, moved
from usher_identity.domain.refusals import Refusal
from usher_identity.domain.upstreams import Upstream


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as an upstream says it, whole."""

    external_id: str
    name: str
    kind: str
    parent_external_id: str | None
    """None: the organization below which the upstream acts."""
    time_zone: str | None


class Units:
    """What is there, and what the commands of a batch make of it."""

    def __init__(self, organizations: Iterable[Organization], upstream: Upstream) -> None:
        self.upstream = upstream
        self.by_id = {one.id: one for one in organizations}
        self.parents = {one.id: one.parent_id for one in self.by_id.values()}
        self._own: dict[str, UUID] = {}
        self._others: dict[str, set[UUID]] = defaultdict(set)
        for one in self.by_id.values():
            for link in one.links:
                if link.source == upstream.name:
                    self._own[link.external_id] = one.id
                else:
                    self._others[link.external_id].add(one.id)

    def serves(self, org_id: UUID) -> bool:
        """Whether the upstream may act there."""
        return is_below(org_id, self.upstream.org_id, self.parents)

    def find(self, external_id: str) -> Organization:
        """The organization that the upstream, or else one other source, knows by this id.

        That for which the upstream acts goes by its id here as well.
        Raises Refusal for one that is not known, or where the upstream may not act.
        """
        others = self._others.get(external_id, set())
        itself = self.upstream.org_id if external_id == str(self.upstream.org_id) else None
        id_ = self._own.get(external_id) or itself or (next(iter(others)) if len(others) == 1 else None)
        if id_ is None:
            raise Refusal(f"organization {external_id!r} is not known")
        if not self.serves(id_):
            raise Refusal(f"organization {external_id!r} is not below the one that this upstream acts for")
        return self.by_id[id_]

    def knows(self, external_id: str) -> bool:
        """Whether `find` finds it."""
        try:
            self.find(external_id)
        except Refusal:
            return False
        return True

    def place(self, external_id: str) -> Place:
        """As `find`."""
        found = self.find(external_id)
        return Place(found.tenant_id, found.id)

    @property
    def home(self) -> Place:
        """Where somebody belongs of whom the upstream does not say it."""
        return Place(self.upstream.tenant_id, self.upstream.org_id)

    def put(self, unit: Unit, id_: UUID, at: datetime) -> Organization:
        """Make a unit, or change it. Raises Refusal for a parent that is not known, and for what no tree allows."""
        parent = self.find(unit.parent_external_id) if unit.parent_external_id else self.by_id[self.upstream.org_id]
        known = self._own.get(unit.external_id)
        if known is None:
            link = Link(self.upstream.name, unit.external_id, at)
            zone = unit.time_zone or parent.time_zone
            made = Organization(parent.tenant_id, id_, parent.id, unit.name, unit.kind, time_zone=zone, links=(link,))
        else:
            before = self.find(unit.external_id)
            named = replace(before, name=unit.name, kind=unit.kind, time_zone=unit.time_zone or before.time_zone)
            made = named if before.id == self.upstream.org_id else moved(named, parent.id, self.parents)
        self.by_id[made.id] = made
        self.parents[made.id] = made.parent_id
        self._own[unit.external_id] = made.id
        return made
