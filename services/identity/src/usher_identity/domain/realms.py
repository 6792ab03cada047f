"""Realms of Keycloak: what an upstream is told of the one that it stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Realm:
    """One realm, as whoever connected it described it."""

    name: str
    id: str | None = None
    """Its id in Keycloak, where events of any other are to be refused."""
    clients: Sequence[str] = ()
    """Only logins to these count; without any, all do."""
    organization_attribute: str | None = None
    """The attribute of a user that holds the external id of their organization; without one, all are in the
    upstream's own."""
    exchange: str = "amq.topic"

    def organization_of(self, attributes: Mapping[str, Sequence[str]]) -> str | None:
        """Where a user belongs by their attributes; None where these do not say it."""
        values = attributes.get(self.organization_attribute or "", ())
        return values[0] if values else None

    def is_of(self, realm_id: str | None) -> bool:
        """Whether an event that names a realm may be this one's; some releases give its name for its id."""
        return self.id is None or realm_id is None or realm_id in (self.id, self.name)

    def counts(self, client_id: str | None) -> bool:
        """Whether a login to this client counts."""
        return not self.clients or client_id in self.clients
