"""Facts that reporting owns: who keeps to what they bought, files, marks of a rebuild (messages: The catalogue)."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from usher_contracts.entitlements import Product
from usher_contracts.envelope import Fact, StateFact, Time

ComplianceStatus = Literal["compliant", "at_risk", "non_compliant"]


class Finding(BaseModel):
    """One reason for a status: its code, its figures, how many people it concerns, and what mends it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: Annotated[str, Field(max_length=60)]
    figures: dict[str, JsonValue] = {}
    people: int = 0
    act: str | None = None


class ComplianceChanged(StateFact):
    """An organization's standing for one product."""

    type: ClassVar[str] = "usher.reporting.compliance.changed.v1"

    org_id: UUID
    product: Product
    status: ComplianceStatus
    since: Time
    findings: tuple[Finding, ...] = ()

    @property
    def subject(self) -> str:
        return f"{self.org_id}/{self.product}"

    @property
    def unit(self) -> UUID:
        return self.org_id


class ExportReady(Fact):
    """A schedule's export has its file, until `expires_at`. It is told once; `recipients` are to learn of it."""

    type: ClassVar[str] = "usher.reporting.export.ready.v1"

    id: UUID
    org_id: UUID
    schedule_id: UUID
    report: Annotated[str, Field(max_length=60)]
    format: Annotated[str, Field(max_length=20)]
    rows: int
    recipients: tuple[UUID, ...]
    expires_at: Time

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID:
        return self.org_id


class RebuildMarked(Fact):
    """A mark in the queue of a rebuild: once it is applied, so is all that came before it."""

    type: ClassVar[str] = "usher.reporting.rebuild.marked.v1"

    id: UUID
    number: Annotated[int, Field(ge=1)]

    @property
    def subject(self) -> str:
        return str(self.id)
