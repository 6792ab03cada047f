"""A house to tell stories in: a district with two schools, and whoever calls."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
from httpx import AsyncClient, Response
from sqlalchemy import text

from usher_identity.oidc.grants import EXCHANGE
from usher_identity.oidc.keys import KeyRing
from usher_identity.oidc.tokens import USER_ID_TYPE
from usher_kit.clock import FixedClock
from usher_kit.runtime import Runtime

ISSUER = "https://identity.test"
CLI_SECRET = "the command line's own secret"
CHECK_SECRET = "the products' own secret"
CONSOLE_SECRET = "the console's own secret"

OUTBOX = text("select routing_key, attributes, body from outbox order by id")
AUDIT = "identity.audit.recorded.v1"
EMPTY_OUTBOX = text("delete from outbox")


@dataclass
class Caller:
    """Somebody with a token."""

    http: AsyncClient
    token: str

    async def ask(self, method: str, path: str, **request: Any) -> Response:
        headers = {"Authorization": f"Bearer {self.token}", **request.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **request)

    async def get(self, path: str, **query: Any) -> Any:
        return ok(await self.ask("GET", path, params=query))

    async def post(self, path: str, **body: Any) -> Any:
        return ok(await self.ask("POST", path, json=body))

    async def patch(self, path: str, **body: Any) -> Any:
        return ok(await self.ask("PATCH", path, json=body))

    async def set_roles(self, user: Any, *roles: str) -> Any:
        return ok(await self.ask("PUT", f"/v1/users/{user['id']}/roles", json={"roles": list(roles)}))


def ok(response: Response) -> Any:
    assert response.is_success, f"{response.status_code} {response.text}"
    return response.json() if response.content else None


@dataclass
class House:
    """Identity, its callers, and a district: `district` above `north` and `south`."""

    http: AsyncClient
    runtime: Runtime
    keys: KeyRing
    organizations: dict[str, Any] = field(default_factory=dict)
    system: Caller = field(init=False)

    async def build(self) -> None:
        self.system = await self.client("cli", CLI_SECRET)
        self.organizations["district"] = await self.system.post("/v1/organizations", name="Ada District")
        for name in ("north", "south"):
            self.organizations[name] = await self.unit(name)

    async def unit(self, name: str, parent: str = "district") -> Any:
        parent_id = self.organizations[parent]["id"]
        return await self.system.post("/v1/organizations", name=f"{name.title()} School", parent_id=parent_id)

    async def person(self, user_name: str, org: str = "north", **given: Any) -> Any:
        body = {"org_id": self.organizations[org]["id"], "user_name": user_name, "display_name": user_name.title()}
        return await self.system.post("/v1/users", **{**body, **given})

    async def operator(self) -> Any:
        """A system administrator, in the operators' tenant."""
        operators = (await self.system.get("/v1/organizations", q="operators"))["items"][0]
        body = {"org_id": operators["id"], "user_name": "root", "display_name": "Root", "roles": ["system_admin"]}
        return await self.system.post("/v1/users", **body)

    async def client(self, client_id: str, secret: str) -> Caller:
        return Caller(
            self.http, ok(await self.token(client_id, secret, grant_type="client_credentials"))["access_token"]
        )

    async def as_person(self, user: Any) -> Caller:
        """The person, by way of a token exchange."""
        exchange = {"grant_type": EXCHANGE, "subject_token": user["id"], "subject_token_type": USER_ID_TYPE}
        return Caller(self.http, ok(await self.token("cli", CLI_SECRET, **exchange))["access_token"])

    async def token(self, client_id: str, secret: str, **form: str) -> Response:
        return await self.http.post("/oauth/token", data=form, auth=(client_id, secret))

    def pass_time(self, **time: float) -> None:
        """Move the clock on."""
        clock = self.runtime.clock
        assert isinstance(clock, FixedClock)
        clock.move_to(clock.now() + timedelta(**time))

    async def facts(self) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """What would be published, and is from now on: (routing key, attributes, fact)."""
        async with self.runtime.database.transaction(await self.runtime.database.all_tenants()) as conn:
            rows = (await conn.execute(OUTBOX)).all()
            await conn.execute(EMPTY_OUTBOX)
        return [(row.routing_key, orjson.loads(row.attributes), orjson.loads(row.body)) for row in rows]

    async def told(self) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """The facts but for the audit's."""
        return [one for one in await self.facts() if one[0] != AUDIT]

    async def acts(self) -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
        """The audit's facts."""
        return [one for one in await self.facts() if one[0] == AUDIT]
