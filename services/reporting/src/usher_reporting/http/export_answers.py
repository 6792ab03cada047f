"""An export as the API shows it: a job, with its file once there is one."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, JsonValue

from usher_reporting.domain.exports import Export, Format, Removed, State


class ProgressAnswer(BaseModel):
    """`done` rows are written; how many there will be is not known before."""

    phase: Literal["waiting", "rows", "over"]
    done: int
    total: int | None


class FileAnswer(BaseModel):
    """The file, at `/v1/exports/{id}/file` until `expires_at`. It is all of the moment `as_of`."""

    name: str
    media_type: str
    bytes: int
    rows: int
    as_of: datetime
    sha256: str
    expires_at: datetime


class ErrorAnswer(BaseModel):
    """Why the export failed: a stable code, and what was wrong and what to do."""

    code: str
    detail: str


class ExportAnswer(BaseModel):
    """An export as a job. `file` is null until it is done, and once it is `removed`: expired, or by an erasure."""

    id: UUID
    kind: Literal["export"] = "export"
    state: Literal["waiting", "running", "done", "failed"]
    report: str
    format: Format
    org_id: UUID | None
    filters: dict[str, JsonValue]
    at: datetime | None
    actor: str
    schedule_id: UUID | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: ProgressAnswer
    file: FileAnswer | None
    removed: Removed | None
    error: ErrorAnswer | None


def to_answer(export: Export) -> ExportAnswer:
    phase: Any = {State.WAITING: "waiting", State.RUNNING: "rows"}.get(export.state, "over")
    total = export.written.rows if export.written else None
    return ExportAnswer(
        id=export.id,
        state=export.state.value,
        report=export.report,
        format=export.format,
        org_id=export.org_id,
        filters=dict(export.filters),
        at=export.at,
        actor=export.owner.actor,
        schedule_id=export.schedule_id,
        created_at=export.created_at,
        started_at=export.started_at,
        finished_at=export.finished_at,
        progress=ProgressAnswer(phase=phase, done=export.done, total=total),
        file=to_file(export),
        removed=export.removed,
        error=ErrorAnswer(code=export.error_code, detail=export.error or "") if export.error_code else None,
    )


def to_file(export: Export) -> FileAnswer | None:
    if not export.has_file or export.written is None or export.expires_at is None:
        return None
    return FileAnswer(
        name=export.file_name,
        media_type=export.format.media_type,
        bytes=export.written.size,
        rows=export.written.rows,
        as_of=export.written.as_of,
        sha256=export.written.digest,
        expires_at=export.expires_at,
    )
