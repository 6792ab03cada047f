"""Errors as a caller sees them: what passes by itself is told apart from what is our fault."""

from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from usher_kit.database import Contended, Database
from usher_kit.problems import add_problem_handlers

from .conftest import SERVICE

NOBODY_THERE = "postgresql://usher@127.0.0.1:1/usher"


@pytest.fixture
async def client(database: Database) -> AsyncIterator[AsyncClient]:
    app = FastAPI()
    add_problem_handlers(app)
    app.state.runtime = SimpleNamespace(service=SERVICE, database=database)
    away = Database.connect(NOBODY_THERE, SERVICE)

    @app.get("/away")
    async def ask_nobody() -> None:
        await away.ping()

    @app.get("/ended")
    async def end_own_connection() -> None:
        async with database.transaction() as conn:
            await conn.execute(text("set role none"))  # a service's role may end nobody's
            await conn.execute(text("select pg_terminate_backend(pg_backend_pid())"))

    busy = Database(create_async_engine(database.engine.url, pool_size=1, max_overflow=0, pool_timeout=0.01))

    @app.get("/busy")
    async def ask_beside_others() -> None:
        async with busy.engine.connect():
            await busy.ping()

    @app.get("/contended")
    async def meet_another() -> None:
        raise Contended("a seat has come to another pool meanwhile")

    @app.get("/wrong")
    async def ask_wrongly() -> None:
        async with database.transaction() as conn:
            await conn.execute(text("select nonsense"))

    @app.get("/kept")
    async def keep(words: str) -> None:
        async with database.transaction() as conn:
            await conn.execute(text("select cast(:words as text)"), {"words": words})

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        yield client
    await busy.close()


@pytest.mark.parametrize("path", ["/away", "/ended", "/busy", "/contended"])
async def test_what_passes_by_itself_is_to_be_sent_again(client: AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:usher:problem:unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert "Idempotency-Key" in answer.json()["detail"]


async def test_an_error_of_ours_is_not_called_an_outage(client: AsyncClient) -> None:
    with pytest.raises(DBAPIError):
        await client.get("/wrong")


async def test_a_text_that_cannot_be_kept_is_the_callers_to_mend(client: AsyncClient) -> None:
    answer = await client.get("/kept?words=a%00b")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:usher:problem:invalid")
    assert "NUL" in answer.json()["detail"]
