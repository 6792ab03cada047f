"""What Keycloak's events say, in the form of commands: they take the same road from here on."""

from collections.abc import Mapping
from typing import ClassVar

from usher_contracts.upstream import Command, Login, SentCommand


class PersonSaid(Command):
    """A person as far as an event speaks of them; of what is None or missing it says nothing."""

    type: ClassVar[str] = "keycloak.person"

    external_id: str
    parts: Mapping[str, str] = {}
    """Of the profile (`Sayings.parts`)."""
    is_enabled: bool | None = None
    attributes: Mapping[str, tuple[str, ...]] = {}
    words: Mapping[str, str | None] = {}
    """Roles and groups by their ids, each with what it is called, or None where it was taken."""


class ClientLogin(Login):
    """Somebody logged in to a client of the realm."""

    type: ClassVar[str] = "keycloak.login"

    client_id: str | None = None
    known_as: str | None = None
    """What they signed in by: mostly their user name."""


class Ignored(Command):
    """An event that says nothing of people here."""

    type: ClassVar[str] = "keycloak.ignored"

    what: str
    """Of which kind it is, such as `GROUP.CREATE`."""
    why: str


class SentEvent(SentCommand):
    """An event as it came. Whose it is, the realm in its routing key tells: `tenantid` is the operators' until then."""

    routing_key: str
    realm: str
    realm_id: str | None
    raw: bytes

    @property
    def key(self) -> str:
        return self.routing_key

    def body(self) -> bytes:
        return self.raw
