"""License claims: the history of every seat, with reason and cause (guide: Reports → License Claims)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, TypeAdapter

from usher_contracts.entitlements import ClaimKind, Product, SeatReason
from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_kit.runtime import Running
from usher_reporting.http.looking import AtParameter, looking
from usher_reporting.http.places import TEXT, place_in
from usher_reporting.http.reach import OrganizationParameter
from usher_reporting.store.claims import Place, search_claims

PLACE: TypeAdapter[tuple[datetime, UUID, str, int]] = TypeAdapter(tuple[AwareDatetime, UUID, Product, int])

Actor = Annotated[str | None, Query(max_length=300, pattern=TEXT, description="Who did it, such as user:… or system")]
ChangeSet = Annotated[str | None, Query(max_length=300, pattern=TEXT, description="An import or bulk job, by its id")]

router = APIRouter(tags=["claims"])


class Claim(BaseModel):
    """One version of a seat: what happened to whom, when, why and by what; `trace_id` leads to its trace.

    Names are null before their facts arrived. `organization` is the person's at that time. A void line happened, and
    was undone when entitlements' database was restored from a backup: the seat's state does not follow from it.
    """

    at: datetime
    user_id: UUID
    display_name: str | None
    product: str
    org_id: UUID
    organization: str | None
    pool_id: UUID | None
    kind: str
    reason: str
    from_state: str
    state: str
    version: int
    actor: str
    message_id: str
    causation_id: str | None
    correlation_id: str | None
    trace_id: str | None
    changeset: str | None
    is_void: bool


@router.get("/v1/claims", dependencies=[scoped("reports:read")])
async def claims(
    access: Authorized,
    running: Running,
    org_id: OrganizationParameter = None,
    at: AtParameter = None,
    product: Product | None = None,
    user_id: UUID | None = None,
    kind: ClaimKind | None = None,
    reason: SeatReason | None = None,
    actor: Actor = None,
    changeset: ChangeSet = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="The earliest time, included")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="The latest time, excluded")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Claim]:
    """The license history, newest first."""
    filters = {
        "product": product,
        "user_id": user_id,
        "kind": kind,
        "reason": reason,
        "actor": actor,
        "changeset": changeset,
        "since": since,
        "until": until,
    }
    after = place_in(cursor, PLACE, 4)
    async with looking(access, running, org_id, at) as look:
        tenants, units = look.reach.tenants, look.reach.units
        found = await search_claims(
            look.conn, tenants, units, filters, after=Place(*after) if after else None, limit=limit + 1
        )
    shown, following = first_page(found, limit, lambda row: [row[name] for name in Place._fields])
    return Page(items=[Claim(**row) for row in shown], next_cursor=following)
