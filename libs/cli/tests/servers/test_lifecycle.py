"""The three servers as a whole, real ones: started, found again, killed, started again, stopped, or given."""

import json
import os
import signal
import time
from pathlib import Path

import aio_pika
import asyncpg
import pytest
import redis

from usher_cli import servers
from usher_cli.servers import Addresses

pytestmark = [pytest.mark.usefixtures("nothing_given"), pytest.mark.xdist_group("own-servers")]


async def all_answer(addresses: Addresses) -> None:
    """Use each server once, with the credentials of its address."""
    connection = await asyncpg.connect(f"{addresses.postgres_url}postgres")
    assert await connection.fetchval("select 1") == 1
    await connection.close()
    async with await aio_pika.connect(addresses.rabbitmq_url) as broker:
        channel = await broker.channel()
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
    with redis.Redis.from_url(addresses.redis_url) as client:
        assert client.ping()


def kill(home: Path, record: str) -> None:
    """End a server as a crash does, and wait until its ports are free."""
    pid = json.loads((home / "servers" / record).read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while servers.find(home) and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.fixture
def started(home: Path) -> Addresses:
    return servers.start(home, lambda _: None, durable=False)


async def test_servers_start_and_answer_with_their_own_credentials(started: Addresses) -> None:
    await all_answer(started)


def test_each_server_has_a_password_that_it_asks_for(started: Addresses) -> None:
    place = started.redis_url.partition("@")[2]
    with redis.Redis.from_url(f"redis://:guess@{place}") as client, pytest.raises(redis.AuthenticationError):
        client.ping()


async def test_guest_cannot_enter_rabbitmq(started: Addresses) -> None:
    host = started.rabbitmq_url.partition("@")[2]
    with pytest.raises(aio_pika.exceptions.ProbableAuthenticationError):
        await aio_pika.connect(f"amqp://guest:guest@{host}")


def test_running_servers_are_found_within_half_a_second_and_left_alone(home: Path, started: Addresses) -> None:
    began = time.monotonic()
    said: list[str] = []
    assert servers.start(home, said.append, durable=False) == started
    assert servers.find(home) == started
    assert time.monotonic() - began < 0.5 * 2, "two looks, half a second each"
    assert sorted(line.partition(" (")[0] for line in said) == ["PostgreSQL runs", "RabbitMQ runs", "Redis runs"]


@pytest.mark.parametrize("record", ["postgres/postgres.run", "rabbitmq/rabbitmq.run", "redis/redis.run"])
async def test_a_killed_server_is_seen_and_started_again(home: Path, started: Addresses, record: str) -> None:
    kill(home, record)
    assert servers.find(home) is None
    assert servers.start(home, lambda _: None, durable=False).postgres_url == started.postgres_url
    await all_answer(servers.start(home, lambda _: None, durable=False))


def test_a_record_of_another_process_with_the_same_pid_is_not_believed(home: Path, started: Addresses) -> None:
    record = home / "servers/redis/redis.run"
    truth = record.read_text()
    record.write_text(json.dumps(json.loads(truth) | {"since_boot": 1.0}))
    assert servers.find(home) is None
    record.write_text(truth)
    assert servers.find(home) == started


def test_stopped_servers_are_gone_and_start_again_at_the_same_addresses(home: Path, started: Addresses) -> None:
    servers.stop(home)
    assert servers.find(home) is None
    assert servers.start(home, lambda _: None, durable=False) == started


def test_secrets_are_for_their_owner_alone(home: Path, started: Addresses) -> None:
    assert started
    private = [
        *home.glob("servers/*/choice.json"),
        home / "servers/rabbitmq/.erlang.cookie",
        home / "servers/redis/redis.conf",
    ]
    assert len(private) == 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in private)


def test_given_servers_are_used_as_they_are_and_not_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "USHER_POSTGRES_URL": "postgresql://db.example/",
        "USHER_RABBITMQ_URL": "amqp://mq.example/",
        "USHER_REDIS_URL": "redis://cache.example/0",
    }
    for name, url in given.items():
        monkeypatch.setenv(name, url)
    other = home / "given"
    addresses = servers.start(other, lambda _: None)
    assert addresses == Addresses("postgresql://db.example/", "amqp://mq.example/", None, "redis://cache.example/0")
    assert servers.find(other) == addresses
    assert addresses.as_environment() == given
    assert [path.name for path in (other / "servers").iterdir()] == ["lock"]
