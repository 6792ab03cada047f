"""Exports: a report asked for as a file, made once by whichever worker takes it up, and kept for some days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class Format(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self]


MEDIA_TYPES: Mapping[Format, str] = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PARQUET: "application/vnd.apache.parquet",
}


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Removed(StrEnum):
    """Why a file that was made is there no longer."""

    EXPIRED = "expired"
    ERASURE = "erasure"
    """Somebody of the tenant was erased, and the file may have named them."""


MAX_ATTEMPTS = 3
"""How often an export is begun before it is given up: a worker that dies by it would die of it again."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who asked: what is needed to find out anew what they may see. A deployment's own client has no tenant.

    Of a person it does not matter by which client they asked.
    """

    tenant_id: UUID | None = None
    user_id: UUID | None = None
    client_id: str | None = None
    org_id: UUID | None = None
    """What a machine is bound to."""
    scopes: Sequence[str] = ()
    """What a machine or a deployment's own client may; people have roles, which are looked up."""

    @property
    def actor(self) -> str:
        """The owner as facts name them."""
        return f"user:{self.user_id}" if self.user_id else f"client:{self.client_id}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whose rows a file holds: of these units, or of these tenants whole."""

    tenants: Sequence[UUID]
    units: Sequence[UUID] | None


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was made, of one moment. `digest` is its SHA-256 in hexadecimal digits."""

    as_of: datetime

    rows: int
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Export:
    """One export. It belongs to the tenant whose rows it holds, or to the operators where it holds several tenants'."""

    tenant_id: UUID
    id: UUID
    owner: Owner
    report: str
    format: Format
    org_id: UUID | None
    filters: Mapping[str, Any]
    created_at: datetime
    at: datetime | None = None
    """The past moment that is asked about; None is the moment at which it is made."""
    schedule_id: UUID | None = None
    recipients: Sequence[UUID] = ()
    """Who may have the file besides the owner, as long as they may read what it holds."""
    state: State = State.WAITING
    started_at: datetime | None = None
    finished_at: datetime | None = None
    attempts: int = 0
    done: int = 0
    """Rows that were written so far."""
    coverage: Coverage | None = None
    written: Written | None = None
    expires_at: datetime | None = None
    removed: Removed | None = None
    error_code: str | None = None
    error: str | None = None

    @property
    def file_name(self) -> str:
        """As the file is called when it is downloaded: the report, and the time at which it was asked for."""
        return f"usher-{self.report}-{self.created_at:%Y%m%dT%H%M%SZ}.{self.format}"

    @property
    def has_file(self) -> bool:
        return self.written is not None and self.removed is None
