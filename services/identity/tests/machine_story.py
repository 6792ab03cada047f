"""Machine clients in stories: made, and with a token of theirs."""

from typing import Any

from .story import Caller, House, ok


async def make(house: House, org: str = "district", *scopes: str, by: Caller | None = None) -> Any:
    """A machine client at an organization, with its secret."""
    body = {"name": "HR", "org_id": house.organizations[org]["id"], "scopes": list(scopes)}
    return await (by or house.system).post("/v1/clients", **body)


async def enter(house: House, made: Any, **form: str) -> Caller:
    """The machine with a token."""
    answer = await house.token(made["client_id"], made["client_secret"], grant_type="client_credentials", **form)
    return Caller(house.http, ok(answer)["access_token"])


async def machine(house: House, org: str = "district", *scopes: str) -> Caller:
    return await enter(house, await make(house, org, *scopes))
