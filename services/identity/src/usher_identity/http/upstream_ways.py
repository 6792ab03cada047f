"""What the ways by which upstreams come need to know, in requests and answers."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from usher_identity.domain.realms import Realm


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
