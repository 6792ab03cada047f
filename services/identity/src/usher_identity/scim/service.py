"""The protocol as this service speaks it: what scim2-server says of it, and the limits and quirks of our own."""

from collections.abc import Sequence
from typing import Any, TypeVar

import orjson
from scim2_models import (
    Context,
    InvalidPathException,
    InvalidValueException,
    PatchOp,
    PayloadTooLargeException,
    Resource,
    ResourceType,
    ResponseParameters,
)
from scim2_server.bulk import BulkPlan
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService

from usher_identity.domain.scim import USER
from usher_identity.scim.resources import MAX_BULK_CHANGES, MAX_CHANGES, MAX_FILTER, PROVIDER

ModelT = TypeVar("ModelT", bound=Any)

NUL = (b"\\u0000", b"\x00")
"""Ways to write a character that no text of a database can hold."""


class Service(ScimService):
    """Members and groups are left out of what it shows: they are added from their rows (`shown`)."""

    def read_body(self, model: type[ModelT], body: bytes, content_type: str | None, scim_ctx: Context) -> ModelT:
        """As the library does, but for bodies with a character that cannot be kept."""
        if any(one in body for one in NUL):
            raise InvalidValueException(detail="The body holds the character NUL, which can't be kept; leave it out")
        return super().read_body(model, body, content_type, scim_ctx)

    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> "PatchOp[Any]":
        check_changes([decoded(body)])
        return super().read_patch(resource_type, body, content_type)

    def read_bulk(self, body: bytes, content_type: str | None) -> BulkPlan:
        check_changes([of(one, "data") for one in listed(decoded(body))])
        return super().read_bulk(body, content_type)

    def publish(self, base_url: str, resource: Resource[Any]) -> Resource[Any]:
        """The resource in the form that is sent. Only a manager is a reference to another one."""
        if resource.meta is None:
            return resource
        shown = resource.model_copy()
        kind = self.get_resource_type_of(resource)
        shown.meta = resource.meta.model_copy(
            update={"location": self.resource_location(base_url, kind, str(resource.id))}
        )
        return shown

    def patch_response(
        self, base_url: str, resource: Resource[Any], response_parameters: ResponseParameters[Any]
    ) -> ScimResponse:
        """A user whole, as Entra ID and Okta expect it; of a group, which may be large, only what is asked for."""
        if self.get_resource_type_of(resource).id != USER:
            return super().patch_response(base_url, resource, response_parameters)
        published = self.publish(base_url, resource)
        return self.resource_response(published, Context.RESOURCE_REPLACEMENT_RESPONSE, response_parameters)


def check_changes(patches: Sequence[Any]) -> None:
    """Raises SCIMException for PATCHes that would take too long to read or to do; they are not validated yet."""
    each = [listed(one) for one in patches]
    if any(len(one) > MAX_CHANGES for one in each):
        raise PayloadTooLargeException(detail=f"A PATCH has more than {MAX_CHANGES} operations; send several")
    if sum(map(len, each)) > MAX_BULK_CHANGES:
        raise PayloadTooLargeException(detail=f"The bulk's PATCHes have more than {MAX_BULK_CHANGES} operations")
    paths = (of(change, "path") for changes in each for change in changes)
    if any(isinstance(path, str) and len(path) > MAX_FILTER for path in paths):
        raise InvalidPathException(detail=f"A path is longer than {MAX_FILTER} characters")


def decoded(body: bytes) -> Any:
    """The body's JSON; None for what is none, of which the library tells."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def of(said: Any, name: str) -> Any:
    """An attribute of what may be an object; names ignore case (RFC 7643, 2.1)."""
    return next((value for key, value in said.items() if key.lower() == name), None) if isinstance(said, dict) else None


def listed(said: Any) -> list[Any]:
    operations = of(said, "operations")
    return operations if isinstance(operations, list) else []


SERVICE = Service(PROVIDER)
