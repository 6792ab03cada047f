"""Two districts to tell stories of transfers in: their schools, and an administrator of each."""

from dataclasses import dataclass, field
from typing import Any

from httpx import Response

from .story import Caller, House, ok


@dataclass
class Neighbors:
    """`Ada District` with `north` and `south`, and `Bell District` with `bell`; who administers what by name."""

    house: House
    callers: dict[str, Caller] = field(default_factory=dict)
    people: dict[str, Any] = field(default_factory=dict)

    async def build(self) -> None:
        house = self.house
        house.organizations["bell district"] = await house.system.post("/v1/organizations", name="Bell District")
        house.organizations["bell"] = await house.unit("bell", "bell district")
        for org in ("district", "north", "south", "bell district", "bell"):
            await self.come(f"{org} admin", org, "org_admin")
        self.callers["system"] = house.system
        await house.facts()

    async def come(self, name: str, org: str, *roles: str) -> Any:
        """Somebody new, who can call as well."""
        person = await self.house.person(
            name.replace(" ", "."), org, roles=list(roles), email=f"{len(self.people)}@x.y"
        )
        self.people[name] = person
        self.callers[name] = await self.house.as_person(person)
        return person

    def org(self, name: str) -> str:
        return str(self.house.organizations[name]["id"])

    async def transfer(self, by: str, user: Any, org: str, *, dry_run: bool = False, **said: Any) -> Response:
        """Somebody asks for, or makes, a transfer."""
        headers = said.pop("headers", {})
        body = {"org_id": self.org(org) if org in self.house.organizations else org, **said}
        query = {"dry_run": "true"} if dry_run else {}
        path = f"/v1/users/{user['id']}:transfer"
        return await self.callers[by].ask("POST", path, json=body, params=query, headers=headers)

    async def asked(self, by: str, user: Any, org: str, **said: Any) -> Any:
        """A transfer that was asked for."""
        response = await self.transfer(by, user, org, **said)
        assert response.status_code == 202, response.text
        return response.json()

    async def decide(self, by: str, transfer: Any, verdict: str, **said: Any) -> Response:
        headers = said.pop("headers", {})
        path = f"/v1/transfers/{transfer['id']}:{verdict}"
        return await self.callers[by].ask("POST", path, json=said, headers=headers)

    async def seen(self, by: str, **query: Any) -> list[Any]:
        """The transfers that somebody finds."""
        return list((await self.callers[by].get("/v1/transfers", **query))["items"])

    async def state(self, by: str, transfer: Any) -> str:
        return str((await self.callers[by].get(f"/v1/transfers/{transfer['id']}"))["state"])

    async def user(self, id_: str) -> Any:
        """A person as they are now."""
        return ok(await self.house.system.ask("GET", f"/v1/users/{id_}"))
