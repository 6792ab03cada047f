"""A write that is sent again: done once, answered alike."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from fastapi import Depends, FastAPI, Request, Response
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel
from sqlalchemy import text

from usher_contracts.envelope import Cause
from usher_kit import audit
from usher_kit.access import Access, Caller
from usher_kit.audit import Act
from usher_kit.clock import FixedClock
from usher_kit.conditional import etag
from usher_kit.database import Database
from usher_kit.errors import Conflict
from usher_kit.idempotency import AnswerKeeper, forget, key_of
from usher_kit.problems import add_problem_handlers

from .conftest import DAY, SERVICE, TENANT

ADA, BOB = UUID(int=7), UUID(int=8)


class Body(BaseModel):
    seats: int


@pytest.fixture
async def client(database: Database) -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    add_problem_handlers(app)
    app.add_middleware(AnswerKeeper)
    app.state.runtime = SimpleNamespace(service=SERVICE, database=database, clock=FixedClock(DAY))
    acts = iter(range(100))

    async def sign_in(request: Request) -> Access:
        caller = Caller(UUID(request.headers.get("who", str(ADA))), TENANT)
        return Access(database, caller, None, await key_of(request, database, TENANT, caller.actor))

    @app.post("/terms")
    async def create(
        body: Body,
        response: Response,
        access: Access = Depends(sign_in),  # noqa: B008
    ) -> dict[str, Any]:
        async with access.transaction() as conn:
            act = Act("license_term.create", "t", TENANT)
            await audit.record(conn, SERVICE, [act], at=DAY, cause=Cause())
            if body.seats < 0:
                raise Conflict("no such seats")
        number = next(acts)
        response.headers["ETag"] = etag(number)
        return {"number": number, "seats": body.seats}

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client


async def done(database: Database) -> int:
    async with database.transaction([TENANT]) as conn:
        return int(await conn.scalar(text("select count(*) from outbox")) or 0)


async def test_the_same_request_is_done_once_and_answered_alike(client: AsyncClient, database: Database) -> None:
    answers = [await client.post("/terms", json={"seats": 5}, headers={"Idempotency-Key": "k"}) for _ in range(3)]
    assert [answer.json() for answer in answers] == [{"number": 0, "seats": 5}] * 3
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true", "true"]
    assert [answer.headers["etag"] for answer in answers] == ['"0"'] * 3
    assert await done(database) == 1


async def test_a_key_is_one_callers_and_one_requests(client: AsyncClient, database: Database) -> None:
    await client.post("/terms", json={"seats": 5}, headers={"Idempotency-Key": "k"})
    other = await client.post("/terms", json={"seats": 6}, headers={"Idempotency-Key": "k"})
    assert (other.status_code, other.json()["type"]) == (422, "urn:usher:problem:idempotency_key_reused")
    asked = await client.post("/terms?org_id=1", json={"seats": 5}, headers={"Idempotency-Key": "k"})
    assert (asked.status_code, asked.json()["type"]) == (422, "urn:usher:problem:idempotency_key_reused")
    elsewhere = await client.post("/terms", json={"seats": 5}, headers={"Idempotency-Key": "k", "who": str(BOB)})
    assert elsewhere.json()["number"] == 1
    assert await done(database) == 2


async def test_what_was_not_done_may_be_tried_again(client: AsyncClient, database: Database) -> None:
    for _ in range(2):
        answer = await client.post("/terms", json={"seats": -1}, headers={"Idempotency-Key": "k"})
        assert (answer.status_code, answer.headers.get("Idempotency-Replayed")) == (409, None)
    assert await done(database) == 0


async def test_at_the_same_time_one_is_done(client: AsyncClient, database: Database) -> None:
    answers = await asyncio.gather(
        *(client.post("/terms", json={"seats": 5}, headers={"Idempotency-Key": "k"}) for _ in range(8))
    )
    assert await done(database) == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.json()["number"] for answer in answers if answer.status_code == 200}) == 1


async def test_without_a_key_each_is_an_act(client: AsyncClient, database: Database) -> None:
    for _ in range(2):
        await client.post("/terms", json={"seats": 5})
    assert await done(database) == 2


async def test_keys_are_forgotten_after_a_day(client: AsyncClient, database: Database) -> None:
    await client.post("/terms", json={"seats": 5}, headers={"Idempotency-Key": "old"})
    async with database.transaction([TENANT]) as conn:
        await conn.execute(text("update idempotency_key set added_at = added_at - interval '25 hours'"))
    await client.post("/terms", json={"seats": 5}, headers={"Idempotency-Key": "new"})
    await forget(database)
    async with database.transaction([TENANT]) as conn:
        assert (await conn.scalars(text("select key from idempotency_key"))).all() == ["new"]
