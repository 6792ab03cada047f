"""Notices: their kinds, and what each one says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from uuid import UUID

NAMED_UNITS = 20


class Kind(StrEnum):
    """What a notice is about; a person may mute each."""

    WAITLISTED = "waitlisted"
    WAITLIST_DIGEST = "waitlist_digest"
    LICENSE_ENDING = "license_ending"
    RECLAIM_WARNING = "reclaim_warning"
    LICENSE_REQUEST = "license_request"
    LICENSE_ANSWER = "license_answer"
    CHANGES_HELD = "changes_held"
    TRANSFER_ASKED = "transfer_asked"
    TRANSFER_ANSWER = "transfer_answer"
    EXPORT_READY = "export_ready"


@dataclass(frozen=True, slots=True)
class Waitlisted:
    """To a person: they wait for a seat. Their position is entitlements' to tell, so it is not told here."""

    product: str
    organization: str
    since: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many people wait for a product at one unit, the first of them since when."""

    product: str
    unit: str
    people: int
    since: datetime


@dataclass(frozen=True, slots=True)
class WaitlistDigest:
    """To an administrator: who waits at their organization and its units."""

    org_id: UUID
    organization: str
    zone: tzinfo
    waiting: Sequence[Waiting]

    @property
    def people(self) -> int:
        return sum(line.people for line in self.waiting)

    @property
    def foremost(self) -> Sequence[Waiting]:
        """The units where most people wait, as many as a mail can name."""
        return sorted(self.waiting, key=lambda line: (-line.people, line.product, line.unit))[:NAMED_UNITS]

    @property
    def others(self) -> int:
        """How many people wait at the units that are not named."""
        return self.people - sum(line.people for line in self.foremost)


@dataclass(frozen=True, slots=True)
class LicenseEnding:
    """To system administrators and the organization's own: a license term comes to its end."""

    org_id: UUID
    organization: str
    product: str
    seats: int
    ends_at: datetime
    zone: tzinfo

    def days_left(self, at: datetime) -> int:
        """Whole days until the end."""
        return max(0, (self.ends_at - at) // timedelta(days=1))


@dataclass(frozen=True, slots=True)
class ReclaimWarning:
    """To the holder of a seat that they do not use: when it will be taken back, unless they come or keep it."""

    product: str
    organization: str
    last_login_at: datetime | None
    """None where they never came."""
    reclaim_due: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class LicenseRequested:
    """To those who sell: an organization asks for further seats of a pool with these figures.

    `ends_at` is the license's end, None where nothing is licensed. `waitlisted_here` are of who asks, and its units.
    """

    id: UUID
    org_id: UUID
    organization: str
    product: str
    seats: int
    note: str | None
    asker: str
    """Empty where their name is not known."""
    capacity: int
    assigned: int
    waitlisted: int
    waitlisted_here: int
    ends_at: datetime | None
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class LicenseAnswered:
    """To those who asked for further seats: whether they get them, and why."""

    id: UUID
    org_id: UUID
    organization: str
    product: str
    seats: int
    is_granted: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class ChangesHeld:
    """To who administers an organization: a source would take so much from its people at once that nothing was done."""

    id: UUID
    org_id: UUID
    organization: str
    source: str
    would_deactivate: int
    would_remove_roles: int
    of_people: int
    share_percent: int


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """To who administers an organization: somebody is to come into it, or is wanted elsewhere."""

    id: UUID
    org_id: UUID
    organization: str
    person: str | None
    """None for somebody of another tenant, whose name no fact carries."""
    is_coming: bool


@dataclass(frozen=True, slots=True)
class TransferAnswered:
    """To who administers the organization that asked for a transfer."""

    id: UUID
    org_id: UUID
    organization: str
    person: str | None
    """None for somebody who is not theirs to see."""
    is_approved: bool


@dataclass(frozen=True, slots=True)
class ExportReady:
    """To who is to have a report: its file is there."""

    id: UUID
    org_id: UUID
    organization: str
    report: str
    format: str
    rows: int
    expires_at: datetime
    zone: tzinfo


Notice = (
    Waitlisted
    | WaitlistDigest
    | LicenseEnding
    | ReclaimWarning
    | LicenseRequested
    | LicenseAnswered
    | ChangesHeld
    | TransferAsked
    | TransferAnswered
    | ExportReady
)
