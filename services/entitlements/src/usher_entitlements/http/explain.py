"""/v1/explain: why a person has, or has not, the use of a product, with evidence and what would change it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.entitlements import Product
from usher_entitlements.domain.expectation import expect
from usher_entitlements.domain.explanation import Code, explain
from usher_entitlements.domain.explanation import Explanation as Explained
from usher_entitlements.domain.grants import DEFAULT_RULES, by_product, rule_id
from usher_entitlements.domain.people import Person
from usher_entitlements.domain.standing import Standing
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.http.waitlists import pace_of
from usher_entitlements.http.words import step_in_words, to_words
from usher_entitlements.store.lists import find_evidence
from usher_entitlements.store.people import find_person
from usher_entitlements.store.standings import load_standing
from usher_kit.access import Access, Authorized
from usher_kit.machines import scoped
from usher_kit.runtime import Running

router = APIRouter(prefix="/v1", tags=["explain"])


class SeatNow(BaseModel):
    """The person's seat as it is. `since` is when its state began."""

    model_config = ConfigDict(from_attributes=True)

    state: str
    reason: str
    since: datetime
    assigned_since: datetime | None
    wanted_since: datetime
    priority: int
    version: int


class PoolNow(BaseModel):
    """The pool that serves the person, with its figures as they are."""

    id: UUID
    org_id: UUID
    license_state: str
    capacity: int
    capacity_with_grace: int
    overage_seats: int | None
    assigned: int
    waitlisted: int
    suspended: int
    over_allocated: bool


class TermNow(BaseModel):
    """The term of that pool that ends last."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    org_id: UUID
    state: str
    seats: int
    starts_at: datetime
    ends_at: datetime
    expires_at: datetime


class Evidence(BaseModel):
    """What the answer rests on. `pool_then` are the pool's figures as the seat's last decision left them.

    `message_id` is of the message that led to the decision, null for an act over HTTP; `trace_id` of either's trace.
    """

    user_version: int | None
    status: str | None
    role: str | None
    rule_id: UUID | None
    seat: SeatNow | None
    pool: PoolNow | None
    pool_then: dict[str, Any] | None
    term: TermNow | None
    message_id: str | None
    trace_id: str | None
    actor: str | None
    note: str | None
    decided_at: datetime | None


class StepAnswer(BaseModel):
    """One act. `seats` are further ones for `add_seats`, and the least size of the term for `renew_term`."""

    act: str
    words: str
    role: str | None
    term_id: UUID | None
    pool_id: UUID | None
    seats: int | None


class Counterfactual(BaseModel):
    """The least change that would seat the person, as acts in their order, and in words."""

    words: str
    steps: list[StepAnswer]


class Explanation(BaseModel):
    user_id: UUID
    product: str
    code: Code
    allowed: bool
    words: str
    position: int | None
    expected_at: datetime | None
    until: datetime | None
    evidence: Evidence
    counterfactual: Counterfactual | None


@router.get("/explain", dependencies=[scoped("seats:read")])
async def explain_seat(
    access: Authorized,
    runtime: Running,
    user_id: UUID,
    product: Annotated[Product, Query()],
    user_version: Annotated[int | None, Query(ge=0, lt=2**53)] = None,
) -> Explanation:
    """Why: one's own seats, or those of people of the caller's organization.

    With `user_version`, the version of the person that the caller has from identity, the answer is
    `change_in_progress` until it has arrived here.
    """
    async with access.transaction() as conn:
        person = await visible_person(conn, access, user_id)
        standing = (
            await load_standing(conn, person, product) if person else Standing(product, by_product(DEFAULT_RULES))
        )
        decided = await find_evidence(conn, person.tenant_id, user_id, product) if person else {}
        at = runtime.clock.now()
        explained = explain(standing, at, user_version=user_version)
        expected = await expectation(conn, standing, explained.position, at)
    return Explanation(
        user_id=user_id,
        product=product,
        code=explained.code,
        allowed=explained.code.allows,
        words=to_words(explained, standing, decided.get("note")),
        position=explained.position,
        expected_at=expected,
        until=explained.until,
        evidence=to_evidence(standing, decided),
        counterfactual=to_counterfactual(explained, product),
    )


async def expectation(conn: AsyncConnection, standing: Standing, position: int | None, at: datetime) -> datetime | None:
    """When one who waits can expect a seat; None for everybody else, and where nobody can tell."""
    pool = standing.pool
    if pool is None or position is None:
        return None
    own = [term for term in standing.terms if term.org_id == pool.org_id]
    return expect(pool, own, position, await pace_of(conn, pool, at), at)


async def visible_person(conn: AsyncConnection, access: Access, user_id: UUID) -> Person | None:
    """The person, or None where there is none that the caller may see. Raises Forbidden for who may see nobody else."""
    person = await find_person(conn, user_id)
    if user_id == access.caller.user_id:
        return person
    scope = await access.scope(conn, None, "org_admin", "reporter")
    return person if person is not None and scope.sees(person.org_id) else None


def to_evidence(standing: Standing, decided: dict[str, Any]) -> Evidence:
    person, seat, pool, calling = standing.person, standing.seat, standing.pool, standing.called_by
    role = calling[0].role if calling else None
    return Evidence(
        user_version=person.version if person else None,
        status=person.status if person else None,
        role=role,
        rule_id=rule_id(person.tenant_id, role, standing.product) if person and role else None,
        seat=SeatNow.model_validate(seat) if seat else None,
        pool=PoolNow(
            id=pool.id,
            org_id=pool.org_id,
            license_state=pool.license.state.value,
            capacity=pool.license.capacity,
            capacity_with_grace=pool.license.capacity_with_grace,
            overage_seats=pool.license.extra,
            assigned=pool.assigned,
            waitlisted=pool.waitlisted,
            suspended=pool.suspended,
            over_allocated=pool.over_allocated,
        )
        if pool
        else None,
        pool_then=decided.get("pool"),
        term=TermNow.model_validate(last) if (last := last_term(standing)) else None,
        message_id=decided.get("message_id"),
        trace_id=decided.get("trace_id"),
        actor=decided.get("actor"),
        note=decided.get("note"),
        decided_at=seat.since if seat else None,
    )


def last_term(standing: Standing) -> LicenseTerm | None:
    """The term that ends last, of those of the serving pool where there is one."""
    pool = standing.pool
    own = [term for term in standing.terms if pool is None or term.org_id == pool.org_id]
    return max(own, key=lambda term: (term.state.counts, term.ends_at), default=None)


def to_counterfactual(explained: Explained, product: str) -> Counterfactual | None:
    if not explained.counterfactual:
        return None
    steps = [
        StepAnswer(
            act=step.act.value,
            words=step_in_words(step, product),
            role=step.role,
            term_id=step.term_id,
            pool_id=step.pool_id,
            seats=step.seats,
        )
        for step in explained.counterfactual
    ]
    return Counterfactual(words=" ".join(step.words for step in steps), steps=steps)
