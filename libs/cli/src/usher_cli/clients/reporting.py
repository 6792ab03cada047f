"""Reporting's HTTP API, as far as the command uses it."""

from dataclasses import dataclass

from usher_cli.clients.calls import Json, ServiceClient


@dataclass(frozen=True, slots=True)
class Reporting:
    calls: ServiceClient

    def dashboard(self, org_id: str | None) -> Json:
        """The license dashboard of an organization and its units, or of all that the token may see."""
        return self.calls.get("/v1/dashboard", org_id=org_id)

    def doctor(self) -> Json:
        """What reporting counts, by tenant, to be held against entitlements (seats: Invariants, I6)."""
        return self.calls.get("/v1/doctor")
