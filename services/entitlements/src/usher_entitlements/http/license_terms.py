"""/v1/license-terms: purchases of seats; only a system administrator makes or changes them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Overage, Product, ShrinkPolicy, TermState
from usher_contracts.envelope import OPERATORS_TENANT
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.http.cursors import read_id, read_moment
from usher_entitlements.store.lists import find_tenant, list_terms
from usher_entitlements.store.products import list_products
from usher_entitlements.time_passing import follow_change
from usher_entitlements.use_cases.license_terms import buy_term, change_term, end_term, get_term
from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.conditional import IfMatch, etag
from usher_kit.errors import Invalid, NotFound
from usher_kit.ids import new_id
from usher_kit.machines import scoped
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, first_page
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1/license-terms", tags=["license terms"])

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def within_reason(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError("a license term lies between the years 2000 and 2200")
    return at.astimezone(UTC)


Seats = Annotated[int, Field(ge=0, le=10_000_000)]
Moment = Annotated[AwareDatetime, AfterValidator(within_reason)]
GraceDays = Annotated[int, Field(ge=0, le=365)]
Price = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Term(BaseModel):
    """A term and its state. `expires_at` is the end of the grace period."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    tenant_id: UUID
    org_id: UUID
    product: str
    seats: int
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime
    grace_days: int
    overage: str
    shrink: str
    price_per_seat: Decimal | None
    currency: str | None
    ended_at: datetime | None
    state: TermState
    version: int


class NewTerm(BaseModel):
    """A purchase. One that has begun already takes effect at once."""

    model_config = ConfigDict(extra="forbid")

    org_id: UUID
    product: Product
    seats: Seats
    starts_at: Moment
    ends_at: Moment
    grace_days: GraceDays = 0
    overage: Overage = "block"
    shrink: ShrinkPolicy = "keep"
    price_per_seat: Price | None = None
    currency: Currency | None = None


class TermChange(BaseModel):
    """What is to be different."""

    model_config = ConfigDict(extra="forbid")

    seats: Seats | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    grace_days: GraceDays | None = None
    overage: Overage | None = None
    shrink: ShrinkPolicy | None = None
    price_per_seat: Price | None = None
    currency: Currency | None = None


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[audited("license_term.create")])
async def create_term(
    new: NewTerm,
    access: Authorized,
    runtime: Running,
    response: Response,
) -> Term:
    """Enter a purchase; one that has begun already takes effect at once."""
    access.require_system()
    at = runtime.clock.now()
    tenant_id = await place_of(access, new)
    async with access.transaction(tenant_id) as conn:
        term = await buy_term(conn, LicenseTerm(tenant_id, new_id(), **new.model_dump()), at, access.cause())
        await write_down(conn, access, at, "license_term.create", None, term)
    follow_change(runtime)
    response.headers["ETag"] = etag(term.version)
    return Term.model_validate(term)


@router.get("", dependencies=[scoped("licenses:read")])
async def get_terms(
    access: Authorized,
    org_id: UUID | None = None,
    product: Annotated[Product | None, Query()] = None,
    state: Annotated[TermState | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[Term]:
    """Terms of an organization and its units, by their end."""
    place = decode_cursor(cursor, 2)
    after = (read_moment(place[0]), read_id(place[1])) if place else None
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin", "reporter")
        terms = await list_terms(conn, (scope.tenants, scope.units), product, state, after, limit + 1)
    shown, following = first_page(terms, limit, lambda row: [row.ends_at, row.id])
    return Page(items=[Term.model_validate(term) for term in shown], next_cursor=following)


@router.get("/{term_id}", dependencies=[scoped("licenses:read")])
async def show_term(term_id: UUID, access: Authorized, response: Response) -> Term:
    """One term, with its version as ETag."""
    async with access.transaction() as conn:
        scope = await access.scope(conn, None, "org_admin", "reporter")
        term = await get_term(conn, term_id)
    if not scope.sees(term.org_id):
        raise NotFound("No such license term, or it is not yours to see.")
    response.headers["ETag"] = etag(term.version)
    return Term.model_validate(term)


@router.patch("/{term_id}", dependencies=[audited("license_term.change")])
async def patch_term(
    term_id: UUID,
    change: TermChange,
    access: Authorized,
    runtime: Running,
    response: Response,
    if_match: IfMatch = None,
) -> Term:
    """Change a term that is not over; who waits is seated at once as far as there is room."""
    access.require_system()
    at = runtime.clock.now()
    async with access.transaction() as conn:
        before = await get_term(conn, term_id)
        term = await change_term(conn, term_id, wanted(change), if_match, at, access.cause())
        if term.version != before.version:
            await write_down(conn, access, at, "license_term.change", before, term)
    follow_change(runtime)
    response.headers["ETag"] = etag(term.version)
    return Term.model_validate(term)


@router.post("/{term_id}:end", dependencies=[audited("license_term.end")])
async def end(
    term_id: UUID, access: Authorized, runtime: Running, response: Response, if_match: IfMatch = None
) -> Term:
    """End a term now. With an organization's last one its own pool ends, and its people draw on the one above."""
    access.require_system()
    at = runtime.clock.now()
    async with access.transaction() as conn:
        before = await get_term(conn, term_id)
        term = await end_term(conn, term_id, if_match, at, access.cause())
        await write_down(conn, access, at, "license_term.end", before, term)
    follow_change(runtime)
    response.headers["ETag"] = etag(term.version)
    return Term.model_validate(term)


async def place_of(access: Access, new: NewTerm) -> UUID:
    """The tenant that buys. Raises NotFound for an organization, Invalid for a product that there is not."""
    async with access.database.transaction([OPERATORS_TENANT]) as conn:
        known = {one.product for one in await list_products(conn)}
    if new.product not in known:
        raise Invalid(f"There is no product {new.product!r}; there are {', '.join(sorted(known))}.", pointer="/product")
    async with access.transaction() as conn:
        tenant_id = await find_tenant(conn, new.org_id)
    if tenant_id is None:
        raise NotFound(f"No organization {new.org_id} is known here; one that was just made comes within moments.")
    if tenant_id == OPERATORS_TENANT:
        raise Invalid("The operators' tenant has no license terms.", pointer="/org_id")
    return tenant_id


def wanted(change: TermChange) -> dict[str, Any]:
    """The values that were sent. Raises Invalid for a null where a value is needed."""
    values = change.model_dump(exclude_unset=True)
    for name, value in values.items():
        if value is None and name not in ("price_per_seat", "currency"):
            raise Invalid(f"{name} can't be null; leave it out to keep it.", pointer=f"/{name}")
    return values


async def write_down(
    conn: AsyncConnection, access: Access, at: datetime, name: str, before: LicenseTerm | None, after: LicenseTerm
) -> None:
    was, now = (Term.model_validate(term).model_dump(mode="json") if term else None for term in (before, after))
    act = Act(name, str(after.id), after.tenant_id, after.org_id, was, now)
    await record(conn, "entitlements", [act], at=at, cause=access.cause(), address=access.address)
