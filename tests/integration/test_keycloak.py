"""A realm of Keycloak connected by the command: its publisher's events give a seat, and a login shows in usage."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import aio_pika
import pytest
from typer.testing import CliRunner

from usher_cli.clients.session import Session
from usher_cli.main import app
from usher_kit.ids import new_id

from .system import SYSTEM, District, System, eventually

pytestmark = SYSTEM


def usher(system: System, *arguments: str) -> Any:
    result = CliRunner().invoke(app, [*arguments], obj=system.around)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


@pytest.fixture
def realm() -> str:
    return f"ada-{new_id()}"


@pytest.fixture
def upstream(system: System, district: District, realm: str) -> Iterator[dict[str, Any]]:
    told = ("--org", district.id, "--kind", "keycloak", "--realm", realm, "--map", "/teachers=learner", "--json")
    made = usher(system, "upstream", "add", "sso", *told)
    yield made
    usher(system, "upstream", "remove", made["id"])


class Publisher:
    """Sends as Keycloak's does: a connection for each event, no id, not persistent, no confirmation."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    async def publish(self, key: str, body: dict[str, Any]) -> None:
        told = self.environment
        connection = await aio_pika.connect(
            host=told["KK_TO_RMQ_URL"],
            port=int(told["KK_TO_RMQ_PORT"]),
            login=told["KK_TO_RMQ_USERNAME"],
            password=told["KK_TO_RMQ_PASSWORD"],
            virtualhost=told["KK_TO_RMQ_VHOST"],
        )
        async with connection:
            channel = await connection.channel(publisher_confirms=True)
            exchange = await channel.get_exchange(told["KK_TO_RMQ_EXCHANGE"], ensure=False)
            message = aio_pika.Message(
                json.dumps(body, indent=2).encode(),
                headers={"__TypeId__": "com.github.aznamier.keycloak.event.provider.EventAdminNotificationMqMsg"},
                content_type="application/json",
                content_encoding="UTF-8",
                app_id="Keycloak",
            )
            async with asyncio.timeout(20):
                await exchange.publish(message, key, mandatory=False)


def admin(realm: str, what: str, path: str, shown: Any) -> tuple[str, dict[str, Any]]:
    resource, operation = what.split(".")
    body = {
        "@class": "com.github.aznamier.keycloak.event.provider.EventAdminNotificationMqMsg",
        "time": int(datetime.now(UTC).timestamp() * 1000),
        "realmId": realm,
        "resourceType": resource,
        "operationType": operation,
        "resourcePath": path,
        "representation": json.dumps(shown),
        "error": None,
        "resourceTypeAsString": resource,
    }
    return f"KK.EVENT.ADMIN.{realm}.SUCCESS.{what}", body


async def test_a_user_of_keycloak_gets_a_seat_and_their_login_shows_in_usage(
    system: System, session: Session, district: District, realm: str, upstream: dict[str, Any]
) -> None:
    district.license("learn", 3)
    publisher, user, name = Publisher(upstream["environment"]), str(new_id()), f"ada-{new_id()}"
    shown = {"username": name, "firstName": "Ada", "lastName": "Byron", "enabled": True}
    await publisher.publish(*admin(realm, "USER.CREATE", f"users/{user}", shown))
    group = {"id": "g1", "name": "teachers", "path": "/teachers"}
    await publisher.publish(*admin(realm, "GROUP_MEMBERSHIP.CREATE", f"users/{user}/groups/g1", group))

    def person() -> Any:
        [found] = session.service("identity").get("/v1/users", org_id=district.id, identifier=name)["items"]
        return found

    def seat() -> Any:
        seats = session.service("entitlements").get(f"/v1/users/{person()['id']}/seats")["items"]
        return [(one["product"], one["state"]) for one in seats]

    eventually(lambda: seat() == [("learn", "assigned")])
    login = {
        "time": int(datetime.now(UTC).timestamp() * 1000),
        "type": "LOGIN",
        "realmId": realm,
        "clientId": "canvas",
        "userId": user,
        "details": {"username": name},
    }
    await publisher.publish(f"KK.EVENT.CLIENT.{realm}.SUCCESS.canvas.LOGIN", login)

    def activity() -> Any:
        seats = session.service("usage").get("/v1/activity", org_id=district.id)["items"]
        return [one["activity"] for one in seats if one["user_id"] == person()["id"]]

    eventually(lambda: activity() == ["active"])
    assert "keycloak.login" in usher(system, "upstream", "tally", upstream["id"], "--org", district.id)


async def test_the_account_writes_its_own_realms_events_and_nothing_else(upstream: dict[str, Any], realm: str) -> None:
    publisher = Publisher(upstream["environment"])
    for key in (f"KK.EVENT.ADMIN.{realm}2.SUCCESS.USER.DELETE", "KK.EVENT.ADMIN.other.SUCCESS.USER.DELETE", "x.y"):
        with pytest.raises(aio_pika.exceptions.AMQPError) as error:
            await publisher.publish(key, {})
        assert "ACCESS_REFUSED" in str(error.value)
    publisher.environment = {**upstream["environment"], "KK_TO_RMQ_EXCHANGE": "usher.upstream"}
    with pytest.raises(aio_pika.exceptions.AMQPError):
        await publisher.publish(f"KK.EVENT.ADMIN.{realm}.SUCCESS.USER.DELETE", {})


async def test_no_event_is_asked_for_once_the_upstream_is_removed(
    system: System, district: District, upstream: dict[str, Any]
) -> None:
    other = f"eve-{new_id()}"
    told = ("--org", district.id, "--kind", "keycloak", "--realm", other, "--json")
    made = usher(system, "upstream", "add", "sso2", *told)
    usher(system, "upstream", "remove", made["id"])
    async with system.channel() as channel:
        exchange = await channel.get_exchange("amq.topic", ensure=False)
        with pytest.raises(aio_pika.exceptions.AMQPError):
            await exchange.publish(aio_pika.Message(b"{}"), f"KK.EVENT.ADMIN.{other}.SUCCESS.USER.DELETE")
        key, body = admin(upstream["keycloak"]["realm"], "GROUP.CREATE", "groups/g1", {"name": "x"})
        await exchange.publish(aio_pika.Message(json.dumps(body).encode()), key)
