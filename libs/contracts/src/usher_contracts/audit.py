"""The audit record that every service writes of administrative acts, refused ones too (messages: The catalogue)."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from usher_contracts.envelope import Fact, Time

AuditOutcome = Literal["done", "refused"]


class AuditRecorded(Fact):
    """One act: who did what to what, from which state to which, from where, and why it was refused if it was.

    Ids only, no personal data: the log outlives the people in it (messages: Reliability, Erasure).
    """

    id: UUID
    org_id: UUID | None = None
    at: Time
    act: Annotated[str, Field(max_length=100)]
    """What was done, as `<entity>.<verb>`: `user.set_roles`, `license_term.create`."""
    target: Annotated[str, Field(max_length=300)]
    """The id of what it was done to."""
    outcome: AuditOutcome = "done"
    reason: Annotated[str, Field(max_length=300)] | None = None
    """The slug of a refusal, or the note that came with the act."""
    before: dict[str, JsonValue] | None = None
    after: dict[str, JsonValue] | None = None
    address: Annotated[str, Field(max_length=100)] | None = None
    """Where the act came from: a network address, or the upstream's name."""

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID | None:
        return self.org_id


class IdentityAuditRecorded(AuditRecorded):
    """An act on people, roles, organizations, imports or sign-in."""

    type: ClassVar[str] = "usher.identity.audit.recorded.v1"


class EntitlementsAuditRecorded(AuditRecorded):
    """An act on products, rules, license terms or seats."""

    type: ClassVar[str] = "usher.entitlements.audit.recorded.v1"


class UsageAuditRecorded(AuditRecorded):
    """An act on usage policies or kept seats."""

    type: ClassVar[str] = "usher.usage.audit.recorded.v1"


class NotificationsAuditRecorded(AuditRecorded):
    """An act on subscriptions, templates or webhooks."""

    type: ClassVar[str] = "usher.notifications.audit.recorded.v1"


class ReportingAuditRecorded(AuditRecorded):
    """An act on exports, schedules or access to reports."""

    type: ClassVar[str] = "usher.reporting.audit.recorded.v1"


AUDIT_FACTS: dict[str, type[AuditRecorded]] = {
    fact.type.split(".")[1]: fact
    for fact in (
        IdentityAuditRecorded,
        EntitlementsAuditRecorded,
        UsageAuditRecorded,
        NotificationsAuditRecorded,
        ReportingAuditRecorded,
    )
}
"""Each service's own audit fact."""
