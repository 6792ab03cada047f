"""Facts that notifications owns: what was sent to whom, and whether it arrived (messages: The catalogue)."""

from typing import ClassVar, Literal
from uuid import UUID

from usher_contracts.envelope import StateFact

Channel = Literal["email", "webhook"]
DeliveryStatus = Literal["pending", "sent", "failed", "dropped"]
"""Dropped is what was not sent because, when its time had come, it was true no longer, or not wanted."""


class DeliveryChanged(StateFact):
    """One notice to one recipient. `recipient` is an id, never an address; `about` is the notice's kind and subject."""

    type: ClassVar[str] = "usher.notifications.delivery.changed.v1"

    id: UUID
    org_id: UUID | None = None
    channel: Channel
    kind: str
    about: str
    recipient: UUID
    status: DeliveryStatus
    attempts: int

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID | None:
        return self.org_id
