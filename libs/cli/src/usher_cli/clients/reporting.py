"""Reporting's HTTP API, as far as the command uses it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from usher_cli.clients.calls import Json, ServiceClient

LOG_PAGE = 2_000
"""Entries of the audit log on a page."""


@dataclass(frozen=True, slots=True)
class Reporting:
    calls: ServiceClient

    def dashboard(self, org_id: str | None, *, at: str | None = None) -> Json:
        """The license dashboard of an organization and its units, or of all that the token may see; now, or `at`."""
        return self.calls.get("/v1/dashboard", org_id=org_id, at=at)

    def seat_history(self, user_id: str, product: str, *, every: bool = False, **query: Any) -> Json:
        """Every version that a person's seat ever had, the oldest first."""
        return self.calls.listed(f"/v1/users/{user_id}/seats/{product}/history", every=every, **query)

    def usage(self, org_id: str | None, **query: Any) -> Json:
        """How many people of an organization and its units came, by day or by month."""
        return self.calls.get("/v1/usage", org_id=org_id, **query)

    def compliance(self, *, every: bool = False, **query: Any) -> Json:
        """Who keeps to what they bought, with findings and acts."""
        return self.calls.listed("/v1/compliance", every=every, **query)

    def doctor(self) -> Json:
        """What reporting counts, by tenant, to be held against entitlements (seats: Invariants, I6)."""
        return self.calls.get("/v1/doctor")

    def audit_keys(self) -> Json:
        """The public keys that checkpoints of the audit log are signed by, and how often one is made."""
        return self.calls.get("/v1/audit/keys")

    def audit_logs(self, tenant_id: str | None) -> Json:
        """How long the log of a tenant is, or each that the token may see."""
        return self.calls.get("/v1/audit/logs", tenant_id=tenant_id)

    def audit_pages(self, part: str, tenant_id: str) -> Iterator[Json]:
        """The pages of a log's `chain`, `batches` or `checkpoints`, in its order."""
        return self.calls.pages(f"/v1/audit/{part}", tenant_id=tenant_id, limit=LOG_PAGE)

    def make_checkpoints(self, tenant_id: str | None) -> Json:
        """Have the end of a log signed, or of each that the token may see; the latest checkpoints."""
        return self.calls.post("/v1/audit/checkpoints", {"tenant_id": tenant_id})
