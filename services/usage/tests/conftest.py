"""Fixtures: usage on a database of its own, and its HTTP API with callers known to it."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from redis.asyncio import Redis

from usher_kit.access import Guard, find_in_directory
from usher_kit.clock import FixedClock
from usher_kit.database import Database
from usher_kit.loops import Loops
from usher_kit.problems import add_problem_handlers
from usher_kit.runtime import Runtime
from usher_kit.tokens import AUDIENCE, Verifier
from usher_usage.main import SERVICE

from .story import DISTRICT, SETTINGS, START, Usage

ISSUER = "https://id.example.org"
SECRET = SETTINGS.link_secret
KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})


async def keys(*, look_again: bool) -> KeySet:
    return KeySet([KEY])


@pytest.fixture
async def usage(service_database: str) -> AsyncIterator[Usage]:
    database = Database.connect(service_database, "usage")
    yield Usage(database, FixedClock(START))
    await database.close()


@pytest.fixture
async def client(usage: Usage) -> AsyncIterator[AsyncClient]:
    """Usage's HTTP API; a worker's loops do not run beside it."""
    app = FastAPI()
    add_problem_handlers(app)
    redis = Redis()
    app.state.runtime = Runtime("usage", SETTINGS, usage.database, usage.clock, redis, Loops("usage"))
    app.state.guard = Guard(usage.database, Verifier(keys, ISSUER, usage.clock), find_in_directory)
    for router in SERVICE.routers:
        app.include_router(router)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client
    await redis.aclose()


@pytest.fixture
def bearer(usage: Usage) -> Callable[..., dict[str, str]]:
    """Makes the headers of a person's request, or of a client's with its scope."""

    def make(user: UUID | str, *, tenant: UUID | None = DISTRICT, scope: str = "") -> dict[str, str]:
        expires = (usage.clock.now() + timedelta(minutes=5)).timestamp()
        claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": expires, "sub": str(user), "scope": scope}
        who = {"tenant": str(tenant)} if tenant else {"client_id": str(user)}
        token = jwt.encode({"alg": "ES256", "kid": "one"}, {**claims, **who}, KEY)
        return {"Authorization": f"Bearer {token}"}

    return make
