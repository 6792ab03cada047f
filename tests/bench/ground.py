"""The ground that a run stands on: databases, a vhost and a cache of its own, on servers that lose nothing."""

import asyncio
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg
import httpx2
import redis

from usher_cli.local.definition import SERVICES
from usher_cli.servers import Addresses
from usher_cli.servers.ports import LOOPBACK, free_ports
from usher_kit.migrations import migrate
from usher_kit.settings import with_database

CLONE = Path(__file__).parents[2]
HOME = CLONE / ".usher" / "bench"
PROGRAMS = Path(sys.executable).parent
OWNERS = [service.name for service in SERVICES if service.has_database]
CLIENT = ("cli", secrets.token_hex(16))
CHECK_SECRET = secrets.token_hex(16)
LINK_SECRET = secrets.token_hex(32)


@dataclass(frozen=True, slots=True)
class Ground:
    """Where one run works, and how its processes are told."""

    databases: Mapping[str, str]
    """A service's database by its owner, whom row-level security does not hold."""
    rabbitmq_url: str
    redis_url: str
    ports: Mapping[str, int]
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What every process of the run is told: nothing that the caller's environment says of Usher."""
        around = {name: value for name, value in os.environ.items() if not name.startswith(("USHER_", "OTEL_"))}
        return {
            **around,
            "PYTHONPATH": str(CLONE),
            "USHER_RABBITMQ_URL": self.rabbitmq_url,
            "USHER_REDIS_URL": self.redis_url,
            "USHER_HOST": LOOPBACK,
            "USHER_CLIENT_ID": CLIENT[0],
            "USHER_CLIENT_SECRET": CLIENT[1],
            "USHER_CHECK_CLIENT_SECRET": CHECK_SECRET,
            "USHER_LINK_SECRET": LINK_SECRET,
            **{f"USHER_{name.upper()}_DATABASE_URL": url for name, url in self.databases.items()},
            **{f"USHER_{name.upper()}_URL": f"http://{LOOPBACK}:{port}" for name, port in self.ports.items()},
        }

    @asynccontextmanager
    async def connection(self, service: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection to a service's database as its owner."""
        connection = await asyncpg.connect(self.databases[service])
        try:
            yield connection
        finally:
            await connection.close()


@asynccontextmanager
async def fresh(addresses: Addresses, *, like: Ground | None = None) -> AsyncIterator[Ground]:
    """Ground that nobody stood on: migrated databases, or copies of those of `like`, which nobody may be using.

    What was written before is on disk when it begins, so that no run pays for another's.
    """
    mark = f"bench_{secrets.token_hex(4)}"
    names = {service: f"{mark}_{service}" for service in OWNERS}
    for service, name in names.items():
        url = with_database(addresses.postgres_url, name)
        if like is None:
            await migrate(service, url)
        else:
            template = urlsplit(like.databases[service]).path[1:]
            await execute(addresses, f'create database "{name}" template "{template}"')
    rabbitmq_url = make_vhost(addresses, mark)
    with redis.Redis.from_url(addresses.redis_url) as cache:
        cache.flushall()
    await execute(addresses, "checkpoint")
    folder = HOME / mark
    ground = Ground(
        {service: with_database(addresses.postgres_url, name) for service, name in names.items()},
        rabbitmq_url,
        addresses.redis_url,
        dict(zip(OWNERS, free_ports(len(OWNERS)), strict=True)),
        folder,
    )
    try:
        yield ground
    finally:
        await execute(addresses, *(f'drop database if exists "{name}" with (force)' for name in names.values()))
        with management(addresses) as api:
            api.delete(f"/api/vhosts/{mark}")
        if sys.exc_info()[0] is None:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def make_vhost(addresses: Addresses, name: str) -> str:
    """A vhost of that name; answers its URL."""
    parts = urlsplit(addresses.rabbitmq_url)
    with management(addresses) as api:
        api.put(f"/api/vhosts/{name}").raise_for_status()
        rights = {"configure": ".*", "write": ".*", "read": ".*"}
        api.put(f"/api/permissions/{name}/{parts.username}", json=rights).raise_for_status()
    return urlunsplit(parts._replace(path=f"/{quote(name)}"))


def management(addresses: Addresses) -> httpx2.Client:
    """The broker's HTTP API."""
    assert addresses.rabbitmq_management_url, "set USHER_RABBITMQ_MANAGEMENT_URL beside USHER_RABBITMQ_URL"
    url = urlsplit(addresses.rabbitmq_management_url)
    auth = (url.username or "", url.password or "")
    return httpx2.Client(base_url=f"http://{url.hostname}:{url.port}", auth=auth, timeout=30)


async def versions(addresses: Addresses) -> dict[str, str]:
    """The servers' versions."""
    connection = await asyncpg.connect(with_database(addresses.postgres_url, "postgres"))
    try:
        postgres = str(await connection.fetchval("show server_version"))
    finally:
        await connection.close()
    with management(addresses) as api:
        rabbitmq = str(api.get("/api/overview").raise_for_status().json()["rabbitmq_version"])
    return {"PostgreSQL": postgres.split(maxsplit=1)[0], "RabbitMQ": rabbitmq}


async def execute(addresses: Addresses, *statements: str) -> None:
    connection = await asyncpg.connect(with_database(addresses.postgres_url, "postgres"))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
