"""Identity's answers: who is signed in, people with their roles, and organizations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator

from usher_console.clients.calls import Answer, ServiceClient

PAGE = 500
MOST_ORGANIZATIONS = 2_000


def role_name(role: object) -> object:
    """A role as its name, whether it comes with since when and from whom, or alone."""
    return role.get("role") if isinstance(role, dict) else role


RoleName = Annotated[str, BeforeValidator(role_name)]


class Person(Answer):
    id: UUID
    tenant_id: UUID | None = None
    org_id: UUID | None = None
    user_name: str = ""
    display_name: str = ""
    email: str | None = None
    status: str = "active"
    roles: Sequence[RoleName] = ()
    version: int = 0

    @property
    def name(self) -> str:
        return self.display_name or self.user_name


class Me(Person):
    """The person whose token asks."""

    organization: str = ""


class PersonPage(Answer):
    items: Sequence[Person] = ()
    next_cursor: str | None = None


class Organization(Answer):
    id: UUID
    name: str
    kind: str | None = None
    parent_id: UUID | None = None
    status: str = "active"


class OrganizationPage(Answer):
    items: Sequence[Organization] = ()
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What the console asks of identity. Each method raises as `ServiceClient.get` does."""

    calls: ServiceClient

    async def me(self, token: str) -> Me:
        return await self.calls.get("/v1/me", token, Me)

    async def person(self, token: str, user_id: UUID) -> Person:
        return await self.calls.get(f"/v1/users/{user_id}", token, Person)

    async def people(self, token: str, **filters: Any) -> PersonPage:
        """One page of people; `filters` are those of identity's /v1/users, empty ones not applied."""
        return await self.calls.get("/v1/users", token, PersonPage, **filters)

    async def set_roles(self, token: str, person: Person, roles: Sequence[str]) -> Person:
        """The person with exactly these roles; refused (412) when somebody else has changed them since."""
        body = {"roles": list(roles)}
        return await self.calls.put(f"/v1/users/{person.id}/roles", token, Person, body, version=person.version)

    async def organization(self, token: str, org_id: UUID) -> Organization:
        return await self.calls.get(f"/v1/organizations/{org_id}", token, Organization)

    async def organizations(self, token: str) -> list[Organization]:
        """Every organization that the caller may see, as far as a choice among them can hold."""
        found: list[Organization] = []
        cursor: str | None = None
        while len(found) < MOST_ORGANIZATIONS:
            page = await self.calls.get("/v1/organizations", token, OrganizationPage, limit=PAGE, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                break
        return found
