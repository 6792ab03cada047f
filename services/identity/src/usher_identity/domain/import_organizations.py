"""What a set's organizations change: tenants and units to make and to change, and rows that cannot stand in a tree."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from usher_identity.domain.changes import Change
from usher_identity.domain.incoming import IncomingOrganization, Issue, Severity
from usher_identity.domain.links import Link
from usher_identity.domain.organizations import Organization
from usher_identity.domain.trees import find_cycles

ACTIVE = "active"
ARCHIVED = "archived"


@dataclass(frozen=True, slots=True)
class Place:
    """An organization that people may belong to."""

    tenant_id: UUID
    org_id: UUID


@dataclass(frozen=True, slots=True)
class OrganizationPlan:
    """What to write, parents before their units; where people may belong, by external id; what could not be taken."""

    changes: Sequence[Change[Organization]]
    places: Mapping[str, Place]
    issues: Sequence[Issue]
    unchanged: int


@dataclass(frozen=True, slots=True)
class Rows:
    """A set's rows, told apart by where they stand: on top, below another row, or on a cycle."""

    tops: Sequence[IncomingOrganization]
    """Roots, and rows whose parent is not in the set, as listed."""
    units: Mapping[str, Sequence[IncomingOrganization]]
    """By the parent's external id."""
    cycles: Sequence[Sequence[IncomingOrganization]]

    @classmethod
    def of(cls, rows: Iterable[IncomingOrganization]) -> "Rows":
        """Rows of distinct ids. Some exporters name a root as its own parent: it is a root all the same."""
        listed = {
            row.external_id: replace(row, parent_id=_other(row)) for row in sorted(rows, key=lambda row: row.line)
        }
        cycles = find_cycles({external_id: row.parent_id for external_id, row in listed.items()})
        turning = {external_id for cycle in cycles for external_id in cycle}
        units: dict[str, list[IncomingOrganization]] = defaultdict(list)
        tops = []
        for row in listed.values():
            if row.parent_id in listed and row.external_id not in turning:
                units[row.parent_id].append(row)
            elif row.external_id not in turning:
                tops.append(row)
        return cls(tops, units, [[listed[external_id] for external_id in cycle] for cycle in cycles])


def _other(row: IncomingOrganization) -> str | None:
    return row.parent_id if row.parent_id != row.external_id else None


def plan_organizations(
    rows: Rows,
    known: Sequence[Organization],
    *,
    tenant_id: UUID | None,
    source: str,
    at: datetime,
    new_id: Callable[[], UUID],
    new_tenants: Mapping[str, UUID],
) -> OrganizationPlan:
    """Decide on `rows` beside `known`: all organizations of `tenant_id`, or of each tenant whose root is among the
    rows' tops. Without `tenant_id`, one tenant a root; with it, a second root is an error (interfaces: Imports).

    `new_tenants` has the id that each top would get as a tenant.
    """
    planning = _Planning(known, tenant_id, source, at, new_id, new_tenants)
    planning.take(rows)
    planning.undo_cycles()
    before = planning.before
    pairs = [Change(before.get(after.id), after) for after in planning.after.values()]
    changes = [pair for pair in pairs if pair.is_one]
    return OrganizationPlan(changes, planning.places(), planning.issues, len(pairs) - len(changes))


@dataclass(slots=True)
class _Planning:
    """The work at hand: organizations as they are (`before`), and as the rows would have them (`after`)."""

    known: Sequence[Organization]
    tenant_id: UUID | None
    source: str
    at: datetime
    new_id: Callable[[], UUID]
    new_tenants: Mapping[str, UUID]
    before: dict[UUID, Organization] = field(init=False)
    names: dict[str, list[Organization]] = field(init=False)
    """What is known, by the source's own names for it."""
    after: dict[UUID, Organization] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    taken: dict[str, Organization] = field(default_factory=dict)
    """Organizations that rows became, by external id."""
    rows: dict[UUID, IncomingOrganization] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.before = {organization.id: organization for organization in self.known}
        self.names = defaultdict(list)
        for organization in self.known:
            for link in organization.links:
                if link.source == self.source:
                    self.names[link.external_id].append(organization)

    def take(self, rows: Rows) -> None:
        """Place every row that can be placed: roots first, then rows without their parent, then each unit in turn."""
        for cycle in rows.cycles:
            self.refuse_cycle(cycle)
        roots = self.choose_roots(rows.tops)
        for row in rows.tops:
            if row.external_id not in roots:
                self.take_orphan(row)
        waiting = [*rows.tops, *(row for cycle in rows.cycles for row in cycle)]
        for parent in waiting:
            for row in rows.units.get(parent.external_id, ()):
                self.take_unit(row, parent.external_id)
                waiting.append(row)

    def choose_roots(self, tops: Sequence[IncomingOrganization]) -> set[str]:
        """Take the rows that are tenants' roots; refuse roots that cannot be. Answers with the ids of both."""
        roots = [row for row in tops if row.parent_id is None or self.known_roots(row)]
        if self.tenant_id is None:
            only = list(tops) if len(tops) == 1 else []
            for row in roots or only:
                self.take_tenant(row)
            return {row.external_id for row in roots or only}
        root = next(known for known in self.known if known.is_root)
        chosen = self.choose_root(root, roots)
        for row in roots:
            if row is chosen:
                self.place(row, root.tenant_id, None, root)
            else:
                reason = f"a second root: the tenant's root is {root.name!r}; the organization was not taken"
                self.refuse(row, "parentSourcedId", "second_root", reason)
        return {row.external_id for row in roots}

    def choose_root(self, root: Organization, rows: Sequence[IncomingOrganization]) -> IncomingOrganization | None:
        """The row that is the tenant's root: the one so known, else the one of its name, else the first listed."""
        if any(link.source == self.source for link in root.links):
            return next((row for row in rows if root in self.named(row.external_id)), None)
        fresh = [row for row in rows if not self.named(row.external_id)]
        alike = [row for row in fresh if row.name.casefold() == root.name.casefold()]
        return next(iter((*alike, *fresh)), None)

    def take_tenant(self, row: IncomingOrganization) -> None:
        """A root that is a tenant already, or becomes one."""
        known = self.known_roots(row)
        if len(known) > 1:
            reason = f"several tenants are {row.external_id!r} to this source; say which one the import is for"
            self.refuse(row, "sourcedId", "ambiguous_root", reason)
        elif known:
            self.place(row, known[0].tenant_id, None, known[0])
        elif not row.gone:
            self.place(row, self.new_tenants[row.external_id], None, None)
        if row.parent_id is not None:
            reason = f"its parent {row.parent_id!r} is not in the file; it was taken as a root"
            self.report(row, "parentSourcedId", "unknown_parent", reason, Severity.WARNING)

    def take_orphan(self, row: IncomingOrganization) -> None:
        """A row whose parent is not in the set: under the parent as known from before, else under the only root."""
        parents = self.named(row.parent_id)
        if len(parents) == 1:
            self.take_under(row, parents[0])
            return
        roots = [known for known in (self.after.values() if self.tenant_id is None else self.known) if known.is_root]
        if len(roots) != 1:
            reason = f"its parent {row.parent_id!r} is not in the file; add it, or say which tenant the import is for"
            self.refuse(row, "parentSourcedId", "unknown_parent", f"{reason}; the organization was not taken")
        elif self.take_under(row, roots[0]):
            reason = f"its parent {row.parent_id!r} is not in the file; it was put under {roots[0].name!r}"
            self.report(row, "parentSourcedId", "unknown_parent", reason, Severity.WARNING)

    def take_unit(self, row: IncomingOrganization, parent_id: str) -> None:
        """A row whose parent is in the set: taken where its parent was, or stands from before."""
        known = self.named(parent_id)
        parent = self.taken.get(parent_id) or (known[0] if len(known) == 1 else None)
        if parent is None:
            reason = f"its parent {parent_id!r} was not taken, and so neither was it"
            self.refuse(row, "parentSourcedId", "parent_not_taken", reason)
        else:
            self.take_under(row, parent)

    def take_under(self, row: IncomingOrganization, parent: Organization) -> bool:
        """Place a row below `parent`; whether it was. A tenant's root stays a root, and who is gone is not made."""
        known = next((known for known in self.named(row.external_id) if known.tenant_id == parent.tenant_id), None)
        if known is not None and known.is_root:
            reason = f"{known.name!r} is the tenant's root, and cannot be put under another; the row was not taken"
            self.refuse(row, "parentSourcedId", "root_under_another", reason)
            return False
        if known is None and row.gone:
            return False
        self.place(row, parent.tenant_id, parent.id, known)
        return True

    def place(
        self, row: IncomingOrganization, tenant_id: UUID, parent_id: UUID | None, known: Organization | None
    ) -> None:
        """Make of the row an organization, or of `known` what the row says. A tenant is never archived by a set."""
        id_ = known.id if known else tenant_id if parent_id is None else self.new_id()
        before = known or Organization(tenant_id, id_, parent_id, row.name, row.kind)
        link = Link(self.source, row.external_id, self.at)
        is_linked = any((one.source, one.external_id) == (link.source, link.external_id) for one in before.links)
        after = replace(
            before,
            parent_id=parent_id,
            name=row.name,
            kind=row.kind,
            status=ARCHIVED if row.gone and parent_id is not None else ACTIVE,
            links=before.links if is_linked else (*before.links, link),
        )
        self.after[id_] = self.taken[row.external_id] = after
        self.rows[id_] = row

    def undo_cycles(self) -> None:
        """Keep the old parent wherever the new ones, beside units that the set does not name, would close a cycle."""
        while moved := [id_ for cycle in find_cycles(self.parents()) for id_ in cycle if self.is_moved(id_)]:
            for id_ in moved:
                self.after[id_] = replace(self.after[id_], parent_id=self.before[id_].parent_id)
                reason = "its new parent is below it in the tree; it stays where it is"
                self.report(self.rows[id_], "parentSourcedId", "cycle", reason, Severity.WARNING)

    def parents(self) -> Mapping[UUID, UUID | None]:
        return {id_: one.parent_id for id_, one in (self.before | self.after).items()}

    def is_moved(self, id_: UUID) -> bool:
        before, after = self.before.get(id_), self.after.get(id_)
        return before is not None and after is not None and before.parent_id != after.parent_id

    def refuse_cycle(self, cycle: Sequence[IncomingOrganization]) -> None:
        start = min(range(len(cycle)), key=lambda place: cycle[place].external_id)
        turned = [*cycle[start:], *cycle[: start + 1]]
        way = " → ".join(row.external_id for row in turned[:6]) + (" → …" if len(turned) > 6 else "")  # noqa: PLR2004
        for row in cycle:
            self.refuse(
                row, "parentSourcedId", "cycle", f"organizations are each other's parents: {way}; none was taken"
            )

    def places(self) -> Mapping[str, Place]:
        """Where people may belong: what rows became, and organizations of before that one tenant alone knows."""
        alone = {name: found[0] for name, found in self.names.items() if len(found) == 1}
        return {name: Place(known.tenant_id, known.id) for name, known in (alone | self.taken).items()}

    def named(self, external_id: str | None) -> Sequence[Organization]:
        """What the source calls by this id: one organization a tenant."""
        return self.names.get(external_id or "", ())

    def known_roots(self, row: IncomingOrganization) -> Sequence[Organization]:
        return [known for known in self.named(row.external_id) if known.is_root]

    def refuse(self, row: IncomingOrganization, column: str, code: str, reason: str) -> None:
        self.report(row, column, code, reason, Severity.ERROR)

    def report(self, row: IncomingOrganization, column: str, code: str, reason: str, severity: Severity) -> None:
        self.issues.append(Issue(row.file, row.line, column, code, reason, row.external_id, severity))
