"""Entitlements' HTTP API, as far as the command uses it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from usher_cli.clients.calls import Json, ServiceClient
from usher_cli.failure import Failure


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

    def end_term(self, term_id: str) -> Json:
        """The term, ended now."""
        return self.calls.post(f"/v1/license-terms/{term_id}:end", {})

    def ask_for_seats(self, wanted: Json) -> Json:
        """A new license request, with the figures of now."""
        return self.calls.post("/v1/license-requests", wanted)

    def license_requests(self, *, every: bool = False, **query: Any) -> Json:
        """License requests, newest first."""
        return self.calls.listed("/v1/license-requests", every=every, **query)

    def change_license_request(self, request_id: str, change: Json) -> Json:
        """The request with what is to be different, and the figures of now."""
        answer: Json = self.calls.send("PATCH", f"/v1/license-requests/{request_id}", json=change).json()
        return answer

    def act_on_license_request(self, request_id: str, act: str, body: Json) -> Json:
        """The request after an act: `withdraw` or `answer`."""
        return self.calls.post(f"/v1/license-requests/{request_id}:{act}", body)

    def act_on_seat(self, user_id: str, product: str, act: str, note: str) -> Json:
        """The seat after an act by hand: `withhold` or `lift`."""
        return self.calls.post(f"/v1/seats/{user_id}/{product}:{act}", {"note": note})

    def pool(self, org_id: str, product: str) -> Json:
        """The pool of a product that serves an organization. Raises Failure where none does."""
        serving = self.calls.get("/v1/pools/serving", org_id=org_id)["items"]
        found: Json | None = next((pool for pool in serving if pool["product"] == product), None)
        if found is None:
            raise Failure(
                f"No pool of {product} serves this organization; `usher licenses list` shows what was bought."
            )
        return found

    def waitlist(self, pool_id: str, *, every: bool = False, **query: Any) -> Json:
        """Who waits for a pool, in order of place."""
        return self.calls.listed(f"/v1/pools/{pool_id}/waitlist", every=every, **query)

    def order_waitlist(self, pool_id: str, user_ids: Sequence[str], note: str) -> Json:
        """The line with these people at its head."""
        return self.calls.put(f"/v1/pools/{pool_id}/waitlist", {"user_ids": list(user_ids), "note": note})

    def excess(self, pool_id: str) -> Json:
        """Who would give up a seat of an over-allocated pool under each policy."""
        return self.calls.get(f"/v1/pools/{pool_id}/excess")

    def release_excess(self, pool_id: str, policy: str, seats: int, note: str) -> Json:
        """Who gave up their seats; refused where it is not so many any more."""
        body = {"policy": policy, "seats": seats, "note": note}
        return self.calls.post(f"/v1/pools/{pool_id}/excess:release", body)

    def simulate(self, supposed: Json) -> Json:
        """Who would gain, await, keep or lose a seat."""
        return self.calls.post("/v1/simulate", supposed)

    def grant_rules(self, org_id: str) -> Json:
        """Which roles call for which product in the tenant of an organization."""
        return self.calls.get("/v1/grant-rules", org_id=org_id)

    def set_grant_rules(self, org_id: str, rules: Sequence[Json], *, dry_run: bool) -> Json:
        """Let these rules hold and no others; or in a dry run what that would do."""
        query = {"org_id": org_id} | ({"dry_run": "true"} if dry_run else {})
        answer: Json = self.calls.send("PUT", "/v1/grant-rules", json={"rules": list(rules)}, params=query).json()
        return answer

    def grant_rules_progress(self, org_id: str | None) -> Json:
        """How far the people are decided about whom the last change of the rules concerns."""
        return self.calls.get("/v1/grant-rules/progress", org_id=org_id)

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
