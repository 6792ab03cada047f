"""How far a report may look: the organization asked about, its tenants, and its units."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.access import Access

ROLES = ("org_admin", "reporter")
IS_ROOT = text("select true from organization where tenant_id = cast(:org as uuid) and id = cast(:org as uuid)")


@dataclass(frozen=True, slots=True)
class Reach:
    """`org_id` is null for all tenants together, `units` where whole tenants are seen."""

    org_id: UUID | None
    tenants: Sequence[UUID]
    units: Sequence[UUID] | None

    def covers(self, tenants: Sequence[UUID], units: Sequence[UUID] | None) -> bool:
        """Whether all of these tenants, or of these units of them, is within reach."""
        if not set(tenants) <= set(self.tenants):
            return False
        return self.units is None or (units is not None and set(units) <= set(self.units))


async def reach_of(access: Access, conn: AsyncConnection, org_id: UUID | None) -> Reach:
    """The caller's reach: their own organization unless they ask for another; for a system administrator everything.

    Raises Forbidden without a role that reads reports, NotFound for what is not theirs to see.
    """
    caller = access.caller
    own = None if caller.is_system else caller.org_id
    asked = org_id or own
    # A tenant's id is its root's, and whoever sees the root sees the tenant whole: no walk through its tree is needed.
    if asked is not None and (caller.is_system or asked == caller.tenant_id == own):
        access.require_role(*ROLES)
        if await conn.scalar(IS_ROOT, {"org": asked}):
            return Reach(asked, [asked], None)
    scope = await access.scope(conn, org_id, *ROLES)
    units = None if scope.units is None or set(scope.tenants).intersection(scope.units) else scope.units
    return Reach(asked, scope.tenants, units)
