"""The program itself: it starts on an empty database, is ready, and what it commits reaches the queues."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aio_pika
import orjson
import pytest
from aio_pika.abc import HeadersType
from httpx import ASGITransport, AsyncClient

from usher_contracts.topology import OUTCOMES, outcome_queue
from usher_identity.main import SERVICE
from usher_kit.service import make_app

from .story import CHECK_SECRET, CLI_SECRET, CONSOLE_SECRET, ISSUER, Caller, ok


@pytest.fixture
async def http(
    service_database: str, vhost: str, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AsyncClient]:
    """The running program, by its environment."""
    environment = {
        "IDENTITY_DATABASE_URL": service_database,
        "RABBITMQ_URL": vhost,
        "REDIS_URL": redis_url,
        "ISSUER": ISSUER,
        "CLIENT_SECRET": CLI_SECRET,
        "CHECK_CLIENT_SECRET": CHECK_SECRET,
        "CONSOLE_CLIENT_SECRET": CONSOLE_SECRET,
    }
    for name, value in environment.items():
        monkeypatch.setenv(f"USHER_{name}", value)
    app = make_app(SERVICE, "all")
    async with app.router.lifespan_context(app), AsyncClient(transport=ASGITransport(app), base_url=ISSUER) as client:
        yield client


async def received(vhost: str, queue: str, count: int) -> list[str]:
    """The subjects of the first `count` facts on a queue."""
    subjects: list[str] = []
    connection = await aio_pika.connect(vhost)
    async with connection, asyncio.timeout(10):
        channel = await connection.channel()
        async with (await channel.get_queue(queue)).iterator() as messages:
            async for message in messages:
                facts = orjson.loads(message.body)
                subjects += [fact["subject"] for fact in facts] if isinstance(facts, list) else [str(facts["id"])]
                await message.ack()
                if len(subjects) >= count:
                    break
    return subjects


async def system_of(http: AsyncClient) -> Caller:
    form = {"grant_type": "client_credentials"}
    return Caller(http, ok(await http.post("/oauth/token", data=form, auth=("cli", CLI_SECRET)))["access_token"])


async def test_what_is_committed_reaches_the_queues(http: AsyncClient, vhost: str) -> None:
    assert ok(await http.get("/readyz"))["checks"] == {"database": "ok", "broker": "ok"}
    system = await system_of(http)
    district = await system.post("/v1/organizations", name="Ada District")
    body = {"org_id": district["id"], "user_name": "ada", "display_name": "Ada"}
    ada = await system.post("/v1/users", **body)
    operators = (await system.get("/v1/organizations", q="operators"))["items"][0]
    subjects = await received(vhost, "entitlements.events", 3)
    assert sorted(subjects) == sorted([operators["id"], district["id"], ada["id"]])


async def test_discovery_says_where_everything_is(http: AsyncClient) -> None:
    document = ok(await http.get("/.well-known/openid-configuration"))
    assert document["issuer"] == ISSUER
    paths = ok(await http.get("/openapi.json"))["paths"]
    for name in ("token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert document[name].removeprefix(ISSUER) in paths
    assert (await http.get(document["authorization_endpoint"])).status_code == 400
    assert (await http.get("/oauth/assets/sign-in.css")).headers["content-type"].startswith("text/css")


async def test_an_upstreams_commands_are_done_and_answered_to_it_alone(http: AsyncClient, vhost: str) -> None:
    system = await system_of(http)
    district = await system.post("/v1/organizations", name="Ada District", external_id="d")
    made = await system.post("/v1/upstreams", name="hr", org_id=district["id"], mapping={"Lehrkraft": ["learner"]})
    ada = {"external_id": "e1", "user_name": "ada", "display_name": "Ada", "organization": "d", "roles": ["Lehrkraft"]}
    async with await aio_pika.connect(vhost) as connection, asyncio.timeout(20):
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        wanted = outcome_queue(UUID(made["tenant_id"]), "hr")
        queue = await channel.declare_queue(wanted.name, durable=True, arguments=dict(wanted.arguments))
        await queue.bind(OUTCOMES, wanted.bindings[0])
        exchange = await channel.get_exchange(made["exchange"])
        await exchange.publish(command(ada, "1"), made["routing_keys"].replace("#", "user.upsert.v1"), mandatory=True)
        async with queue.iterator() as messages:
            outcome = await anext(messages)
            await outcome.ack()
        told = orjson.loads(outcome.body)
        assert (outcome.headers["ce-subject"], told["command_id"], told["status"]) == ("c1", "c1", "taken")
        person = await system.get(f"/v1/users/{told['user_id']}")
        assert (person["user_name"], [one["role"] for one in person["roles"]]) == ("ada", ["learner"])
        await exchange.publish(command(ada, "2"), f"{made['tenant_id']}.sso.upstream.user.upsert.v1", mandatory=True)
        while not (letters := (await system.get("/v1/dead-letters"))["items"]):
            await asyncio.sleep(0.05)
        assert [(one["id"], one["reason"]) for one in letters] == [("c2", "unknown_upstream")]
        await system.post("/v1/upstreams", name="sso", org_id=district["id"])
        await system.post("/v1/dead-letters:replay", ids=["c2"])
        while len((await system.get(f"/v1/users/{told['user_id']}"))["external_ids"]) < 2:
            await asyncio.sleep(0.05)


def command(body: dict[str, Any], sequence: str) -> aio_pika.Message:
    headers: HeadersType = {"ce-id": f"c{sequence}", "ce-sequence": sequence}
    return aio_pika.Message(orjson.dumps(body), content_type="application/json", headers=headers)
