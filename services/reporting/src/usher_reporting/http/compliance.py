"""Compliance: who keeps to what they bought, with findings and recommended acts (seats: Compliance)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, TypeAdapter

from usher_contracts.entitlements import Product
from usher_contracts.reporting import ComplianceStatus
from usher_kit.access import Authorized
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, first_page
from usher_kit.runtime import Running
from usher_reporting.http.looking import AtParameter, looking
from usher_reporting.http.places import TEXT, place_in
from usher_reporting.http.reach import OrganizationParameter
from usher_reporting.store.compliance import list_standings

PLACE: TypeAdapter[tuple[UUID, str]] = TypeAdapter(tuple[UUID, Annotated[str, Field(pattern=TEXT)]])

router = APIRouter(tags=["compliance"])


class FindingAnswer(BaseModel):
    """One reason for a status: its figures, how many people it concerns, and the act that mends it."""

    code: str
    figures: dict[str, Any]
    people: int
    act: str


class Compliance(BaseModel):
    """How an organization stands for a product that it licenses, with all whom its pool serves.

    `findings` come in the order in which to act: what is against the license first, then by money saved where a price
    is known, else by seats. `judged_at` is when it last changed.
    """

    org_id: UUID
    organization: str | None
    product: str
    status: ComplianceStatus
    since: datetime
    findings: list[FindingAnswer]
    judged_at: datetime


@router.get("/v1/compliance", dependencies=[scoped("reports:read")])
async def compliance(
    access: Authorized,
    running: Running,
    org_id: OrganizationParameter = None,
    at: AtParameter = None,
    status: Annotated[ComplianceStatus | None, Query()] = None,
    product: Annotated[Product | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Compliance]:
    """Every license of an organization and its units, judged some seconds ago at most."""
    async with looking(access, running, org_id, at) as look:
        found = await list_standings(
            look.conn,
            look.reach.tenants,
            look.reach.units,
            status=status,
            product=product,
            after=place_in(cursor, PLACE, 2),
            limit=limit + 1,
        )
    shown, following = first_page(found, limit, lambda row: [row["org_id"], row["product"]])
    return Page(items=[Compliance.model_validate(dict(row)) for row in shown], next_cursor=following)
