"""Entitlements' answers: a person's seats, and the explanation of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from usher_console.clients.calls import Answer, ServiceClient


class Seat(Answer):
    product: str
    state: str
    reason: str | None = None
    since: datetime | None = None


class SeatPage(Answer):
    items: Sequence[Seat] = ()


class Explanation(Answer):
    """Why a person may or may not use a product: one code, in words, with evidence (seats: Why)."""

    product: str
    code: str
    allowed: bool = False
    words: str = ""
    evidence: Mapping[str, Any] = {}
    counterfactual: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Entitlements:
    """What the console asks of entitlements. Each method raises as `ServiceClient.get` does."""

    calls: ServiceClient

    async def seats(self, token: str, user_id: UUID) -> SeatPage:
        return await self.calls.get(f"/v1/users/{user_id}/seats", token, SeatPage)

    async def explain(self, token: str, user_id: UUID, product: str, user_version: int | None) -> Explanation:
        """Why; "change_in_progress" until entitlements has applied `user_version` of the person."""
        return await self.calls.get(
            "/v1/explain", token, Explanation, user_id=user_id, product=product, user_version=user_version
        )
