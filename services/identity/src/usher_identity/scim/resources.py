"""The resources that SCIM clients may say, what this service can do, and how far clients may depart from the RFCs."""

from typing import Annotated, Any, cast

from pydantic import Field, model_validator
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Filter,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
)
from scim2_models import Email as StandardEmail
from scim2_models import EnterpriseUser as StandardEnterpriseUser
from scim2_models import Group as StandardGroup
from scim2_models import User as StandardUser

MAX_OPERATIONS = 1_000
MAX_BULK_BYTES = 4 * 1024 * 1024
MAX_RESULTS = 500
"""Resources in one page."""

MAX_FILTER = 4_000
"""Characters of a filter, or of a PATCH's path; clients that ask more do so by several requests."""

MAX_CHANGES = 100
"""Operations of one PATCH: each costs a copy of what it changes. Very many members are one operation's value."""

MAX_BULK_CHANGES = 2_000
"""Operations of all PATCHes of a bulk."""


class Email(ComplexAttribute):
    """An address as it is given: identity providers send also what no mail could be sent to."""

    value: str | None = None
    display: str | None = None
    type: StandardEmail.Type | None = None
    primary: bool | None = None


class Manager(ComplexAttribute):
    """A manager; Entra ID gives their id alone, without a reference and as mere text."""

    value: Annotated[str | None, Required.true, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Required.false] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display_name: Annotated[str | None, Mutability.read_only] = None

    @model_validator(mode="before")
    @classmethod
    def take_an_id(cls, given: Any) -> Any:
        return {"value": given} if isinstance(given, str) else given


class EnterpriseUser(StandardEnterpriseUser):
    manager: Manager | None = None  # type: ignore[assignment]


class User(StandardUser):  # type: ignore[type-arg]
    emails: list[Email] | None = None  # type: ignore[assignment]

    Emails = Email


class Member(ComplexAttribute):
    """A member of a group: a user. The name that clients send beside it is left out, as the user has it already."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true, Required.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])


class Group(StandardGroup):
    members: list[Member] | None = None  # type: ignore[assignment]

    Members = Member


USER_MODEL = User[EnterpriseUser]  # type: ignore[type-arg]

CONFIG = ServiceProviderConfig(
    documentation_uri=None,
    patch=Patch(supported=True),
    bulk=Bulk(supported=True, max_operations=MAX_OPERATIONS, max_payload_size=MAX_BULK_BYTES),
    filter=Filter(supported=True, max_results=MAX_RESULTS),
    change_password=ChangePassword(supported=False),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Bearer token",
            description="The token that `usher upstream add --kind scim` printed",
            primary=True,
        )
    ],
)

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""As Entra ID and Okta need it: unknown schemas and attributes are left out, `Remove members` takes values."""

PROVIDER = ScimProvider(
    models=[User, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(USER_MODEL), ResourceType.from_resource(Group)],
    config=CONFIG,
    policy=POLICY,
)

MODELS: dict[str, type[Resource[Any]]] = {
    "User": cast("type[Resource[Any]]", USER_MODEL),
    "Group": Group,
}
