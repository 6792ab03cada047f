"""Change sets: what the guard holds of one source's changes, and what administrators decide on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class RowState(StrEnum):
    """What became of one person's loss."""

    STAGED = "staged"
    """Not yet judged."""
    HELD = "held"
    APPROVED = "approved"
    REJECTED = "rejected"
    STALE = "stale"
    """Overtaken: a newer import said something of the person, or what was held can be no more."""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """What is held of the losses of one job, or of an upstream's hour, in one organization and its units."""

    tenant_id: UUID
    id: UUID
    org_id: UUID
    source: str
    kind: str
    """`import`, `bulk` or `upstream`."""
    job_id: UUID
    """Of an upstream, which has no job, the set's own id."""
    state: str
    share_percent: int
    of_people: int
    would_deactivate: int
    would_remove_roles: int
    created_at: datetime
    version: int = 0


def state_of(rows: Mapping[str, int]) -> RowState:
    """The state of a set by how many of its rows are in which: it is held as long as any of them is."""
    order = (RowState.HELD, RowState.APPROVED, RowState.REJECTED)
    return next((state for state in order if rows.get(state)), RowState.STALE)
