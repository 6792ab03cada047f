"""Fixtures: notifications on a database of its own beside a real mail server, and its HTTP API with known callers."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import SecretStr
from redis.asyncio import Redis

from usher_kit.access import Guard, find_in_directory
from usher_kit.clock import FixedClock
from usher_kit.database import Database
from usher_kit.loops import Loops
from usher_kit.problems import add_problem_handlers
from usher_kit.runtime import Runtime
from usher_kit.tokens import AUDIENCE, Verifier
from usher_notifications.main import SERVICE
from usher_notifications.settings import NotificationsSettings

from .story import DISTRICT, START, MailServer, Notifications

ISSUER = "https://id.example.org"
KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})


SECRET = SecretStr("signs the links of these tests")


async def keys(*, look_again: bool) -> KeySet:
    return KeySet([KEY])


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    server = MailServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def notifications(service_database: str, mail: MailServer) -> AsyncIterator[Notifications]:
    database = Database.connect(service_database, "notifications")
    settings = NotificationsSettings(
        smtp_url=f"smtp://127.0.0.1:{mail.port}",
        mail_from="Usher <usher@usher.example>",
        account_representative="Rita Rep <rita@seller.example>",
        console_url="https://usher.example",
        link_secret=SECRET,
    )
    redis = Redis()
    runtime = Runtime("notifications", settings, database, FixedClock(START), redis, Loops("notifications"))
    yield Notifications(runtime, mail)
    await redis.aclose()
    await database.close()


@pytest.fixture
async def client(notifications: Notifications) -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    add_problem_handlers(app)
    app.state.runtime = notifications.runtime
    verifier = Verifier(keys, ISSUER, notifications.clock)
    app.state.guard = Guard(notifications.database, verifier, find_in_directory)
    for router in SERVICE.routers:
        app.include_router(router)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.fixture
def bearer(notifications: Notifications) -> Callable[..., dict[str, str]]:
    """Makes the headers of a person's request, or of a client's with its scope."""

    def make(user: UUID | str, *, tenant: UUID | None = DISTRICT, scope: str = "") -> dict[str, str]:
        expires = (notifications.clock.now() + timedelta(minutes=5)).timestamp()
        claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": expires, "sub": str(user), "scope": scope}
        who = {"tenant": str(tenant)} if tenant else {"client_id": str(user)}
        return {"Authorization": f"Bearer {jwt.encode({'alg': 'ES256', 'kid': 'one'}, {**claims, **who}, KEY)}"}

    return make
