"""Whose authority an export has: who asked, looked up anew, and what they may see by now."""

from typing import Any
from uuid import UUID

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.access import Access, Caller, find_in_directory
from usher_kit.database import Database
from usher_kit.errors import Forbidden
from usher_kit.machines import ACTS_AS
from usher_reporting.domain.exports import Export, Owner
from usher_reporting.reports.reach import Reach
from usher_reporting.reports.report import Report


def owner_of(caller: Caller) -> Owner:
    """The caller as who asks for an export."""
    if caller.user_id:
        return Owner(caller.tenant_id, caller.user_id)
    scopes = caller.scopes if caller.granted is None else caller.granted
    return Owner(caller.tenant_id, None, caller.client_id, caller.org_id, tuple(sorted(scopes)))


async def caller_of(database: Database, owner: Owner) -> Caller:
    """The owner with the roles of this moment. Raises Forbidden for somebody who is not active any more.

    A machine has the scopes that its token had; that it is there still is asked when it comes for the file.
    """
    if owner.tenant_id is None:
        return Caller(client_id=owner.client_id, scopes=frozenset(owner.scopes))
    if owner.user_id is None:
        granted = frozenset(owner.scopes)
        return Caller(None, owner.tenant_id, owner.org_id, owner.client_id, ACTS_AS, granted=granted)
    async with database.transaction([owner.tenant_id]) as conn:
        holder = await find_in_directory(conn, owner.tenant_id, owner.user_id)
    if holder is None or holder.status != "active":
        raise Forbidden("Who asked for this is not active any more.")
    return Caller(owner.user_id, owner.tenant_id, holder.org_id, None, holder.roles)


def check_scope(caller: Caller, report: Report[Any]) -> None:
    """Raises Forbidden for a machine without the scope that opens the report's own page."""
    if caller.granted is not None and report.scope not in caller.granted:
        raise Forbidden(f"The report {report.name} needs the scope {report.scope}.")


async def access_of(database: Database, export: Export, report: Report[Any]) -> Access:
    """What an export's owner may do now. Raises Forbidden where they may read the report no longer."""
    caller = await caller_of(database, export.owner)
    check_scope(caller, report)
    return Access(database, caller)


def home_of(reach: Reach) -> UUID:
    """The tenant that an export of this reach belongs to: whose rows it holds; the operators' where it is several."""
    return reach.tenants[0] if len(reach.tenants) == 1 else OPERATORS_TENANT
