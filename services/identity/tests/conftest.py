"""Fixtures: identity on a database of its own, its HTTP API, and callers of every kind."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from redis.asyncio import Redis

from usher_identity.main import SERVICE
from usher_identity.preparing import prepare
from usher_identity.settings import IdentitySettings
from usher_kit.clock import FixedClock
from usher_kit.database import Database
from usher_kit.loops import Loops
from usher_kit.runtime import Runtime
from usher_kit.service import make_app, make_guard

from .neighbors import Neighbors
from .scim_client import Client, connect
from .story import CHECK_SECRET, CLI_SECRET, CONSOLE_SECRET, ISSUER, House

START = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def settings(service_database: str, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> IdentitySettings:
    monkeypatch.setenv("USHER_IDENTITY_DATABASE_URL", service_database)
    return IdentitySettings(
        redis_url=redis_url,
        issuer=ISSUER,
        client_secret=CLI_SECRET,
        check_client_secret=CHECK_SECRET,
        console_client_secret=CONSOLE_SECRET,
        console_url="http://console.test",
    )


@pytest.fixture
async def runtime(settings: IdentitySettings, service_database: str) -> AsyncIterator[Runtime]:
    """A prepared runtime whose clock stands still; nothing publishes, so that the outbox tells what would be."""

    database = Database.connect(service_database, "identity", connections=20)
    redis = Redis.from_url(settings.redis_url)
    made = Runtime("identity", settings, database, FixedClock(START), redis, Loops("identity"))
    await prepare(made)
    yield made
    await redis.aclose()
    await database.close()


@pytest.fixture
def app(runtime: Runtime) -> FastAPI:
    app = make_app(SERVICE, "api")
    app.state.runtime = runtime
    app.state.guard = make_guard(SERVICE, runtime)
    app.state.checks = {}
    return app


@pytest.fixture
async def house(app: FastAPI, runtime: Runtime) -> AsyncIterator[House]:
    """Identity, with a district of two schools in it."""
    async with AsyncClient(transport=ASGITransport(app), base_url=ISSUER) as http:
        built = House(http, runtime, app.state.guard.verifier.keys)
        await built.build()
        yield built


@pytest.fixture
async def neighbors(house: House) -> Neighbors:
    """Two districts, and an administrator of each of their organizations."""
    built = Neighbors(house)
    await built.build()
    return built


@pytest.fixture
async def client(house: House) -> Client:
    """A SCIM client of the district."""
    return (await connect(house))[0]
