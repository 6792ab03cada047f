"""Facts that usage owns: how a seat's holder uses it (messages: The catalogue)."""

from datetime import date
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from usher_contracts.entitlements import Product
from usher_contracts.envelope import StateFact, Time

Activity = Literal["active", "warned", "inactive", "never_used", "unknown"]
Period = Literal["day", "month"]


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


class ActivesChanged(StateFact):
    """How many different people of an organization logged in on a day or in a month of its own (seats: Usage).

    Units are not in it: who moves within a period counts at both organizations. Told some seconds after the logins, and
    again whenever a late one changes the figures.
    """

    type: ClassVar[str] = "usher.usage.actives.changed.v1"

    org_id: UUID
    period: Period
    starts_on: date
    """The day, or the month's first, where the organization is."""
    people: Annotated[int, Field(ge=0)]
    logins: Annotated[int, Field(ge=0)]

    @property
    def subject(self) -> str:
        return f"{self.org_id}/{self.period}/{self.starts_on}"

    @property
    def unit(self) -> UUID:
        return self.org_id
