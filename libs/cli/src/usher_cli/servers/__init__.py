"""Private PostgreSQL, RabbitMQ and Redis for the demo, tests and benchmarks alike (interfaces: Servers)."""

from usher_cli.servers.addresses import Addresses
from usher_cli.servers.errors import ServerError
from usher_cli.servers.lifecycle import find, start, stop

__all__ = ["Addresses", "ServerError", "find", "start", "stop"]
