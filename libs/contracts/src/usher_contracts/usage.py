"""Facts that usage owns: how a seat's holder uses it (messages: The catalogue)."""

from typing import ClassVar, Literal
from uuid import UUID

from usher_contracts.entitlements import Product
from usher_contracts.envelope import StateFact, Time

Activity = Literal["active", "warned", "inactive", "never_used", "unknown"]


class SeatActivityChanged(StateFact):
    """Whether the holder of a seat comes, since when that holds, and when the seat is due to be reclaimed."""

    type: ClassVar[str] = "usher.usage.seat_activity.changed.v1"

    user_id: UUID
    product: Product
    org_id: UUID
    activity: Activity
    since: Time
    last_login_at: Time | None = None
    reclaim_due: Time | None = None
    kept_until: Time | None = None

    @property
    def subject(self) -> str:
        return f"{self.user_id}/{self.product}"

    @property
    def unit(self) -> UUID:
        return self.org_id
