"""Entitlements' HTTP API, as far as the command uses it."""

from dataclasses import dataclass
from typing import Any

from usher_cli.clients.calls import Json, ServiceClient


@dataclass(frozen=True, slots=True)
class Entitlements:
    calls: ServiceClient

    def explain(self, user_id: str, product: str) -> Json:
        """Why a person may, or may not, use a product."""
        return self.calls.get("/v1/explain", user_id=user_id, product=product)

    def terms(self, *, every: bool = False, **query: Any) -> Json:
        """License terms."""
        return self.calls.listed("/v1/license-terms", every=every, **query)

    def create_term(self, term: Json) -> Json:
        """A new license term; times in RFC 3339."""
        return self.calls.post("/v1/license-terms", term)

    def change_term(self, term_id: str, change: Json) -> Json:
        """The term with what is to be different."""
        answer: Json = self.calls.send("PATCH", f"/v1/license-terms/{term_id}", json=change).json()
        return answer

    def grant_rules(self, org_id: str) -> Json:
        """Which roles call for which product in the tenant of an organization."""
        return self.calls.get("/v1/grant-rules", org_id=org_id)

    def pools(self, *, every: bool = False, **query: Any) -> Json:
        """Pools with their figures."""
        return self.calls.listed("/v1/pools", every=every, **query)

    def seats(self, *, every: bool = False, **query: Any) -> Json:
        """Seats: who holds, awaits or has lost which product."""
        return self.calls.listed("/v1/seats", every=every, **query)

    def seats_of(self, user_id: str) -> Json:
        """One person's seats, whatever their state."""
        return self.calls.get(f"/v1/users/{user_id}/seats")

    def doctor(self) -> Json:
        """The invariants of seats, checked now (seats: Invariants, I1 to I4)."""
        return self.calls.get("/v1/doctor")
