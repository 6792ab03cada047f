"""The protocol as this service speaks it: what scim2-server says of it, and the limits and quirks of our own."""

from typing import Any, TypeVar

from scim2_models import Context, InvalidValueException, Resource, ResponseParameters
from scim2_server.responses import ScimResponse
from scim2_server.service import ScimService

from usher_identity.domain.scim import USER
from usher_identity.scim.resources import PROVIDER

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


SERVICE = Service(PROVIDER)
