"""Commands that upstream systems publish to Usher, and the outcome that each gets (messages: The catalogue)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from usher_contracts.envelope import Envelope, Time, routing_key

ExternalId = Annotated[str, Field(min_length=1, max_length=200)]
Name = Annotated[str, Field(min_length=1, max_length=300)]
UpstreamRole = Annotated[str, Field(min_length=1, max_length=100)]
"""A role, in Usher's words or in the sender's own, which a mapping of the source translates."""

OutcomeStatus = Literal["taken", "held", "stale", "refused"]


class Command(BaseModel):
    """What an upstream system asks for. Tenant and source are in the routing key, the order in `ce-sequence`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]


class OrganizationUpsert(Command):
    """Create or replace a unit by its external id."""

    type: ClassVar[str] = "usher.upstream.organization.upsert.v1"

    external_id: ExternalId
    name: Name
    kind: Annotated[str, Field(max_length=60)] = "school"
    parent_external_id: ExternalId | None = None
    time_zone: str | None = None


class UserUpsert(Command):
    """Create or replace a person by their external id. Roles that are given are all that this source gives."""

    type: ClassVar[str] = "usher.upstream.user.upsert.v1"

    external_id: ExternalId
    user_name: Name
    display_name: Name
    email: Annotated[str, Field(max_length=320)] | None = None
    organization: ExternalId
    roles: Annotated[tuple[UpstreamRole, ...], Field(max_length=32)] = ()
    status: Literal["invited", "active", "suspended", "archived"] = "active"


class RolesCommand(Command):
    """Roles of one person, as this source gives them."""

    external_id: ExternalId
    roles: Annotated[tuple[UpstreamRole, ...], Field(max_length=32)]


class RolesSet(RolesCommand):
    """These are all the roles that this source gives the person."""

    type: ClassVar[str] = "usher.upstream.roles.set.v1"


class RolesAdd(RolesCommand):
    """The person has these roles from the source too."""

    type: ClassVar[str] = "usher.upstream.roles.add.v1"


class RolesRemove(RolesCommand):
    """The person no longer has these roles from the source."""

    type: ClassVar[str] = "usher.upstream.roles.remove.v1"


class UserTransfer(Command):
    """The person belongs to another organization of the tenant."""

    type: ClassVar[str] = "usher.upstream.user.transfer.v1"

    external_id: ExternalId
    organization: ExternalId


class UserArchive(Command):
    """The person has left."""

    type: ClassVar[str] = "usher.upstream.user.archive.v1"

    external_id: ExternalId


class UserDelete(Command):
    """The person and their personal data are to go."""

    type: ClassVar[str] = "usher.upstream.user.delete.v1"

    external_id: ExternalId


class Login(Command):
    """The person logged in."""

    type: ClassVar[str] = "usher.upstream.login.v1"

    external_id: ExternalId
    at: Time


class Outcome(Command):
    """What became of a command; on a queue that only its sender can read."""

    type: ClassVar[str] = "usher.upstream.outcome.v1"

    command_id: str
    status: OutcomeStatus
    detail: str = ""
    unmapped_roles: tuple[str, ...] = ()
    user_id: UUID | None = None
    user_version: int | None = None


COMMANDS: Mapping[str, type[Command]] = {
    command.type: command
    for command in (
        OrganizationUpsert,
        UserUpsert,
        RolesSet,
        RolesAdd,
        RolesRemove,
        UserTransfer,
        UserArchive,
        UserDelete,
        Login,
        Outcome,
    )
}

UNSAID = datetime.min.replace(tzinfo=UTC)
"""The `time` of a command that gives a sequence instead."""


class SentCommand(Envelope):
    """A command as it came: tenant and upstream are those of its routing key."""

    subject: str = ""
    time: Time = UNSAID
    upstream: str
    sequence: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    data: Command

    @property
    def key(self) -> str:
        return command_key(self.tenantid, self.upstream, self.type)

    def body(self) -> bytes:
        """What the message carries."""
        return self.data.model_dump_json().encode()

    def attributes(self) -> dict[str, str]:
        """As of any message, with what orders the command."""
        named = super().attributes()
        if self.time == UNSAID:
            del named["time"]
        return named if self.sequence is None else {**named, "sequence": str(self.sequence)}


def command_key(tenant_id: UUID, upstream: str, type_: str) -> str:
    """The routing key of an upstream's command: `<tenant>.<upstream>.<type without the leading "usher.">`."""
    return f"{tenant_id}.{upstream}.{routing_key(type_)}"
