"""Deliveries: one notice to one recipient, from pending to sent, failed or dropped."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from usher_notifications.domain.notices import ExportReady, Kind, LicenseEnding, Notice, ReclaimWarning
from usher_notifications.domain.timing import backoff

REPRESENTATIVE = UUID("00000000-0000-7000-8000-000000000002")
"""The account representative as a recipient: of the operators' tenant, and nobody whom identity knows."""


class Status(StrEnum):
    """Dropped is what was not sent because it was true no longer, or not wanted."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class Reason(StrEnum):
    """Why a delivery was not sent, or not yet. The codes carry no personal data: a server's own words may."""

    NO_LONGER_TRUE = "no_longer_true"
    MUTED = "muted"
    RECIPIENT_LEFT = "recipient_left"
    TOO_LATE = "too_late"
    NO_ADDRESS = "no_address"
    SERVER_AWAY = "server_away"
    SERVER_BUSY = "server_busy"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a notice, as far as is known now."""

    tenant_id: UUID
    id: UUID
    name: str = ""
    email: str | None = None
    has_left: bool = False
    muted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One notice to one recipient. `subject` and `subject_version` say what of: an entity, and which state of it."""

    tenant_id: UUID
    id: UUID
    kind: Kind
    subject: str
    subject_version: int
    org_id: UUID
    recipient_tenant_id: UUID
    recipient: UUID
    send_at: datetime
    useful_until: datetime
    cause: str
    status: Status = Status.PENDING
    reason: Reason | None = None
    attempts: int = 0
    version: int = 1
    previous_version: int = 0

    def sent(self) -> "Delivery":
        return self._changed(Status.SENT, None, attempts=self.attempts + 1)

    def dropped(self, reason: Reason) -> "Delivery":
        return self._changed(Status.DROPPED, reason)

    def refused(self) -> "Delivery":
        """The server took it for wrong: another attempt would end the same."""
        return self._changed(Status.FAILED, Reason.REFUSED, attempts=self.attempts + 1)

    def postponed(self, reason: Reason, at: datetime) -> "Delivery":
        """Not this time; it is tried again, later each time."""
        later = self._changed(Status.PENDING, reason, attempts=self.attempts + 1)
        return replace(later, send_at=at + backoff(later.attempts))

    def too_late(self) -> "Delivery":
        """What was tried in vain has failed, for the last reason; what was never tried is dropped."""
        if self.attempts:
            return self._changed(Status.FAILED, self.reason)
        return self.dropped(Reason.TOO_LATE)

    def _changed(self, status: Status, reason: Reason | None, *, attempts: int | None = None) -> "Delivery":
        tries = self.attempts if attempts is None else attempts
        return replace(
            self,
            status=status,
            reason=reason,
            attempts=tries,
            version=self.version + 1,
            previous_version=self.version,
        )


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery that is to be sent now."""

    delivery: Delivery
    recipient: Recipient
    address: str
    notice: Notice


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose time has come, with what is known of its recipient, and its notice where that is still true."""

    delivery: Delivery
    recipient: Recipient
    notice: Notice | None


def sort_out(due: Sequence[Due], at: datetime) -> tuple[list[Letter], list[Delivery]]:
    """What is to be sent, and what becomes of the rest."""
    decided = [decide(one, at) for one in due]
    letters = [one for one in decided if isinstance(one, Letter)]
    return letters, [one for one in decided if isinstance(one, Delivery)]


def decide(due: Due, at: datetime) -> Letter | Delivery:
    """A letter to send, or the delivery as it stands without one."""
    delivery, recipient, notice = due.delivery, due.recipient, due.notice
    if notice is None or is_over(notice, at):
        return delivery.dropped(Reason.NO_LONGER_TRUE)
    if delivery.kind in recipient.muted:
        return delivery.dropped(Reason.MUTED)
    if recipient.has_left:
        return delivery.dropped(Reason.RECIPIENT_LEFT)
    if at >= delivery.useful_until:
        return delivery.too_late()
    if recipient.email is None:
        # A profile may come after the notice that needs it (messages: The state-carrying rule).
        return delivery.postponed(Reason.NO_ADDRESS, at)
    return Letter(delivery, recipient, recipient.email, notice)


def is_over(notice: Notice, at: datetime) -> bool:
    """Whether what a notice announces has come."""
    match notice:
        case LicenseEnding():
            return notice.ends_at <= at
        case ReclaimWarning():
            return notice.reclaim_due <= at
        case ExportReady():
            return notice.expires_at <= at
        case _:
            return False
