"""/v1/audit: administrative acts of all services, done and refused, newest first."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, JsonValue, TypeAdapter

from usher_contracts.audit import AuditOutcome
from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_reporting.http.places import TEXT, place_in
from usher_reporting.http.reach import OrganizationParameter, reach_of
from usher_reporting.reports.audit import to_entry
from usher_reporting.store.audit_search import Place, search_audit

PLACE: TypeAdapter[tuple[datetime, UUID, int]] = TypeAdapter(tuple[AwareDatetime, UUID, int])
Word = Annotated[str | None, Query(max_length=300, pattern=TEXT)]

router = APIRouter(tags=["audit"])


class AuditEntry(BaseModel):
    """One act, as the text says that `hash` covers: who did what to what, from which state to which, and from where.

    `reason` is the slug of a refusal, or the note that came with the act. `position` is its place in the tenant's log.
    Where the text is no act any more, somebody has changed it behind the service's back: `is_readable` is false, and
    what is told is what the entry is searched by. `usher audit verify` says what else was changed.
    """

    tenant_id: UUID
    position: int
    at: datetime
    service: str
    actor: str
    act: str
    target: str
    org_id: UUID | None
    organization: str | None
    outcome: str
    reason: str | None
    before: dict[str, JsonValue] | None
    after: dict[str, JsonValue] | None
    address: str | None
    event_id: str
    causation_id: str | None
    correlation_id: str | None
    changeset: str | None
    trace_id: str | None
    hash: str
    is_readable: bool = True


@router.get("/v1/audit", dependencies=[scoped("audit:read")])
async def audit(
    access: Authorized,
    org_id: OrganizationParameter = None,
    actor: Word = None,
    act: Word = None,
    target: Word = None,
    outcome: AuditOutcome | None = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="The earliest time, included")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="The latest time, excluded")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[AuditEntry]:
    """Acts in an organization and its units, newest first."""
    filters = {"actor": actor, "act": act, "target": target, "outcome": outcome, "since": since, "until": until}
    after = place_in(cursor, PLACE, 3)
    async with access.transaction() as conn:
        reach = await reach_of(access, conn, org_id)
        found = await search_audit(
            conn, reach.tenants, reach.units, filters, after=Place(*after) if after else None, limit=limit + 1
        )
    shown, following = first_page(found, limit, lambda row: [row["at"].isoformat(), row["tenant_id"], row["position"]])
    return Page(items=[AuditEntry(**to_entry(row)) for row in shown], next_cursor=following)
