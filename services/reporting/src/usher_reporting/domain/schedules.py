"""Schedules: an export that is asked for again and again, in somebody's name, for those who are to have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from usher_reporting.domain.exports import Export, Format, Owner


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a report is exported. `cron` goes by the clock on the wall where the organization is."""

    tenant_id: UUID
    id: UUID
    owner: Owner
    report: str
    format: Format
    org_id: UUID
    filters: Mapping[str, Any]
    cron: str
    recipients: Sequence[UUID]
    created_at: datetime
    next_at: datetime
    last_at: datetime | None = None
    last_export_id: UUID | None = None
    version: int = 1
    time_zone: str = "UTC"
    """The organization's, as it is known now."""

    def run(self, id_: UUID, due: datetime, next_at: datetime, at: datetime) -> tuple[Export, "Schedule"]:
        """The export for the time that was due, and the schedule after it."""
        export = Export(
            tenant_id=self.tenant_id,
            id=id_,
            owner=self.owner,
            report=self.report,
            format=self.format,
            org_id=self.org_id,
            filters=self.filters,
            created_at=at,
            schedule_id=self.id,
            recipients=self.recipients,
        )
        return export, replace(self, next_at=next_at, last_at=due, last_export_id=id_)
