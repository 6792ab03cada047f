"""Serving requests: the library's handler, which here knows beforehand what an operation will need."""

from collections.abc import Collection
from typing import Any, cast

from scim2_models import BulkOperation, PatchOp, Resource, ResourceType
from scim2_server.bulk import BulkPlan, BulkStep
from scim2_server.conditions import Conditions
from scim2_server.handler import AsyncScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation

from usher_identity.domain.scim import GROUP
from usher_identity.scim.kept import to_resource
from usher_identity.scim.members import members_of
from usher_identity.scim.service import SERVICE
from usher_identity.scim.space import Space


class Handler(AsyncScimHandler):
    """Loads a bulk's resources at once, and of a group's members those that a PATCH is about."""

    storage: Space

    def __init__(self, space: Space) -> None:
        super().__init__(SERVICE, space)

    async def bulk(self, request: ScimRequest) -> ScimResponse:
        """A bulk: what its operations name is loaded before, and what they say is settled after them all."""
        with self.service.provider:
            self.service.route(request, Operation.bulk)
            plan = self.service.read_bulk(request.body, request.header("Content-Type"))
            await self.storage.load(*needs_of(plan))
            for step in plan:
                result, resource = await self.run_bulk_step(request, plan, step)
                plan.record(step, result, resource)
            return self.service.bulk_response(plan)

    async def run_bulk_step(
        self, request: ScimRequest, plan: BulkPlan, step: BulkStep
    ) -> tuple[dict[str, Any], Resource[Any] | None]:
        self.storage.operation_number = step.index
        return await super().run_bulk_step(request, plan, step)

    async def patch_resource(
        self, resource_type: ResourceType, resource_id: str, patch_op: "PatchOp[Any]", conditions: Conditions
    ) -> Resource[Any]:
        if resource_type.id == GROUP and resource_id not in self.storage.members:
            self.storage.asked[resource_id] = members_of(patch_op)
        return await super().patch_resource(resource_type, resource_id, patch_op, conditions)

    async def delete_resource(self, resource_type: ResourceType, resource_id: str, conditions: Conditions) -> None:
        """As the library does, but a group's members are not looked at."""
        stored = await self.storage.stored(resource_type, resource_id)
        self.service.check_deletion(to_resource(stored), conditions)
        await self.storage.delete(resource_type, resource_id)


def needs_of(plan: BulkPlan) -> tuple[set[str], dict[str, Collection[str] | None]]:
    """The ids of resources that a bulk's operations name, and of groups the members that they are about."""
    ids: set[str] = set()
    asked: dict[str, Collection[str] | None] = {}
    for operation in plan.operations:
        id_ = operation.resource_id if operation.method != BulkOperation.Method.post else None
        if id_ is None or id_.startswith("bulkId:"):
            continue
        ids.add(id_)
        if not (operation.path or "").lower().lstrip("/").startswith("groups/"):
            continue
        is_patch = operation.method == BulkOperation.Method.patch and isinstance(operation.data, PatchOp)
        users = members_of(cast("PatchOp[Any]", operation.data)) if is_patch else None
        known = asked.get(id_, ())
        if operation.method != BulkOperation.Method.delete:
            asked[id_] = None if users is None or known is None else {*known, *users}
    return ids, asked
