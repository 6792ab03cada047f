"""One upstream's resources during one request: loaded at once, changed in memory, and read from the database."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from scim2_models import (
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
    SearchRequest,
    UniquenessException,
)
from scim2_server.storage import AsyncScimStorage, SearchPage
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.scim import GROUP, USER, Saved, Stored
from usher_identity.domain.scim import Space as Owner
from usher_identity.scim.filters import condition
from usher_identity.scim.kept import etag, to_resource, to_saved, to_stored
from usher_identity.scim.resources import MAX_RESULTS, MODELS, Member
from usher_identity.scim.sorting import sort_paths
from usher_identity.store.scim import load_resources
from usher_identity.store.scim_members import Membership, load_memberships
from usher_identity.store.scim_search import Asked, Wanted, search
from usher_kit.ids import new_id


@dataclass(slots=True)
class Draft:
    """What one request says so far; each thing with the number of the operation that said it."""

    saved: dict[str, tuple[int, Saved]] = field(default_factory=dict)
    removed: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Kinds by id."""
    added: dict[Membership, int] = field(default_factory=dict)
    taken: dict[Membership, int] = field(default_factory=dict)
    words_before: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of groups that are changed, what they stood for, and by which name."""


@dataclass(slots=True)
class Space(AsyncScimStorage):
    """The storage that the protocol's handler works on. Nothing is written until the draft is settled."""

    conn: AsyncConnection
    owner: Owner
    at: datetime
    refused: Mapping[int, SCIMException] = field(default_factory=dict)
    """Operations of which an earlier round showed that they may not be."""
    draft: Draft = field(default_factory=Draft)
    operation_number: int = 0
    loaded: dict[str, Stored | None] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    """Of groups, the members that are known: all, or those that the request is about."""
    asked: dict[str, Collection[str] | None] = field(default_factory=dict)
    """Of groups, the members that are to be known; None is all."""

    async def load(self, ids: Iterable[str], asked: Mapping[str, Collection[str] | None]) -> None:
        """Load resources, and of groups these members, before operations need them one by one."""
        missing = {one for one in ids if one not in self.loaded}
        if missing:
            found = await load_resources(self.conn, self.owner, missing)
            self.loaded.update({one: found.get(one) for one in missing})
        self.asked.update(asked)
        wanted = {group: users for group, users in asked.items() if group not in self.members}
        whole = [group for group, users in wanted.items() if users is None]
        some = [(group, user) for group, users in wanted.items() for user in users or ()]
        if not wanted:
            return
        self.members.update({group: set() for group in wanted})
        for group, user in await load_memberships(self.conn, self.owner, whole, some):
            self.members[group].add(user)

    async def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """A resource; a group has the members that the request is about, and none where it is merely read."""
        stored = await self.stored(resource_type, resource_id)
        resource = to_resource(stored)
        if stored.kind == GROUP and response_parameters is None:
            await self.load([], {resource_id: self.asked.get(resource_id)})
            self.show_members(resource, self.members[resource_id])
        return resource

    async def stored(self, resource_type: ResourceType, resource_id: str) -> Stored:
        """Raises NotFoundException for what is not there, or is of another kind."""
        if resource_id in self.draft.saved:
            found: Stored | None = self.draft.saved[resource_id][1].stored
        elif resource_id in self.draft.removed:
            found = None
        else:
            await self.load([resource_id] if is_storable(resource_id) else [], {})
            found = self.loaded.get(resource_id)
        if found is None or found.kind != resource_type.id:
            raise NotFoundException(detail=f"No {resource_type.id} of this id is here")
        return found

    async def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Draft a new resource."""
        self.heed_refusal()
        made = resource.model_copy()
        made.id = str(new_id())
        self.loaded[made.id] = None
        self.members[made.id] = set()
        self.asked[made.id] = ()
        return self.put(str(resource_type.id), made, None)

    async def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Draft a resource's new state."""
        self.heed_refusal()
        before = await self.stored(resource_type, str(resource.id))
        if expected_version is not None and expected_version != etag(before.version):
            raise PreconditionFailedException
        return self.put(str(resource_type.id), resource, before)

    async def delete(
        self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None
    ) -> None:
        """Draft that a resource goes."""
        self.heed_refusal()
        before = await self.stored(resource_type, resource_id)
        if expected_version is not None and expected_version != etag(before.version):
            raise PreconditionFailedException
        self.draft.saved.pop(resource_id, None)
        self.draft.added = {one: by for one, by in self.draft.added.items() if resource_id not in one}
        self.draft.removed[resource_id] = (self.operation_number, before.kind)

    def heed_refusal(self) -> None:
        if refusal := self.refused.get(self.operation_number):
            raise refusal

    def put(self, kind: str, resource: Resource[Any], before: Stored | None) -> Resource[Any]:
        version = before.version + 1 if before else 1
        stored = to_stored(kind, resource, version, before.created_at if before else self.at, self.at)
        saved = to_saved(stored)
        if kind == USER:
            self.check_name(saved)
        else:
            self.take_members(str(resource.id), {str(one.value) for one in getattr(resource, "members", None) or ()})
            if before and stored.id not in self.draft.words_before:
                known = to_saved(before)
                self.draft.words_before[stored.id] = (known.name, *known.words)
        self.draft.saved[stored.id] = (self.operation_number, saved)
        return to_resource(stored)

    def check_name(self, saved: Saved) -> None:
        """Raises UniquenessException for a user name that another operation gives too."""
        for _, other in self.draft.saved.values():
            if other.stored.kind == USER and other.name == saved.name and other.stored.id != saved.stored.id:
                raise UniquenessException(detail="Another user has this userName")

    def take_members(self, group_id: str, wanted: set[str]) -> None:
        """Draft what differs from the members that are known."""
        known = self.members[group_id]
        for user in wanted - known:
            self.draft.taken.pop((group_id, user), None)
            self.draft.added[group_id, user] = self.operation_number
        for user in known - wanted:
            if self.draft.added.pop((group_id, user), None) is None:
                self.draft.taken[group_id, user] = self.operation_number
        self.members[group_id] = wanted

    def show_members(self, group: Resource[Any], users: Iterable[str]) -> None:
        members = [Member(value=user) for user in sorted(users)]
        setattr(group, "members", members or None)  # noqa: B010 (the model is a group's, which its type does not say)

    async def search(
        self, resource_types: list[ResourceType], search_request: SearchRequest[Any], *, position: Any = None
    ) -> SearchPage:
        """One page, by the database; nothing of the draft is in it, since no request both writes and searches."""
        _ = position
        wanted = [self.wanted(str(one.id), search_request) for one in resource_types]
        asked = Asked(
            wanted,
            sort_paths([MODELS[one.kind] for one in wanted], search_request),
            search_request.sort_order == SearchRequest.SortOrder.descending,
            search_request.start_index_0 or 0,
            MAX_RESULTS if search_request.count is None else search_request.count,
        )
        total, found = await search(self.conn, self.owner, asked)
        return SearchPage(total, [to_resource(one) for one in found])

    @staticmethod
    def wanted(kind: str, search_request: SearchRequest[Any]) -> Wanted:
        if search_request.filter is None:
            return Wanted(kind)
        asked = condition(kind, search_request.filter)
        return Wanted(kind, asked.path, asked.keys, asked.names_related)

    @asynccontextmanager
    async def operation(self) -> AsyncIterator[None]:
        yield


def is_storable(text: str) -> bool:
    """Whether a text from an address can be one in the database."""
    return "\x00" not in text and text.isprintable()
