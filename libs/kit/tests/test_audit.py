"""Acts are written down: done ones with their transaction, refused ones by themselves."""

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest
from fastapi import Depends, FastAPI, Request
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel
from sqlalchemy import text

from usher_contracts.envelope import Cause
from usher_kit import audit
from usher_kit.access import Access, Caller
from usher_kit.audit import Act, audited
from usher_kit.clock import FixedClock
from usher_kit.database import Database
from usher_kit.errors import Forbidden, Unauthenticated
from usher_kit.problems import add_problem_handlers

from .conftest import DAY, SERVICE, TENANT

ADA = UUID(int=7)


class Body(BaseModel):
    seats: int


async def written(database: Database) -> list[dict[str, Any]]:
    async with database.transaction([TENANT]) as conn:
        rows = (await conn.execute(text("select attributes, body from outbox order by id"))).all()
    return [{**orjson.loads(row.attributes), **orjson.loads(row.body)} for row in rows]


@pytest.fixture
async def client(database: Database) -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    add_problem_handlers(app)
    app.state.runtime = SimpleNamespace(service=SERVICE, database=database, clock=FixedClock(DAY))

    async def sign_in(request: Request) -> None:
        request.state.access = Access(database, Caller(user_id=ADA, tenant_id=TENANT, org_id=TENANT), "203.0.113.7")

    @app.put("/terms/{term_id}", dependencies=[audited("license_term.change"), Depends(sign_in)])
    async def change(term_id: str, body: Body) -> None:
        if term_id == "stranger":
            raise Unauthenticated("who are you?")
        raise Forbidden("not yours")

    @app.delete("/people/{person_id}", dependencies=[audited("person.delete"), Depends(sign_in)])
    async def delete(person_id: UUID) -> None:
        raise Forbidden("not yours")

    @app.get("/terms/{term_id}", dependencies=[Depends(sign_in)])
    async def show(term_id: str) -> None:
        raise Forbidden("not yours")

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_a_refused_act_is_written_down(client: AsyncClient, database: Database) -> None:
    assert (await client.put("/terms/t-1", json={"seats": 1})).status_code == 403
    [entry] = await written(database)
    assert entry["type"] == "usher.entitlements.audit.recorded.v1"
    assert (entry["act"], entry["target"], entry["outcome"]) == ("license_term.change", "t-1", "refused")
    assert (entry["actor"], entry["reason"], entry["address"]) == (f"user:{ADA}", "forbidden", "203.0.113.7")


async def test_an_act_that_is_not_even_valid_is_written_down(client: AsyncClient, database: Database) -> None:
    assert (await client.put("/terms/t-1", json={"seats": "many"})).status_code == 422
    [entry] = await written(database)
    assert (entry["outcome"], entry["reason"]) == ("refused", "invalid")


async def test_what_should_be_an_id_and_is_none_is_left_out(client: AsyncClient, database: Database) -> None:
    assert (await client.delete("/people/ada@example.org")).status_code == 422
    [entry] = await written(database)
    assert (entry["act"], entry["target"]) == ("person.delete", "?")


async def test_reading_and_strangers_are_not(client: AsyncClient, database: Database) -> None:
    assert (await client.get("/terms/t-1")).status_code == 403
    assert (await client.put("/terms/stranger", json={"seats": 1})).status_code == 401
    assert await written(database) == []


async def test_a_done_act_goes_with_its_transaction(database: Database) -> None:
    act = Act("seat.withhold", "s-1", TENANT, before={"state": "assigned"}, after={"state": "withheld"})

    async def undone() -> None:
        async with database.transaction([TENANT]) as conn:
            await audit.record(conn, SERVICE, [act], at=DAY, cause=Cause(actor=f"user:{ADA}"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await undone()
    assert await written(database) == []
    async with database.transaction([TENANT]) as conn:
        await audit.record(conn, SERVICE, [act], at=DAY, cause=Cause(actor=f"user:{ADA}"))
    [entry] = await written(database)
    assert (entry["before"], entry["after"], entry["outcome"]) == ({"state": "assigned"}, {"state": "withheld"}, "done")
