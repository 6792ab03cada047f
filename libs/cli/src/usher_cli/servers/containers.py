"""The three servers as docker-compose.yml runs them: where their containers are reached from this machine."""

from collections.abc import Callable, Mapping
from typing import Any

from usher_cli.servers.addresses import Addresses
from usher_cli.servers.ports import LOOPBACK

SERVERS = ("postgres", "rabbitmq", "redis")
"""Their names in docker-compose.yml."""


def addresses(compose: Mapping[str, Any], port_of: Callable[[str, int], int | None]) -> Addresses:
    """Addresses on this machine, by the credentials in the resolved `compose` file.

    `port_of(server, port)` answers the machine's port that leads to a container's.
    """
    environment = {name: compose["services"][name]["environment"] for name in SERVERS}
    rabbit = environment["rabbitmq"]
    user, password = rabbit["RABBITMQ_DEFAULT_USER"], rabbit["RABBITMQ_DEFAULT_PASS"]
    return Addresses(
        f"postgresql://postgres:{environment['postgres']['POSTGRES_PASSWORD']}@{LOOPBACK}:{port_of('postgres', 5432)}/",
        f"amqp://{user}:{password}@{LOOPBACK}:{port_of('rabbitmq', 5672)}/",
        f"http://{user}:{password}@{LOOPBACK}:{port_of('rabbitmq', 15672)}",
        f"redis://:{environment['redis']['REDISCLI_AUTH']}@{LOOPBACK}:{port_of('redis', 6379)}/0",
    )
