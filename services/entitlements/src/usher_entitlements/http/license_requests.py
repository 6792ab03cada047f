"""/v1/license-requests: an organization asks for more seats, with figures; system administrators answer (guide)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product, RequestState
from usher_contracts.envelope import OPERATORS_TENANT
from usher_entitlements.domain import license_requests as domain
from usher_entitlements.domain.license_requests import Answer, Asker, Hands, RequestAct
from usher_entitlements.http.cursors import read_id
from usher_entitlements.http.notes import Note
from usher_entitlements.http.settings import known_products, known_tenant
from usher_entitlements.store.license_requests import find_request, list_requests
from usher_entitlements.use_cases.license_requests import answer, ask, change, lock_for, not_found, withdraw
from usher_kit.access import Access, Authorized, units_below
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, etag
from usher_kit.errors import Invalid
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, first_page
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/license-requests", tags=["license requests"])

Seats = Annotated[int, Field(ge=1, le=10_000_000, description="So many more than there are.")]


class Figures(BaseModel):
    """The pool that serves the organization, at the moment of asking; zero, and no state, where none does.

    `waitlisted_here` are those of `waitlisted` who are of the organization that asks, or of its units.
    """

    model_config = ConfigDict(from_attributes=True)

    capacity: int
    assigned: int
    available: int
    waitlisted: int
    waitlisted_here: int
    suspended: int
    over_allocated: bool
    license_state: str | None
    ends_at: datetime | None


class LicenseRequest(BaseModel):
    """What an organization asks, and the answer. `answered_by` and `answered_at` are also those of a withdrawal."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    tenant_id: UUID
    org_id: UUID
    pool_id: UUID
    product: str
    seats: int
    note: str | None
    state: RequestState
    figures: Figures
    asked_by: str
    asked_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    answer_note: str | None
    license_term_id: UUID | None
    version: int


class NewRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    org_id: UUID
    product: Product
    seats: Seats
    note: Note | None = None


class RequestChange(BaseModel):
    """What is to be different; what is left out, or null, stays."""

    model_config = ConfigDict(extra="forbid")

    seats: Seats | None = None
    note: Note | None = None


class Verdict(BaseModel):
    """The note says why, to those who asked: needed where it is declined. Of a grant, the term that came of it."""

    model_config = ConfigDict(extra="forbid")

    verdict: Literal["granted", "declined"]
    note: Note | None = None
    license_term_id: UUID | None = None


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[audited("license_request.ask")])
async def create_request(new: NewRequest, access: Authorized, runtime: Running, response: Response) -> LicenseRequest:
    """Ask for more seats: system administrators and the account representative are told, with the figures of now."""
    products = await known_products(access)
    if new.product not in products:
        raise Invalid(f"There is no product {new.product!r}; there are {', '.join(products)}.", pointer="/product")
    async with access.transaction() as conn:
        scope = await access.scope(conn, new.org_id, "org_admin")
        tenant_id = await known_tenant(conn, new.org_id)
    if tenant_id == OPERATORS_TENANT:
        raise Invalid("The operators' tenant has no licenses to ask for.", pointer="/org_id")
    asker = Asker(tenant_id, new.org_id, scope.units or ())
    at = runtime.clock.now()
    async with access.transaction(tenant_id) as conn:
        made = await ask(conn, asker, new.product, new.seats, new.note, at, access.cause())
        await write_down(conn, access, at, "license_request.ask", None, made)
    return to_answer(made, response)


@router.get("", dependencies=[scoped("licenses:read")])
async def get_requests(
    access: Authorized,
    org_id: UUID | None = None,
    product: Annotated[Product | None, Query()] = None,
    state: Annotated[RequestState | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[LicenseRequest]:
    """Requests of an organization and its units, newest first."""
    place = decode_cursor(cursor, 1)
    after = read_id(place[0]) if place else None
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin", "reporter")
        found = await list_requests(conn, (scope.tenants, scope.units), product, state, after, limit + 1)
    shown, following = first_page(found, limit, lambda row: [row.id])
    return Page(items=[LicenseRequest.model_validate(one) for one in shown], next_cursor=following)


@router.get("/{request_id}", dependencies=[scoped("licenses:read")])
async def show_request(request_id: UUID, access: Authorized, response: Response) -> LicenseRequest:
    """One request, with its version as ETag."""
    async with access.transaction() as conn:
        scope = await access.scope(conn, None, "org_admin", "reporter")
        request = await find_request(conn, request_id)
    if request is None or not scope.sees(request.org_id):
        raise not_found()
    return to_answer(request, response)


@router.patch("/{request_id}", dependencies=[audited("license_request.change")])
async def patch_request(
    request_id: UUID,
    wanted: RequestChange,
    access: Authorized,
    runtime: Running,
    response: Response,
    if_match: IfMatch = None,
) -> LicenseRequest:
    """Ask for other seats, or with another note, as long as there is no answer; the figures are those of now."""
    at = runtime.clock.now()
    found, hands = await reach(access, request_id)
    async with access.transaction(found.tenant_id) as conn:
        before = await lock_for(conn, request_id, RequestAct.CHANGE, hands, if_match)
        units = [unit for _, unit in await units_below(conn, before.org_id)]
        asker = Asker(before.tenant_id, before.org_id, units)
        after = await change(conn, before, asker, wanted.seats, wanted.note, at, access.cause())
        if after is not before:
            await write_down(conn, access, at, "license_request.change", before, after)
    return to_answer(after, response)


@router.post("/{request_id}:withdraw", dependencies=[audited("license_request.withdraw")])
async def withdraw_request(
    request_id: UUID, access: Authorized, runtime: Running, response: Response, if_match: IfMatch = None
) -> LicenseRequest:
    """Take back a request that has no answer yet."""
    at = runtime.clock.now()
    found, hands = await reach(access, request_id)
    async with access.transaction(found.tenant_id) as conn:
        before = await lock_for(conn, request_id, RequestAct.WITHDRAW, hands, if_match)
        after = await withdraw(conn, before, at, access.cause())
        await write_down(conn, access, at, "license_request.withdraw", before, after)
    return to_answer(after, response)


@router.post("/{request_id}:answer", dependencies=[audited("license_request.answer")])
async def answer_request(
    request_id: UUID,
    said: Verdict,
    access: Authorized,
    runtime: Running,
    response: Response,
    if_match: IfMatch = None,
) -> LicenseRequest:
    """Grant or decline a request, for system administrators; those who asked are told. It makes no term by itself."""
    at = runtime.clock.now()
    verdict = Answer(domain.RequestState(said.verdict), said.note, said.license_term_id)
    found, hands = await reach(access, request_id)
    async with access.transaction(found.tenant_id) as conn:
        before = await lock_for(conn, request_id, RequestAct.ANSWER, hands, if_match)
        after = await answer(conn, before, verdict, at, access.cause())
        await write_down(conn, access, at, "license_request.answer", before, after)
    return to_answer(after, response)


async def reach(access: Access, request_id: UUID) -> tuple[domain.LicenseRequest, Hands]:
    """A request, and what the caller is to it. Raises NotFound for one of another tenant."""
    async with access.transaction() as conn:
        scope = await access.scope(conn, None, "org_admin")
        request = await find_request(conn, request_id)
    if request is None:
        raise not_found()
    return request, Hands(scope.sees(request.org_id), access.caller.is_system)


def to_answer(request: domain.LicenseRequest, response: Response) -> LicenseRequest:
    response.headers["ETag"] = etag(request.version)
    return LicenseRequest.model_validate(request)


async def write_down(
    conn: AsyncConnection,
    access: Access,
    at: datetime,
    name: str,
    before: domain.LicenseRequest | None,
    after: domain.LicenseRequest,
) -> None:
    was, now = (LicenseRequest.model_validate(one).model_dump(mode="json") if one else None for one in (before, after))
    act = Act(name, str(after.id), after.tenant_id, after.org_id, was, now)
    await record(conn, "entitlements", [act], at=at, cause=access.cause(), address=access.address)
