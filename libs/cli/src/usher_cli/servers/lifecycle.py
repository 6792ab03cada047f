"""The set of three servers in one home: start those that are not given, find them again, stop them."""

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from usher_cli.servers import homes, private
from usher_cli.servers.addresses import (
    POSTGRES_URL,
    RABBITMQ_MANAGEMENT_URL,
    RABBITMQ_URL,
    REDIS_URL,
    Addresses,
    given,
)
from usher_cli.servers.errors import ServerError
from usher_cli.servers.homes import Choice
from usher_cli.servers.ports import LOOPBACK
from usher_cli.servers.postgres import Postgres
from usher_cli.servers.private import Private, Report
from usher_cli.servers.programs import Program
from usher_cli.servers.rabbitmq import RabbitMQ
from usher_cli.servers.redis import Redis


class Needed(NamedTuple):
    """A server, the variable that would give it from outside, and the addresses of a private one."""

    server: Private
    variable: str
    addresses: Callable[[Choice], dict[str, str]]


class Standing(NamedTuple):
    """One server for a person to look at: its address, None before its first start; its program, None if given."""

    title: str
    address: str | None
    program: Program | None


def start(home: Path, report: Report, *, durable: bool = True) -> Addresses:
    """Have PostgreSQL, RabbitMQ and Redis running under `home`, except those whose addresses the environment gives.

    Servers that run are used as they are; two callers wait for each other. `report` gets a line for each step.
    Without `durable`, what PostgreSQL commits may be lost with the machine's power (for tests).
    Raises ServerError, whose text is one line that says what to do.
    """
    servers = _private_servers(home, durable=durable)
    with homes.locked(home / "servers" / "lock"), ThreadPoolExecutor(max(1, len(servers))) as pool:
        list(pool.map(lambda needed: _start_one(needed.server, home, report), servers))
    return _addresses(home, servers)


def stop(home: Path, report: Report = lambda _: None) -> None:
    """Stop the private servers of `home`, side by side; those given from outside are left alone."""
    everything = _servers(home, durable=True)
    with homes.locked(home / "servers" / "lock"), ThreadPoolExecutor(len(everything)) as pool:
        list(pool.map(lambda needed: _stop_one(needed.server, home, report), everything))


def find(home: Path) -> Addresses | None:
    """The addresses of a home whose servers all run and answer; None when one of them does not."""
    servers = _private_servers(home, durable=True)
    if all(private.is_ready(needed.server, _folder(home, needed.server)) for needed in servers):
        return _addresses(home, servers)
    return None


def standings(home: Path) -> list[Standing]:
    """How each of the three servers stands, for a person to look at; starts and changes nothing."""
    found = []
    for needed in _servers(home, durable=True):
        folder = _folder(home, needed.server)
        if _is_given(needed, home):
            url = given(os.environ)[needed.variable]
            found.append(Standing(needed.server.title, urlsplit(url).netloc.rpartition("@")[2], None))
        elif choice := homes.chosen(folder):
            address = f"{LOOPBACK}:{choice.ports[needed.server.ports[0]]}"
            found.append(Standing(needed.server.title, address, needed.server.programs(folder, choice)[-1]))
        else:
            found.append(Standing(needed.server.title, None, None))
    return found


def _start_one(server: Private, home: Path, report: Report) -> None:
    began = time.monotonic()
    try:
        started = private.start(server, _folder(home, server), report)
    except PermissionError as refused:
        raise ServerError(f"{refused.filename} belongs to another user: act as that user, or remove {home}") from None
    report(f"{server.title} {'started' if started else 'runs'} ({time.monotonic() - began:.1f} s)")


def _stop_one(server: Private, home: Path, report: Report) -> None:
    began = time.monotonic()
    if private.stop(server, _folder(home, server)):
        report(f"{server.title} stopped ({time.monotonic() - began:.1f} s)")


def _servers(home: Path, *, durable: bool) -> Sequence[Needed]:
    postgres, rabbitmq, redis = Postgres(durable=durable), RabbitMQ(_packages(home)), Redis()
    return (
        Needed(postgres, POSTGRES_URL, lambda choice: {POSTGRES_URL: postgres.url(choice)}),
        Needed(
            rabbitmq,
            RABBITMQ_URL,
            lambda choice: {
                RABBITMQ_URL: rabbitmq.url(choice),
                RABBITMQ_MANAGEMENT_URL: rabbitmq.management_url(choice),
            },
        ),
        Needed(redis, REDIS_URL, lambda choice: {REDIS_URL: redis.url(choice)}),
    )


def _private_servers(home: Path, *, durable: bool) -> Sequence[Needed]:
    return [needed for needed in _servers(home, durable=durable) if not _is_given(needed, home)]


def _is_given(needed: Needed, home: Path) -> bool:
    """Whether the environment gives the server; a shell that sourced `.usher/env` gives our own address back."""
    choice = homes.chosen(_folder(home, needed.server))
    own = needed.addresses(choice).get(needed.variable) if choice else None
    return given(os.environ).get(needed.variable, own) != own


def _addresses(home: Path, servers: Sequence[Needed]) -> Addresses:
    urls = given(os.environ)
    for needed in servers:
        choice = homes.chosen(_folder(home, needed.server))
        urls |= needed.addresses(choice) if choice else {}
    return Addresses(urls[POSTGRES_URL], urls[RABBITMQ_URL], urls.get(RABBITMQ_MANAGEMENT_URL), urls[REDIS_URL])


def _folder(home: Path, server: Private) -> Path:
    return home.resolve() / "servers" / server.key


def _packages(home: Path) -> Path:
    """Where RabbitMQ's packages are unpacked: in the nearest `.usher` above the home, for all homes of a clone."""
    home = home.resolve()
    return next((above for above in (home, *home.parents) if above.name == ".usher"), home) / "rabbitmq"
