"""Facts that usage owns: how a seat's holder uses it (messages: The catalogue)."""

from typing import ClassVar, Literal
from uuid import UUID

from usher_contracts.entitlements import Product
from usher_contracts.envelope import StateFact, Time

Activity = Literal["active", "warned", "inactive", "never_used", "unknown"]


class SeatActivityChanged(StateFact):
    """How the holder of a seat uses it, and when it may be reclaimed (seats: Usage).

    A seat of which nothing was told is `unknown`: that alone is no first word.

    A reclaim is in sight only while `reclaim_due` says so: from the warning on, until the holder comes, keeps the seat,
    or the policy no longer reclaims.
    """

    type: ClassVar[str] = "usher.usage.seat_activity.changed.v1"

    user_id: UUID
    product: Product
    org_id: UUID
    activity: Activity
    since: Time
    assigned_since: Time | None = None
    """The holding that this is said of, as its `seat.changed` dates it."""
    last_login_at: Time | None = None
    warned_since: Time | None = None
    """When the holder was last given warning of the reclaim; each warning has a time of its own."""
    reclaim_due: Time | None = None
    kept_until: Time | None = None
    """Until when the holder, or an administrator for them, asked to keep the seat."""

    @property
    def subject(self) -> str:
        return f"{self.user_id}/{self.product}"

    @property
    def unit(self) -> UUID:
        return self.org_id
