"""Facts that identity owns: organizations, people, their profiles and their logins (messages: The catalogue)."""

from datetime import date
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from usher_contracts.envelope import Fact, StateFact, Time

Role = Literal["learner", "observer", "observable", "reporter", "org_admin", "system_admin"]
UserStatus = Literal["invited", "active", "suspended", "archived", "deleted"]
OrganizationStatus = Literal["active", "archived", "deleted"]
LoginMethod = Literal["password", "sso", "import", "api"]


class OrganizationChanged(StateFact):
    """A tenant (`parent_id` null, `id` = `tenant_id`) or a unit inside one."""

    type: ClassVar[str] = "usher.identity.organization.changed.v1"

    id: UUID
    external_id: str | None = None
    name: str
    kind: str
    parent_id: UUID | None = None
    status: OrganizationStatus = "active"
    time_zone: str = "UTC"

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID:
        return self.id


class HeldRole(BaseModel):
    """A role that a person holds, from whatever sources, and since when without a break."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    role: Role
    since: Time


class UserChanged(StateFact):
    """A person's place, status and roles, and since when each of these holds. No personal data."""

    type: ClassVar[str] = "usher.identity.user.changed.v1"

    id: UUID
    org_id: UUID
    status: UserStatus
    status_since: Time
    status_reason: Literal["transferred"] | None = None
    """Why the status holds where it does not say so itself: archived, since they went to another tenant."""
    roles: Annotated[tuple[HeldRole, ...], Field(max_length=32)] = ()

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID:
        return self.org_id


class UserProfileChanged(StateFact):
    """A person's names and addresses: the only message with personal data. Never bound to the log."""

    type: ClassVar[str] = "usher.identity.user_profile.changed.v1"

    id: UUID
    org_id: UUID
    external_id: str | None = None
    user_name: str
    display_name: str
    email: str | None = None

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID:
        return self.org_id


class UserLoggedIn(Fact):
    """A person logged in. It has no version: consumers keep (user, at)."""

    type: ClassVar[str] = "usher.identity.user.logged_in.v1"

    user_id: UUID
    org_id: UUID
    at: Time
    method: LoginMethod = "api"

    @property
    def subject(self) -> str:
        return str(self.user_id)

    @property
    def unit(self) -> UUID:
        return self.org_id


class Break(BaseModel):
    """Days on which nobody is expected: from the first to the last, both included, in the organization's time zone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    first: date
    last: date


class CalendarChanged(StateFact):
    """An organization's breaks, all of them: days in a break pause the inactivity clock (seats: Usage)."""

    type: ClassVar[str] = "usher.identity.calendar.changed.v1"

    org_id: UUID
    is_set: bool = True
    """Whether the organization has a calendar of its own; without one, the nearest ancestor's holds."""
    breaks: Annotated[tuple[Break, ...], Field(max_length=500)] = ()

    @property
    def subject(self) -> str:
        return str(self.org_id)

    @property
    def unit(self) -> UUID:
        return self.org_id


class ChangeSetHeld(StateFact):
    """Changes that the guard on mass loss holds back, and what became of them (seats: A guard on mass loss)."""

    type: ClassVar[str] = "usher.identity.change_set.held.v1"

    id: UUID
    org_id: UUID
    source: str
    status: Literal["held", "approved", "rejected"]
    would_deactivate: int
    would_remove_roles: int
    of_people: int
    share_percent: int
    """The share that was exceeded, in percent of the organization's people."""

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID:
        return self.org_id


class TransferChanged(StateFact):
    """A transfer that somebody asked for, and what became of it (seats: Transfer). No personal data.

    Between two tenants each has one of its own, with an id of its own, that says nothing of the other's people.
    """

    type: ClassVar[str] = "usher.identity.transfer.changed.v1"

    id: UUID
    direction: Literal["within", "out", "in"]
    """Within the tenant, or its side of a transfer out of it or into it."""
    status: Literal["asked", "approved", "rejected", "withdrawn", "lapsed"]
    user_id: UUID | None = None
    """Unknown to a tenant that somebody is to come into, until it has agreed."""
    from_org_id: UUID | None = None
    to_org_id: UUID | None = None
    asked_org_id: UUID | None = None
    """The organization, of this tenant, whose side asks; null where that is another tenant's."""
    decides_org_id: UUID | None = None
    """The organization, of this tenant, whose administrators decide; null where that is another tenant's."""

    @property
    def subject(self) -> str:
        return str(self.id)

    @property
    def unit(self) -> UUID | None:
        return self.decides_org_id or self.asked_org_id
