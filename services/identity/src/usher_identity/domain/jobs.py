"""Long work as a job, an import or a bulk change: what was asked, how far it is, what it has done."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    IMPORT = "import"
    BULK = "bulk"


class State(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Phase(StrEnum):
    """What a running job is at; each begins once the one before it is committed."""

    READING = "reading"
    """A roster over REST, page by page."""
    ROWS = "rows"
    """Whom and what a bulk job's rows name."""
    ORGANIZATIONS = "organizations"
    PEOPLE = "people"
    ABSENT = "absent"
    """Whoever a full set no longer lists."""
    LOSSES = "losses"
    """What people would lose by it, once the guard has judged that."""
    OVER = "over"


MAX_ATTEMPTS = 5
"""How often a job is taken up without getting any further, before it is given up."""


@dataclass(frozen=True, slots=True)
class RoleWords:
    """Words of a source's own: the roles that they give, and as what others are counted."""

    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counted: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Job:
    """One job. It belongs to the tenant that it is for, or to the operators where it is for several."""

    tenant_id: UUID
    id: UUID
    source: str
    target_id: UUID | None
    """An import's tenant (None: one a root); the organization whose people a bulk job is about (None: all)."""
    is_dry_run: bool
    words: RoleWords
    actor: str
    file_name: str
    file_bytes: int
    created_at: datetime
    state: str = State.WAITING
    started_at: datetime | None = None
    """Since when everything holds that the job makes true: one moment for all, whatever their place in the file."""
    finished_at: datetime | None = None
    attempts: int = 0
    phase: str = Phase.ORGANIZATIONS
    position: int = 0
    """How many rows of users.csv, or of a bulk job's, are done with."""
    total: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    """By `<what>.<outcome>`, e.g. `people.created`."""
    issues: int = 0
    dialect: str | None = None
    mode: str | None = None
    error_code: str | None = None
    error: str | None = None
    kind: str = Kind.IMPORT
    authority_id: UUID | None = None
    """The organization that whoever asked for a bulk job administers, with its units; None: all of them."""
