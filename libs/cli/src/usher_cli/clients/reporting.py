"""Reporting's HTTP API, as far as the command uses it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
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

    def claims(self, *, every: bool = False, **query: Any) -> Json:
        """What happened to seats, the newest first."""
        return self.calls.listed("/v1/claims", every=every, **query)

    def claim_patterns(self, *, every: bool = False, **query: Any) -> Json:
        """Claims counted, with the waits that ended, by what `group_by` tells apart."""
        return self.calls.listed("/v1/claims/patterns", every=every, **query)

    def assignments(self, *, every: bool = False, **query: Any) -> Json:
        """Every seat with its person and activity, by person."""
        return self.calls.listed("/v1/assignments", every=every, **query)

    def start_export(
        self, report: str, format_: str, *, org_id: str | None, filters: Json, at: str | None = None
    ) -> Json:
        """Ask for a report of now or of `at` as a file. Returns the job that makes it."""
        asked = {"report": report, "format": format_, "org_id": org_id, "filters": filters, "at": at}
        return self.calls.post("/v1/exports", asked)

    def export(self, export_id: str) -> Json:
        """What was asked, how far it is, and the file once there is one."""
        return self.calls.get(f"/v1/exports/{export_id}")

    def exports(self, *, every: bool = False, **query: Any) -> Json:
        """The exports of whoever asks, the latest first."""
        return self.calls.listed("/v1/exports", every=every, **query)

    def download(self, export_id: str, file: Path) -> None:
        """Write an export's file."""
        self.calls.download(f"/v1/exports/{export_id}/file", file)

    def remove_export(self, export_id: str) -> None:
        """Remove an export with its file."""
        self.calls.send("DELETE", f"/v1/exports/{export_id}")

    def add_schedule(self, wanted: Json) -> Json:
        """Have a report exported again and again."""
        return self.calls.post("/v1/report-schedules", wanted)

    def schedules(self, *, every: bool = False, **query: Any) -> Json:
        """The schedules of an organization and its units, the latest first."""
        return self.calls.listed("/v1/report-schedules", every=every, **query)

    def remove_schedule(self, schedule_id: str) -> None:
        """End a schedule."""
        self.calls.send("DELETE", f"/v1/report-schedules/{schedule_id}")

    def forecast(self, *, every: bool = False, **query: Any) -> Json:
        """When the seats of each pool run out, and how many to buy."""
        return self.calls.listed("/v1/forecast", every=every, **query)

    def add_bi_user(self, name: str, org_id: str) -> Json:
        """Make a database login that sees a tenant's views of BI; the password is told this once."""
        return self.calls.post("/v1/bi-users", {"name": name, "org_id": org_id})

    def bi_users(self, *, every: bool = False, **query: Any) -> Json:
        """BI's logins, the latest first."""
        return self.calls.listed("/v1/bi-users", every=every, **query)

    def rotate_bi_user(self, id_: str) -> Json:
        """Give a login another password, which is told this once."""
        return self.calls.post(f"/v1/bi-users/{id_}:rotate", {})

    def remove_bi_user(self, id_: str) -> None:
        """Remove a login."""
        self.calls.send("DELETE", f"/v1/bi-users/{id_}")

    def doctor(self) -> Json:
        """What reporting counts, by tenant, to be held against entitlements (seats: Invariants, I6)."""
        return self.calls.get("/v1/doctor")

    def start_rebuild(self) -> Json:
        """Have the read models made anew. Returns the rebuild as it begins."""
        return self.calls.post("/v1/rebuilds", {})

    def rebuild(self, rebuild_id: str) -> Json:
        """How far a rebuild is."""
        return self.calls.get(f"/v1/rebuilds/{rebuild_id}")

    def latest_rebuild(self) -> Json | None:
        """The rebuild that was asked for last; none where there never was one."""
        found: list[Json] = self.calls.get("/v1/rebuilds", limit=1)["items"]
        return next(iter(found), None)

    def cancel_rebuild(self, rebuild_id: str) -> Json:
        """End a rebuild; what is shown stays as it is."""
        return self.calls.post(f"/v1/rebuilds/{rebuild_id}:cancel", {})

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
