"""A SCIM client of an organization, as an identity provider is one: what it sends, and whom it brought about."""

from typing import Any

from httpx import Response

from .story import Caller, House, ok

ROOT = "/scim/v2"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
TEACHERS = {"Teachers": ["learner", "observable"]}


class Client(Caller):
    """Says users and groups under `/scim/v2`."""

    async def send(self, method: str, path: str, body: Any = None, **request: Any) -> Response:
        if body is not None:
            request["json"] = body
        return await self.ask(method, f"{ROOT}{path}", **request)

    async def show(self, path: str, **query: Any) -> Any:
        return ok(await self.send("GET", path, params=query))

    async def user(self, name: str, /, **more: Any) -> Any:
        return ok(await self.send("POST", "/Users", {"schemas": [USER], "userName": name, **more}))

    async def group(self, name: str, /, *members: Any, **more: Any) -> Any:
        listed = [{"value": one["id"]} for one in members]
        return ok(
            await self.send("POST", "/Groups", {"schemas": [GROUP], "displayName": name, "members": listed} | more)
        )

    async def change(self, path: str, *operations: dict[str, Any]) -> Response:
        return await self.send("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)})

    async def members(self, group: Any) -> set[str]:
        return {one["value"] for one in (await self.show(f"/Groups/{group['id']}")).get("members", ())}

    async def bulk(self, *operations: dict[str, Any]) -> list[Any]:
        answer = ok(await self.send("POST", "/Bulk", {"schemas": [BULK], "Operations": list(operations)}))
        found: list[Any] = answer["Operations"]
        return found


async def connect(house: House, name: str = "entra", org: str = "district", **more: Any) -> tuple[Client, Any]:
    """A client and its upstream."""
    body = {"name": name, "kind": "scim", "org_id": house.organizations[org]["id"], "mapping": TEACHERS, **more}
    made = await house.system.post("/v1/upstreams", **body)
    token = await house.system.post(f"/v1/upstreams/{made['id']}/tokens")
    return Client(house.http, token["token"]), made


async def person(house: House, name: str) -> Any:
    [found] = (await house.system.get("/v1/users", q=name))["items"]
    return await house.system.get(f"/v1/users/{found['id']}")


def roles(one: Any) -> set[str]:
    return {role["role"] for role in one["roles"]}


def refusal(response: Response) -> tuple[int, str | None]:
    """The status and `scimType` of a refusal, which is in SCIM's form."""
    body = response.json()
    assert response.headers["Content-Type"].startswith("application/scim+json"), response.headers
    assert body["schemas"] == [ERROR], body
    assert body["status"] == str(response.status_code), body
    assert body["detail"], body
    return response.status_code, body.get("scimType")
