"""Organizations: a tenant and the units inside it, a tree that never changes its root (seats: Words)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from usher_identity.domain.links import Link, foremost
from usher_identity.domain.refusals import Refusal
from usher_identity.domain.versions import raised


@dataclass(frozen=True, slots=True)
class Organization:
    """A tenant (`parent_id` none, `id` = `tenant_id`) or a unit inside one. Version 0 is not yet saved."""

    tenant_id: UUID
    id: UUID
    parent_id: UUID | None
    name: str
    kind: str
    status: str = "active"
    time_zone: str = "UTC"
    links: tuple[Link, ...] = ()
    version: int = 0

    @property
    def is_root(self) -> bool:
        return self.parent_id is None

    @property
    def external_id(self) -> str | None:
        """The external id that facts carry."""
        return foremost(self.links)

    @property
    def told(self) -> tuple[object, ...]:
        """What `organization.changed` says of it; another version is due when this changes."""
        return (self.parent_id, self.name, self.kind, self.status, self.time_zone, self.external_id)


def moved(unit: Organization, parent_id: UUID, parents: Mapping[UUID, UUID | None]) -> Organization:
    """`unit` under another parent. `parents` is the tenant's whole tree: each organization's parent.

    Raises Refusal for a root, a parent outside the tenant, and a move below itself.
    """
    if parent_id == unit.parent_id:
        return unit
    if unit.is_root:
        raise Refusal("A root organization is a tenant: it stays at the root.", "/parent_id")
    if parent_id not in parents:
        raise Refusal("No such organization in this tenant; a unit moves only within its own.", "/parent_id")
    if is_below(parent_id, unit.id, parents):
        raise Refusal("This would put the organization below itself.", "/parent_id")
    return replace(unit, parent_id=parent_id)


def is_below(unit: UUID, ancestor: UUID, parents: Mapping[UUID, UUID | None]) -> bool:
    """Whether `unit` is `ancestor` or stands anywhere below it."""
    at: UUID | None = unit
    seen: set[UUID] = set()
    while at is not None and at not in seen:
        if at == ancestor:
            return True
        seen.add(at)
        at = parents.get(at)
    return False


def settled(before: Organization | None, after: Organization, epoch: int = 0) -> Organization:
    """`after` with the version that it is due: the one before where facts would say the same."""
    if before is not None and before.told == after.told:
        return replace(after, version=before.version)
    return replace(after, version=raised(before.version if before else 0, epoch))
