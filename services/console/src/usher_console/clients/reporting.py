"""Reporting's answers: the license dashboard and its allocation by organization."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from usher_console.clients.calls import Answer, ServiceClient

PAGE = 500
MOST_UNITS = 2_000


class SharedPool(Answer):
    """An ancestor's pool that serves the organization asked about; figures are the whole pool's."""

    org_id: UUID
    total_licensed: int
    assigned: int
    available: int


class ProductFigures(Answer):
    """One product's seats, people and license; percentages are 0 to 100, null where the total is 0."""

    product: str
    name: str = ""
    total_licensed: int | None = None
    assigned: int = 0
    available: int | None = None
    waitlisted: int = 0
    suspended: int = 0
    over_capacity: int = 0
    over_allocated: bool = False
    usage_percentage: float | None = None
    active_users: int = 0
    inactive_users: int = 0
    never_used_users: int = 0
    unknown_users: int = 0
    utilization_percentage: float | None = None
    license_state: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    shared_pool: SharedPool | None = None


class Renewal(Answer):
    """A license term that nears its end."""

    org_id: UUID
    organization: str | None = None
    product: str
    seats: int
    ends_at: datetime
    state: str | None = None


class Dashboard(Answer):
    """`delay_ms` is how late facts on seats came lately, as reporting measures it."""

    as_of: datetime
    org_id: UUID | None = None
    delay_ms: int | None = None
    products: Sequence[ProductFigures] = ()
    upcoming_renewals: Sequence[Renewal] = ()


class UnitProduct(Answer):
    product: str
    assigned: int = 0
    waitlisted: int = 0
    total_licensed: int | None = None
    available: int | None = None


class UnitFigures(Answer):
    """One organization's line of the allocation; people are those of it and of all below."""

    org_id: UUID
    name: str
    parent_id: UUID | None = None
    kind: str | None = None
    products: Sequence[UnitProduct] = ()

    @property
    def id(self) -> UUID:
        return self.org_id


class UnitPage(Answer):
    items: Sequence[UnitFigures] = ()
    next_cursor: str | None = None


class Claim(Answer):
    """One version of a seat. `causation_id` is the message that led to it, null for an act over HTTP."""

    version: int
    at: datetime
    kind: str
    state: str
    reason: str
    actor: str
    changeset: str | None = None
    causation_id: str | None = None
    trace_id: str | None = None
    is_void: bool = False


class ClaimPage(Answer):
    items: Sequence[Claim] = ()
    next_cursor: str | None = None


class ReportPage(Answer):
    """A page of a report's rows, as the report has them."""

    items: Sequence[Mapping[str, Any]] = ()
    next_cursor: str | None = None


class ExportFile(Answer):
    bytes: int
    rows: int
    expires_at: datetime


class ExportError(Answer):
    detail: str


class Export(Answer):
    """A file that was asked for. `file` is null until it is there, and once it is `removed`."""

    id: UUID
    report: str
    format: str
    state: Literal["waiting", "running", "done", "failed"]
    created_at: datetime
    schedule_id: UUID | None = None
    file: ExportFile | None = None
    removed: str | None = None
    error: ExportError | None = None


class ExportPage(Answer):
    items: Sequence[Export] = ()
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Reporting:
    """What the console asks of reporting. Each method raises as `ServiceClient.get` does."""

    calls: ServiceClient

    async def dashboard(self, token: str, org_id: UUID | None) -> Dashboard:
        """The license dashboard of an organization; of all that the caller may see without one."""
        return await self.calls.get("/v1/dashboard", token, Dashboard, org_id=org_id)

    async def report(self, token: str, path: str, **query: Any) -> ReportPage:
        """A page of the report at `path`, of now or of a past moment."""
        return await self.calls.get(path, token, ReportPage, **query)

    async def start_export(
        self,
        token: str,
        report: str,
        file_format: str,
        org_id: str | None,
        filters: Mapping[str, Any],
        at: str | None,
    ) -> Export:
        """Ask for a report as a file."""
        asked = {"report": report, "format": file_format, "org_id": org_id, "filters": filters, "at": at}
        return await self.calls.post("/v1/exports", token, Export, asked)

    async def exports(self, token: str, cursor: str) -> ExportPage:
        """The caller's exports, the latest first."""
        return await self.calls.get("/v1/exports", token, ExportPage, cursor=cursor)

    async def export_file(self, token: str, export_id: UUID) -> tuple[Mapping[str, str], AsyncIterator[bytes]]:
        """A report's file, with the headers that say what it is."""
        return await self.calls.stream(f"/v1/exports/{export_id}/file", token)

    async def units(self, token: str, org_id: UUID | None) -> list[UnitFigures]:
        """The allocation by organization, as far as a table can hold."""
        found: list[UnitFigures] = []
        cursor: str | None = None
        while len(found) < MOST_UNITS:
            page = await self.calls.get(
                "/v1/dashboard/organizations", token, UnitPage, org_id=org_id, limit=PAGE, cursor=cursor
            )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return found

    async def seat_history(self, token: str, user_id: UUID, product: str, cursor: str | None) -> ClaimPage:
        """A page of all that ever happened to a seat, the oldest first."""
        return await self.calls.get(f"/v1/users/{user_id}/seats/{product}/history", token, ClaimPage, cursor=cursor)
