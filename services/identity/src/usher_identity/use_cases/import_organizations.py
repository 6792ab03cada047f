"""Taking a set's organizations: all of them in one transaction, since a tree changes whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.import_organizations import OrganizationPlan, Rows, plan_organizations
from usher_identity.domain.jobs import Job
from usher_identity.store.organizations import load_tenant_organizations, lock_trees
from usher_identity.use_cases.recording import Act, record_organizations
from usher_kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Tenants:
    """The tenants that a set is about: those that are, and the ids of those that its roots may become."""

    known: Sequence[UUID]
    new: Mapping[str, UUID]

    @property
    def all(self) -> list[UUID]:
        return sorted({*self.known, *self.new.values()})


async def take_organizations(
    conn: AsyncConnection, job: Job, rows: Rows, tenants: Tenants, act: Act
) -> OrganizationPlan:
    """Plan the set's organizations and write what differs, unless it is a dry run."""
    await lock_trees(conn, tenants.known)
    known = [one for tenant in tenants.known for one in (await load_tenant_organizations(conn, tenant)).values()]
    plan = plan_organizations(
        rows,
        known,
        tenant_id=job.target_id,
        source=job.source,
        at=act.at,
        new_id=new_id,
        new_tenants=tenants.new,
    )
    if not job.is_dry_run:
        await record_organizations(conn, plan.changes, act)
    return plan
