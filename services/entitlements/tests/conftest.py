"""Fixtures: entitlements on a database of its own, and its HTTP API with callers known to it."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from redis.asyncio import Redis

from usher_entitlements.main import SERVICE, start_catalogue
from usher_entitlements.store.checks import connections_for_checks
from usher_kit.access import Guard, find_in_directory
from usher_kit.clock import FixedClock
from usher_kit.database import Database
from usher_kit.idempotency import AnswerKeeper
from usher_kit.loops import Loops
from usher_kit.problems import add_problem_handlers
from usher_kit.runtime import Runtime
from usher_kit.settings import ServiceSettings
from usher_kit.tokens import AUDIENCE, Verifier

from .people import ADMIN, LEARNER, NORTH_ADMIN, READER, WAITING
from .story import DISTRICT, NORTH, SOUTH, START, Entitlements, organization, person, term

ISSUER = "https://id.example.org"
KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})


async def keys(*, look_again: bool) -> KeySet:
    return KeySet([KEY])


@pytest.fixture
async def entitlements(service_database: str) -> AsyncIterator[Entitlements]:
    """The service with a district of two schools."""
    database = Database.connect(service_database, "entitlements", connections=25)
    clock, redis = FixedClock(START), Redis()
    runtime = Runtime("entitlements", ServiceSettings(), database, clock, redis, Loops("entitlements"))
    service = Entitlements(database, clock, runtime)
    await service.hear(organization(DISTRICT, None), organization(NORTH), organization(SOUTH))
    yield service
    await redis.aclose()
    await database.close()


@pytest.fixture
async def client(entitlements: Entitlements, service_database: str) -> AsyncIterator[AsyncClient]:
    """The HTTP API; a worker's loops do not run beside it."""
    app = FastAPI()
    add_problem_handlers(app)
    app.add_middleware(AnswerKeeper)
    await start_catalogue(entitlements.runtime)
    app.state.runtime = entitlements.runtime
    app.state.guard = Guard(entitlements.database, Verifier(keys, ISSUER, entitlements.clock), find_in_directory)
    for router in SERVICE.routers:
        app.include_router(router)
    async with (
        connections_for_checks(service_database, 2) as app.state.reader,
        AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
    ):
        yield client


@pytest.fixture
def bearer(entitlements: Entitlements) -> Callable[..., dict[str, str]]:
    """Makes the headers of a person's request, by number, or of a client's with its scope."""

    def make(who: int | str, *, tenant: UUID = DISTRICT, scope: str = "", **more: str) -> dict[str, str]:
        expires = (entitlements.clock.now() + timedelta(days=500)).timestamp()
        claims = {"iss": ISSUER, "aud": AUDIENCE, "exp": expires, "scope": scope, **more}
        if isinstance(who, int):
            claims |= {"sub": str(UUID(int=1_000 + who)), "tenant": str(tenant)}
        else:
            claims |= {"sub": who, "client_id": who}
        token = jwt.encode({"alg": "ES256", "kid": "one"}, claims, KEY)
        return {"Authorization": f"Bearer {token}"}

    return make


@pytest.fixture
async def people(entitlements: Entitlements) -> None:
    """An administrator of the district, one of a school, a reporter, a learner with a seat, and one without."""
    await entitlements.hear(
        person(ADMIN, "org_admin", org=DISTRICT, on=-9),
        person(NORTH_ADMIN, "org_admin", org=NORTH, on=-8),
        person(READER, "reporter", org=SOUTH),
        person(LEARNER, "learner", org=NORTH, on=-2),
        person(WAITING, "learner", org=SOUTH, on=-1),
    )
    await entitlements.buy(term(3))


@pytest.fixture
def system(bearer: Callable[..., dict[str, str]]) -> dict[str, str]:
    return bearer("cli", scope="admin")
