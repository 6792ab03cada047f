"""What the services stand on: private servers that can be killed, databases and a vhost of one run's own."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx2
import psutil

from usher_cli import servers
from usher_cli.servers import Addresses, lifecycle, programs
from usher_cli.servers.addresses import POSTGRES_URL, RABBITMQ_MANAGEMENT_URL, RABBITMQ_URL, REDIS_URL
from usher_cli.servers.private import Report
from usher_cli.servers.programs import Program
from usher_kit import migrations
from usher_kit.settings import with_database

MARK = "chaos_"
OWNERS = ("identity", "entitlements", "usage", "notifications", "reporting")
"""The services that have a database and take part."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The servers under `home`, and this run's databases and vhost on them."""

    home: Path
    addresses: Addresses
    run: str

    @classmethod
    def open(cls, home: Path, run: str, report: Report) -> "Ground":
        """Start the servers and make everything anew. What the run before left for a look at it goes now."""
        for variable in (POSTGRES_URL, RABBITMQ_URL, RABBITMQ_MANAGEMENT_URL, REDIS_URL):
            # Servers that were given from outside are somebody's: they are not killed.
            os.environ.pop(variable, None)
        servers.stop(home)
        # A node without a past: to delete a vhost of RabbitMQ 3.10 whose queues have just come back can cost it the
        # supervisor of its dead-lettering, and no queue of ours could then be made on it.
        shutil.rmtree(home / "servers" / "rabbitmq" / "data", ignore_errors=True)
        given = servers.start(home, report)
        vhost = urlunsplit(urlsplit(given.rabbitmq_url)._replace(path=f"/{MARK}{run}"))
        ground = cls(home, replace(given, rabbitmq_url=vhost), run)
        ground._make_vhost()
        asyncio.run(ground._drop_databases())
        for owner in OWNERS:  # one after the other: a program has one alembic at a time
            asyncio.run(migrations.migrate(owner, ground.database(owner)))
        return ground

    def database(self, owner: str) -> str:
        """The URL of a service's database, as the superuser."""
        return with_database(self.addresses.postgres_url, f"{MARK}{self.run}_{owner}")

    def stop(self, title: str, *, by_force: bool) -> None:
        """Stop one server (`PostgreSQL`, `RabbitMQ`, `Redis`), orderly or by `kill -9` of all its processes."""
        program = self._program(title)
        running = programs.find(program)
        if running is None:
            raise RuntimeError(f"{title} does not run")
        if not by_force:
            programs.stop(program)
            return
        process = psutil.Process(running.pid)
        # First the server, so that it cannot see its children die and act on it.
        family = [process, *process.children(recursive=True)]
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=10)

    def start(self) -> float:
        """Start the servers that are down. Returns the seconds that it took."""
        began = time.monotonic()
        again = servers.start(self.home, lambda _: None)
        if replace(again, rabbitmq_url=self.addresses.rabbitmq_url) != self.addresses:
            raise RuntimeError("somebody took a port of a server that was down: its clients cannot find it again")
        return time.monotonic() - began

    def close(self) -> None:
        """Stop the servers. Their data stays until the next run."""
        servers.stop(self.home)

    def management(self) -> httpx2.Client:
        """RabbitMQ's management API."""
        parts = urlsplit(self.addresses.rabbitmq_management_url or "")
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        return httpx2.Client(base_url=bare, auth=(parts.username or "", parts.password or ""), timeout=30)

    def _program(self, title: str) -> Program:
        found = {one.title: one.program for one in lifecycle.standings(self.home)}[title]
        if found is None:
            raise RuntimeError(f"{title} is not this run's own")
        return found

    def _make_vhost(self) -> None:
        user = urlsplit(self.addresses.rabbitmq_url).username
        with self.management() as api:
            api.put(f"/api/vhosts/{MARK}{self.run}").raise_for_status()
            rights = {"configure": ".*", "write": ".*", "read": ".*"}
            api.put(f"/api/permissions/{MARK}{self.run}/{user}", json=rights).raise_for_status()

    async def _drop_databases(self) -> None:
        connection = await asyncpg.connect(with_database(self.addresses.postgres_url, "postgres"))
        try:
            for row in await connection.fetch("select datname from pg_database where starts_with(datname, $1)", MARK):
                await connection.execute(f'drop database "{row["datname"]}" with (force)')
        finally:
            await connection.close()


def database_settings(ground: Ground, owners: Iterable[str] = OWNERS) -> Mapping[str, str]:
    """What tells each service its database."""
    return {f"USHER_{owner.upper()}_DATABASE_URL": ground.database(owner) for owner in owners}
