"""/v1/simulate: who would gain, await, keep or lose a seat, before anything is changed."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Overage, Product, ShrinkPolicy
from usher_contracts.identity import Role, UserStatus
from usher_entitlements.domain.grants import GrantRule
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.http.grant_rules import WantedRule, check_products, check_unique
from usher_entitlements.http.license_terms import Currency, GraceDays, Moment, Price, Seats
from usher_entitlements.http.outcomes import NOT_NEEDED, SHOWN, Outcome, to_outcome
from usher_entitlements.http.settings import known_products, known_tenant
from usher_entitlements.store.people import find_foreign
from usher_entitlements.tables import METADATA
from usher_entitlements.use_cases.simulate import Changes, TermChange, WantedPerson, suppose
from usher_kit.access import Access, Authorized, Scope
from usher_kit.errors import Invalid, NotFound
from usher_kit.ids import new_id
from usher_kit.rehearsal import rehearsal
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1", tags=["simulate"])

MOST_PEOPLE = 100_000


class SupposedPerson(BaseModel):
    """A person as they would be; what is left out stays. Identity's previews (`dry_run`) are of this form."""

    model_config = ConfigDict(extra="ignore")

    user_id: UUID
    org_id: UUID | None = None
    status: UserStatus | None = None
    roles: list[Role] | None = None


class SupposedTerm(BaseModel):
    """With `id` a term that is known, with other values or `end`ed; without it a purchase."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    end: bool = False
    org_id: UUID | None = None
    product: Product | None = None
    seats: Seats | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    grace_days: GraceDays | None = None
    overage: Overage | None = None
    shrink: ShrinkPolicy | None = None
    price_per_seat: Price | None = None
    currency: Currency | None = None


class Supposed(BaseModel):
    """What is supposed of one tenant. It is done in this order: rules, terms, people, then time until `until`."""

    model_config = ConfigDict(extra="forbid")

    org_id: UUID
    grant_rules: Annotated[list[WantedRule] | None, Field(max_length=500)] = None
    terms: Annotated[list[SupposedTerm], Field(max_length=1_000)] = []
    people: Annotated[list[SupposedPerson], Field(max_length=MOST_PEOPLE)] = []
    until: Moment | None = None
    limit: Annotated[int, Field(ge=1, le=SHOWN)] = SHOWN


@router.post("/simulate")
async def simulate(supposed: Supposed, access: Authorized, runtime: Running) -> Outcome:
    """What would become of seats, by the rules that decide in earnest, on the state as it is; nothing is changed.

    For administrators of the organization; only they see, and suppose of, its people and those of its units. Terms can
    be supposed by all of them, though a system administrator alone can make them.
    """
    at = runtime.clock.now()
    async with access.transaction() as conn:
        scope = await access.scope(conn, supposed.org_id, "org_admin")
        tenant_id = await known_tenant(conn, supposed.org_id)
    changes = await to_changes(supposed, tenant_id, access)
    users = [person.user_id for person in supposed.people]
    async with rehearsal(access.database, METADATA, [tenant_id], empty=NOT_NEEDED) as conn:
        await check_people(conn, supposed, scope)
        await suppose(conn, tenant_id, changes, at)
        return await to_outcome(conn, users, scope.units, supposed.limit, changes.until or at)


async def to_changes(supposed: Supposed, tenant_id: UUID, access: Access) -> Changes:
    products = set(await known_products(access))
    rules = None
    if supposed.grant_rules is not None:
        rules = [GrantRule(rule.role, rule.product, rule.priority) for rule in supposed.grant_rules]
        check_unique(rules)
        check_products(rules, products)
    known = [TermChange(term.id, values_of(term), term.end) for term in supposed.terms if term.id]
    bought = [to_term(place, term, tenant_id, products) for place, term in enumerate(supposed.terms) if not term.id]
    people = [WantedPerson(one.user_id, one.org_id, one.status, one.roles) for one in supposed.people]
    return Changes(rules, bought, known, people, supposed.until)


def values_of(term: SupposedTerm) -> dict[str, Any]:
    return term.model_dump(exclude_none=True, exclude={"id", "end", "org_id", "product"})


def to_term(place: int, term: SupposedTerm, tenant_id: UUID, products: set[str]) -> LicenseTerm:
    """A purchase. Raises Invalid where something that every purchase has is left out."""
    for name in ("org_id", "product", "seats", "starts_at", "ends_at"):
        if getattr(term, name) is None:
            raise Invalid(f"A purchase needs {name}.", pointer=f"/terms/{place}/{name}")
    if term.product not in products:
        raise Invalid(f"There is no product {term.product!r}.", pointer=f"/terms/{place}/product")
    return LicenseTerm(tenant_id, new_id(), **term.model_dump(exclude_none=True, exclude={"id", "end"}))


async def check_people(conn: AsyncConnection, supposed: Supposed, scope: Scope) -> None:
    """Raises NotFound for people and organizations that the caller does not administer."""
    users = [person.user_id for person in supposed.people]
    if len(set(users)) < len(users):
        raise Invalid("A person comes twice.", pointer="/people")
    orgs = {person.org_id for person in supposed.people if person.org_id is not None}
    orgs |= {term.org_id for term in supposed.terms if term.org_id is not None}
    foreign = await find_foreign(conn, users, sorted(orgs), scope.units)
    if foreign is not None:
        raise NotFound(f"No such person or organization, or not yours to see: {foreign}.")
