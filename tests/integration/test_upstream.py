"""An upstream connected by the command: the documented sender gives a seat, and the broker keeps it to its own keys."""

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from typer.testing import CliRunner

from usher_cli.clients.session import Session
from usher_cli.main import app
from usher_contracts.topology import EVENTS, UPSTREAM
from usher_kit.ids import new_id

from .system import SYSTEM, District, System, eventually

pytestmark = SYSTEM

PAGE = Path(__file__).parents[2] / "docs" / "upstream.md"


def usher(system: System, *arguments: str) -> Any:
    result = CliRunner().invoke(app, ["upstream", *arguments], obj=system.around)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout) if "--json" in arguments else result.stdout


@pytest.fixture
def upstream(system: System, district: District) -> Iterator[dict[str, Any]]:
    made = usher(system, "add", "hr", "--org", district.id, "--map", "Lehrkraft=learner,observable", "--json")
    yield made
    usher(system, "remove", made["id"])


def sender() -> str:
    """The sender that the page shows."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(code)


def test_the_documented_sender_gives_a_person_a_seat_and_reads_the_outcome(
    system: System, session: Session, district: District, upstream: dict[str, Any]
) -> None:
    session.identity.create_organization({"name": "D1", "parent_id": district.id, "external_id": "d1", "source": "sis"})
    district.license("learn", 3)
    around = {"URL": upstream["url"], "KEYS": upstream["routing_keys"], "OUTCOMES": upstream["outcome_queue"]}
    told = subprocess.run(
        [sys.executable, "-c", sender()], env=around, capture_output=True, text=True, timeout=30, check=True
    )
    outcome = json.loads(told.stdout)
    assert (outcome["status"], outcome["unmapped_roles"]) == ("taken", [])
    path = f"/v1/users/{outcome['user_id']}/seats"
    eventually(
        lambda: (
            [
                (one["product"], one["state"])
                for one in session.service("entitlements").get(path)["items"]
                if one["product"] == "learn"
            ]
            == [("learn", "assigned")]
        )
    )


async def refused(url: str, act: Any) -> None:
    """The broker closes the channel of who does this."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        with pytest.raises(aio_pika.exceptions.AMQPError) as error:
            async with asyncio.timeout(20):
                await act(channel)
        assert "ACCESS_REFUSED" in str(error.value)


async def test_the_broker_refuses_what_is_not_the_upstreams_own(
    system: System, district: District, upstream: dict[str, Any]
) -> None:
    other = usher(system, "add", "sso", "--org", district.id, "--json")
    url, own = upstream["url"], upstream["routing_keys"].replace("#", "user.archive.v1")
    message = aio_pika.Message(b"{}")

    async def publish(channel: AbstractChannel, exchange: str, key: str) -> None:
        await (await channel.get_exchange(exchange, ensure=False)).publish(message, key)

    async def read(channel: AbstractChannel, queue: str) -> None:
        await (await channel.get_queue(queue, ensure=False)).get(fail=False)

    async def configure(channel: AbstractChannel) -> None:
        await channel.declare_queue("mine", durable=True)

    try:
        await refused(url, lambda channel: publish(channel, UPSTREAM, other["routing_keys"].replace("#", "login.v1")))
        await refused(
            url, lambda channel: publish(channel, UPSTREAM, own.replace(upstream["tenant_id"], str(new_id())))
        )
        await refused(url, lambda channel: publish(channel, EVENTS, "identity.user.changed.v1"))
        await refused(url, lambda channel: read(channel, other["outcome_queue"]))
        await refused(url, lambda channel: read(channel, "identity.upstream"))
        await refused(url, configure)
        async with await aio_pika.connect(url) as connection:
            await publish(await connection.channel(), UPSTREAM, own)
    finally:
        usher(system, "remove", other["id"])
    with pytest.raises(aio_pika.exceptions.AMQPError):
        await aio_pika.connect(other["url"])
    assert upstream["id"] in usher(system, "list", "--org", district.id)
