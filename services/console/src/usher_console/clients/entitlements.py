"""Entitlements' answers: a person's seats, and the explanation of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from usher_console.clients.calls import NOT_FOUND, Answer, RefusedError, ServiceClient


class Product(Answer):
    product: str
    name: str


class ProductPage(Answer):
    items: Sequence[Product] = ()


class Seat(Answer):
    """A person's seat of one product; `since` is when its state began."""

    product: str
    state: str
    reason: str | None = None
    since: datetime | None = None
    assigned_since: datetime | None = None
    wanted_since: datetime | None = None


class SeatPage(Answer):
    items: Sequence[Seat] = ()


class Pool(Answer):
    capacity: int
    assigned: int
    waitlisted: int
    suspended: int = 0


class PoolThen(Answer):
    """The pool's figures as a decision left them."""

    capacity: int | None = None
    assigned: int | None = None
    waitlisted: int | None = None


class Term(Answer):
    state: str
    seats: int
    starts_at: datetime
    ends_at: datetime


class Evidence(Answer):
    """What an explanation rests on; `message_id` and `trace_id` are of what led to the seat's last decision."""

    role: str | None = None
    pool: Pool | None = None
    pool_then: PoolThen | None = None
    term: Term | None = None
    message_id: str | None = None
    trace_id: str | None = None


class Counterfactual(Answer):
    """The least change that would seat the person."""

    words: str


class Explanation(Answer):
    """Why a person may or may not use a product: one code, in words, with evidence (seats: Why)."""

    product: str
    code: str
    allowed: bool = False
    words: str = ""
    position: int | None = None
    until: datetime | None = None
    evidence: Evidence = Evidence()
    counterfactual: Counterfactual | None = None


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What the console asks of entitlements. Each method raises as `ServiceClient.get` does."""

    calls: ServiceClient

    async def products(self, token: str) -> Mapping[str, str]:
        """The catalogue: each product with its name."""
        page = await self.calls.get("/v1/products", token, ProductPage)
        return {one.product: one.name for one in page.items}

    async def seats(self, token: str, user_id: UUID) -> Mapping[str, Seat]:
        """The person's seats by product; none while entitlements has not heard of them."""
        try:
            page = await self.calls.get(f"/v1/users/{user_id}/seats", token, SeatPage)
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise
            return {}
        return {seat.product: seat for seat in page.items}

    async def explain(self, token: str, user_id: UUID, product: str, user_version: int | None) -> Explanation:
        """Why; "change_in_progress" until entitlements has applied `user_version` of the person."""
        return await self.calls.get(
            "/v1/explain", token, Explanation, user_id=user_id, product=product, user_version=user_version
        )
