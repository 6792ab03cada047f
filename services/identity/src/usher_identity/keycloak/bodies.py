"""The bodies of Keycloak's events, and the representations in them, as far as they are looked at."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(max_length=300)]
UserName = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Email = Annotated[str, StringConstraints(max_length=320)]
Label = Annotated[str, StringConstraints(max_length=2_000)]
Millis = Annotated[int, Field(ge=0, lt=253_402_300_800_000)]
"""Since 1970, to the end of the year 9999."""


class Body(BaseModel):
    """What every event has."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Id | None = None
    time: Millis
    realm_id: Annotated[Id | None, Field(alias="realmId")] = None
    error: str | None = None


class AdminBody(Body):
    """What an administrator did."""

    resource_type: Annotated[str, Field(alias="resourceType", max_length=100)] = ""
    named_type: Annotated[str, Field(alias="resourceTypeAsString", max_length=100)] = ""
    operation: Annotated[str, Field(alias="operationType", max_length=100)]
    path: Annotated[str | None, Field(alias="resourcePath")] = None
    representation: str | None = None

    @property
    def what(self) -> str:
        return f"{self.resource_type or self.named_type}.{self.operation}"


class ClientBody(Body):
    """What somebody did for themselves."""

    type: Annotated[str, Field(max_length=100)]
    client_id: Annotated[str | None, Field(alias="clientId")] = None
    user_id: Annotated[Id | None, Field(alias="userId")] = None
    details: Mapping[str, str | None] | None = None

    @property
    def what(self) -> str:
        return self.type


class UserShown(BaseModel):
    """A user's representation. What is missing or null was left as it is."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    user_name: Annotated[UserName | None, Field(alias="username")] = None
    given_name: Annotated[Text | None, Field(alias="firstName")] = None
    family_name: Annotated[Text | None, Field(alias="lastName")] = None
    email: Email | None = None
    enabled: bool | None = None
    attributes: Mapping[str, tuple[str, ...]] | None = None
    groups: tuple[Label, ...] | None = None


class Shown(BaseModel):
    """A role's or a group's representation."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Id | None = None
    name: Label
    path: Label | None = None
