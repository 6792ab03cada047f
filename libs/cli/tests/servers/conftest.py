"""A home of its own for tests that start, kill and stop servers, so that nobody else's are touched."""

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from usher_cli.servers import stop
from usher_cli.servers.addresses import POSTGRES_URL, RABBITMQ_MANAGEMENT_URL, RABBITMQ_URL, REDIS_URL

CLONE = Path(__file__).parents[4]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A home inside the clone's `.usher`, so that RabbitMQ's packages are those already unpacked."""
    folder = CLONE / ".usher" / "test" / f"home-{secrets.token_hex(4)}"
    yield folder
    stop(folder)
    shutil.rmtree(folder)


@pytest.fixture
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server's address comes from the environment."""
    for name in (POSTGRES_URL, RABBITMQ_URL, RABBITMQ_MANAGEMENT_URL, REDIS_URL):
        monkeypatch.delenv(name, raising=False)
