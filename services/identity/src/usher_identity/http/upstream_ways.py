"""What the ways by which upstreams come need to know, in requests and answers."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from usher_identity.domain.realms import Realm
from usher_identity.domain.rosters import Roster
from usher_kit.outbound.addresses import Place


class KeycloakSettings(BaseModel):
    """The realm of Keycloak that an upstream stands for."""

    model_config = ConfigDict(extra="forbid")

    realm: Annotated[str, StringConstraints(pattern=r"^[^*#\x00]*[a-zA-Z0-9_][^*#\x00]*$", max_length=150)]
    realm_id: Annotated[
        str | None, Field(max_length=200, description="Its id in Keycloak: events that name another are refused")
    ] = None
    clients: Annotated[
        tuple[Annotated[str, StringConstraints(max_length=255)], ...],
        Field(max_length=100, description="Logins to these clients alone count; without any, all do"),
    ] = ()
    organization_attribute: Annotated[
        str | None, Field(max_length=255, description="The users' attribute that has their organization's external id")
    ] = None
    exchange: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_.:-]{1,127}$")] = "amq.topic"

    @classmethod
    def of(cls, realm: Realm) -> "KeycloakSettings":
        return cls(
            realm=realm.name,
            realm_id=realm.id,
            clients=tuple(realm.clients),
            organization_attribute=realm.organization_attribute,
            exchange=realm.exchange,
        )

    def to_realm(self) -> Realm:
        return Realm(self.realm, self.realm_id, self.clients, self.organization_attribute, self.exchange)


def readable_url(url: str) -> str:
    """Raises MisnamedError, a ValueError, for what is no address."""
    Place.of(url)
    return url


Url = Annotated[str, StringConstraints(max_length=500), AfterValidator(readable_url)]
SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"


class OneRosterShown(BaseModel):
    """A roster service, and how often it is read."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[Url, Field(description="Where the service is: with its path to the collections, or without")]
    token_url: Annotated[Url | None, Field(description="Where tokens are given; else /oauth/token there")] = None
    client_id: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    scope: Annotated[str, StringConstraints(max_length=500)] = SCOPE
    every_minutes: Annotated[int, Field(ge=5, le=10_080, description="Between readings of what changed")] = 60
    full_hours: Annotated[int, Field(ge=1, le=744, description="Between readings of everything")] = 24

    @classmethod
    def of(cls, roster: Roster) -> "OneRosterShown":
        return cls(
            url=roster.url,
            token_url=roster.token_url,
            client_id=roster.client_id,
            scope=roster.scope,
            every_minutes=roster.every_minutes,
            full_hours=roster.full_hours,
        )

    def to_roster(self) -> Roster:
        parts = urlsplit(self.url)
        token_url = self.token_url or f"{parts.scheme}://{parts.netloc}/oauth/token"
        return Roster(self.url, token_url, self.client_id, self.scope, self.every_minutes, self.full_hours)


class OneRosterSettings(OneRosterShown):
    """A roster service, with the secret by which it is read. The secret is never shown again."""

    client_secret: Annotated[SecretStr, Field(min_length=1, max_length=1_000)]
