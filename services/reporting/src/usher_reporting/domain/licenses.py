"""Licenses: what an organization's pools give together, and the pool that serves it (seats: Capacity)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

FROM_BEST_TO_WORST = ("renewed", "active", "expiring", "grace", "scheduled", "expired", "ended")


@dataclass(frozen=True, slots=True)
class License:
    """The open pools of one product at an organization and below it. Where none is, what is scheduled."""

    total_licensed: int = 0
    over_capacity: int = 0
    """Seats held beyond their pool's capacity."""
    over_allocated: bool = False
    states: Sequence[str] = ()
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    @property
    def state(self) -> str | None:
        """The worst of the pools' states; `scheduled` only where nothing else is there; none without a license."""
        begun = [state for state in self.states if state != "scheduled"]
        return worst(begun or self.states)


@dataclass(frozen=True, slots=True)
class ServingPool:
    """The nearest open pool at or above an organization. `is_shared` where it is an ancestor's."""

    org_id: UUID
    is_shared: bool
    total_licensed: int
    assigned: int
    over_allocated: bool
    license_state: str
    starts_at: datetime | None
    ends_at: datetime | None

    @property
    def available(self) -> int:
        return self.total_licensed - self.assigned


def worst(states: Iterable[str]) -> str | None:
    """The worst of some license states; none of none."""
    return max(states, key=FROM_BEST_TO_WORST.index, default=None)
