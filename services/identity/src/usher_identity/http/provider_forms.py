"""What `/v1/identity-providers` takes and answers."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, StringConstraints

from usher_identity.domain.identity_providers import IdentityProvider, Way
from usher_identity.http.providers import redirect_uri
from usher_kit.runtime import Runtime

ProviderName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]+$")]
Secret = Annotated[SecretStr, StringConstraints(min_length=1, max_length=1_000)]
Scopes = Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^[!#-\[\]-~]{1,200}$")], ...], Field(max_length=20)]
Mapping = Annotated[
    dict[Line, Annotated[tuple[Annotated[str, StringConstraints(max_length=40)], ...], Field(max_length=10)]],
    Field(max_length=500, description="Its words for roles (of the claim `claims.roles`), each with what it gives"),
]
Domains = Annotated[
    tuple[Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9.-]{1,250}$")], ...],
    Field(max_length=100, description="Of e-mail addresses that lead to it; a system administrator's to set"),
]
LinksBy = Annotated[
    tuple[Way, ...],
    Field(max_length=3, description="By what it is trusted to name people here whom it has not named before"),
]


class Claims(BaseModel):
    """Which claim says what; a dotted path leads into objects, as `realm_access.roles`."""

    model_config = ConfigDict(extra="forbid")

    user_name: Line = "preferred_username"
    email: Line = "email"
    display_name: Line = "name"
    external_id: Line | None = None
    roles: Line | None = None


class Choices(BaseModel):
    """What may be chosen, and changed later."""

    model_config = ConfigDict(extra="forbid")

    title: Line | None = Field(None, description="What its button says; its name without one")
    client_id: Line
    scopes: Scopes = ("openid", "profile", "email")
    claims: Claims = Field(default_factory=Claims)
    mapping: Mapping = Field(default_factory=dict)
    links_by: LinksBy = ()
    creates_people: bool = False
    domains: Domains = ()
    is_offered: bool = False
    """Shown on everybody's sign-in page; a system administrator's to set."""


class ProviderRequest(Choices):
    """A provider for the people of `org_id` and its units; with `serves_all`, for those of every tenant."""

    name: ProviderName
    org_id: UUID
    issuer: Address
    client_secret: Secret
    serves_all: bool = False


class ProviderPatch(BaseModel):
    """What is to be different; claims, mapping and lists are given whole. An issuer stays: add another provider."""

    model_config = ConfigDict(extra="forbid")

    title: Line | None = None
    client_id: Line | None = None
    client_secret: Secret | None = None
    scopes: Scopes | None = None
    claims: Claims | None = None
    mapping: Mapping | None = None
    links_by: LinksBy | None = None
    creates_people: bool | None = None
    domains: Domains | None = None
    is_offered: bool | None = None


class ProviderAnswer(BaseModel):
    """A provider. `redirect_uri` is what to enter there; its secret is never told again."""

    id: UUID
    tenant_id: UUID
    name: str
    org_id: UUID
    title: str
    issuer: str
    client_id: str
    scopes: list[str]
    claims: Claims
    mapping: dict[str, list[str]]
    links_by: list[Way]
    creates_people: bool
    domains: list[str]
    is_offered: bool
    serves_all: bool
    redirect_uri: str
    sign_in_address: str
    created_at: datetime
    version: int


class DiscoveryAnswer(BaseModel):
    """What a provider says of itself, and how many of its keys can be used."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    keys: int


def to_answer(one: IdentityProvider, runtime: Runtime) -> ProviderAnswer:
    console: str = runtime.settings.console_url.rstrip("/")
    return ProviderAnswer(
        id=one.id,
        tenant_id=one.tenant_id,
        name=one.name,
        org_id=one.org_id,
        title=one.title,
        issuer=one.issuer,
        client_id=one.client_id,
        scopes=list(one.scopes),
        claims=Claims(**asdict(one.claims)),
        mapping={word: list(roles) for word, roles in one.mapping.items()},
        links_by=list(one.links_by),
        creates_people=one.creates_people,
        domains=list(one.domains),
        is_offered=one.is_offered,
        serves_all=one.serves_all,
        redirect_uri=redirect_uri(runtime, one.id),
        sign_in_address=f"{console}/sign-in?provider={one.id}",
        created_at=one.created_at,
        version=one.version,
    )


def state(one: IdentityProvider) -> dict[str, JsonValue]:
    """What is written down of a provider: never its secret."""
    return {
        "org_id": str(one.org_id),
        "issuer": one.issuer,
        "client_id": one.client_id,
        "words": len(one.mapping),
        "links_by": [*one.links_by],
        "creates_people": one.creates_people,
        "domains": [*one.domains],
        "is_offered": one.is_offered,
        "serves_all": one.serves_all,
        "version": one.version,
    }
