"""Fixtures: reporting on a database of its own, and its HTTP API with callers known to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeAlias
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from redis.asyncio import Redis

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit.access import Guard, find_in_directory
from usher_kit.clock import FixedClock
from usher_kit.database import Database
from usher_kit.loops import Loops
from usher_kit.problems import add_problem_handlers
from usher_kit.runtime import Runtime
from usher_kit.tokens import AUDIENCE, Verifier
from usher_reporting.main import SERVICE

from .story import ADA, DISTRICT, LAB, START, Reporting, person, tree

ISSUER = "https://id.example.org"
KEY = ECKey.generate_key("P-256", {"kid": "one", "alg": "ES256", "use": "sig"})
OPERATOR, LAB_REPORTER, LEARNER = (UUID(int=number) for number in (900, 901, 902))
HOMES = {OPERATOR: OPERATORS_TENANT}

Ask: TypeAlias = Callable[..., Awaitable[Any]]


async def keys(*, look_again: bool) -> KeySet:
    return KeySet([KEY])


@pytest.fixture
async def reporting(service_database: str) -> AsyncIterator[Reporting]:
    database = Database.connect(service_database, "reporting")
    yield Reporting(database, FixedClock(START))
    await database.close()


@pytest.fixture
async def district(reporting: Reporting) -> Reporting:
    """Reporting that knows the tree, and who may ask: a district's administrator, a lab's reporter, an operator."""
    await reporting.hear(
        *tree(),
        person(ADA, DISTRICT, role="org_admin"),
        person(LAB_REPORTER, LAB, role="reporter"),
        person(LEARNER, LAB),
        person(OPERATOR, OPERATORS_TENANT, role="system_admin", tenant=OPERATORS_TENANT),
    )
    return reporting


@pytest.fixture
async def get(district: Reporting) -> AsyncIterator[Ask]:
    """Asks the HTTP API by the token of a person, the district's administrator unless another is named."""
    app = FastAPI()
    add_problem_handlers(app)
    redis = Redis()
    app.state.runtime = Runtime(
        "reporting", district.settings, district.database, district.clock, redis, Loops("reporting")
    )
    app.state.guard = Guard(district.database, Verifier(keys, ISSUER, district.clock), find_in_directory)
    for router in SERVICE.routers:
        app.include_router(router)

    async def ask(
        path: str,
        *,
        who: UUID = ADA,
        post: Any = None,
        verb: str | None = None,
        headers: dict[str, str] | None = None,
        raw: bool = False,
        **query: Any,
    ) -> Any:
        params = {name.rstrip("_"): value if isinstance(value, list) else str(value) for name, value in query.items()}
        sent = {**bearer(who, district.clock), **(headers or {})}
        how = verb or ("GET" if post is None else "POST")
        answer = await client.request(how, path, params=params, json=post, headers=sent)
        return answer.json() if answer.status_code == 200 and not raw else answer

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield ask
    await redis.aclose()


def bearer(user: UUID, clock: FixedClock) -> dict[str, str]:
    expires = (clock.now() + timedelta(minutes=5)).timestamp()
    who = {"sub": str(user), "tenant": str(HOMES.get(user, DISTRICT))}
    token = jwt.encode({"alg": "ES256", "kid": "one"}, {"iss": ISSUER, "aud": AUDIENCE, "exp": expires, **who}, KEY)
    return {"Authorization": f"Bearer {token}"}


def status_of(answer: Any) -> int:
    return answer.status_code if isinstance(answer, Response) else 200


async def all_pages(get: Ask, path: str, **query: Any) -> list[Any]:
    """The items of a list, page by page."""
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(path, **query, **cursor)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}
