"""BI's logins: each sees the views of its own tenant, however it tries to see more."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit
from uuid import UUID

import asyncpg
import pytest

from usher_reporting.bi_dictionary import BEGIN, PAGE, broken, read_views, released_types, render, types_of
from usher_reporting.domain.scram import scram_verifier
from usher_reporting.store.bi_users import end_overlong

from .conftest import OPERATOR, Ask, all_pages, status_of
from .story import ANN, BOB, CAL, DISTRICT, ELSEWHERE, LAB, NORTH, Reporting, day, person, pool, profile, seat, term
from .test_usage import came

PATH = "/v1/bi-users"
Connect: TypeAlias = Callable[..., Awaitable[Any]]


@pytest.fixture
async def life(district: Reporting) -> Reporting:
    """Two tenants with seats, names and licenses."""
    await district.hear(
        person(ANN, NORTH),
        person(CAL, ELSEWHERE, tenant=ELSEWHERE),
        profile(ANN, "Ann Abbot"),
        profile(CAL, "Cal Secret", tenant=ELSEWHERE),
        seat(ANN),
        seat(BOB, "waitlisted", org=LAB, at=day(1)),
        seat(CAL, org=ELSEWHERE, tenant=ELSEWHERE, pool_of=ELSEWHERE),
        pool(DISTRICT, 10, assigned=1),
        pool(ELSEWHERE, 5, assigned=1, tenant=ELSEWHERE),
        term(DISTRICT),
        term(ELSEWHERE, tenant=ELSEWHERE),
        came(NORTH, 3),
        came(ELSEWHERE, 7, tenant=ELSEWHERE),
    )
    return district


@pytest.fixture
async def made(life: Reporting, get: Ask) -> AsyncIterator[dict[str, Any]]:
    """A login of the district's."""
    answer = await get(PATH, who=OPERATOR, post={"name": "warehouse", "org_id": str(DISTRICT)})
    assert answer.status_code == 201, answer.text
    yield answer.json()
    for one in (await get(PATH, who=OPERATOR))["items"]:
        await get(f"{PATH}/{one['id']}", who=OPERATOR, verb="DELETE")


@pytest.fixture
async def connect(service_database: str) -> AsyncIterator[Connect]:
    """Connects to reporting's database with a login's own password."""
    sessions: list[Any] = []

    async def connect(login: dict[str, Any], database: str | None = None) -> Any:
        parts = urlsplit(service_database)
        where = f"{login['role']}:{quote(login['password'])}@{parts.hostname}:{parts.port}"
        path = f"/{database}" if database else parts.path
        sessions.append(await asyncpg.connect(urlunsplit(parts._replace(netloc=where, path=path))))
        return sessions[-1]

    yield connect
    for session in sessions:
        await session.close()


async def values(session: Any, query: str) -> list[Any]:
    return [row[0] for row in await session.fetch(query)]


async def test_a_login_sees_its_tenants_views(made: dict[str, Any], connect: Connect, get: Ask) -> None:
    session = await connect(made)
    assert await values(session, "select distinct display_name from people where display_name is not null") == [
        "Ann Abbot"
    ]
    claims = await all_pages(get, "/v1/claims", org_id=str(DISTRICT), limit=100)
    assert {str(one) for one in await values(session, "select user_id from claims")} == {
        one["user_id"] for one in claims
    }
    lines = (await get("/v1/dashboard", org_id=str(DISTRICT)))["products"]
    counted = await session.fetchrow("select sum(assigned), sum(waitlisted) from headcounts where product = 'learn'")
    assert tuple(counted) == (lines[0]["assigned"], lines[0]["waitlisted"]) == (1, 1)
    assert await values(session, "select capacity from pools") == [10]
    assert await values(session, "select people from actives") == [3]
    for view in await read_views(session):
        assert str(ELSEWHERE) not in str(await session.fetch(f"select * from {view.name}"))


async def ended(life: Reporting, login: dict[str, Any]) -> None:
    """Wait until a login has no session, which it is told to end and does at once."""
    async with asyncio.timeout(5):
        while await life.rows("select 1 from pg_stat_activity where usename = :role", role=login["role"]):
            await asyncio.sleep(0.02)


ESCAPES = [
    "select * from public.claim",
    "select * from public.bi_user",
    "select * from public.tenant",
    "select * from past.claim",
    "set role usher_reporting",
    "set role usher_reporting_bi",
    "set session authorization postgres",
    "create temporary table t (a int)",
    "create table t (a int)",
    "create schema mine",
    "insert into bi_v1.products values ('x', 'y')",
    "update bi_v1.pools set capacity = 0",
    "delete from bi_v1.pools",
    "select public.add_bi_login('usher_bi_' || repeat('0', 32), 'SCRAM-SHA-256$', 1, 1)",
    "select public.drop_bi_login(session_user)",
    "alter role current_user superuser",
    "select rolpassword from pg_authid",
    "copy (select 1) to program 'true'",
    "select pg_read_file('/etc/passwd')",
]


@pytest.mark.usefixtures("life")
async def test_no_way_leads_out_of_its_tenant(made: dict[str, Any], connect: Connect) -> None:
    session = await connect(made)
    await session.execute("set default_transaction_read_only = off")
    for escape in ESCAPES:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await session.execute(escape)
        assert refused.value.sqlstate in {"42501", "55000"}, (escape, refused.value)
    for setting in (f"'{{{ELSEWHERE}}}'", f"'{{{DISTRICT},{ELSEWHERE}}}'"):
        await session.execute(f"set usher.tenants = {setting}")
        await session.execute("set usher.relay = 'on'")
        assert len(await values(session, "select id from bi_v1.organizations")) == 4
    await session.execute("set role usher_reporting_bi_reader")
    assert await values(session, "select capacity from bi_v1.pools") == [10], "by the login, and not by the role"


@pytest.mark.usefixtures("life")
async def test_no_condition_is_tried_on_anothers_rows(made: dict[str, Any], connect: Connect) -> None:
    """What fails on a value tells of it: so what a query brings along comes after all that the view itself asks."""
    session = await connect(made)
    for view in await read_views(session):
        column = view.columns[0][0]
        asked = f"explain select * from {view.name} where repeat({column}::text, 9) is not null"
        first, condition, *below = await values(session, asked)
        assert first.startswith(f"Subquery Scan on {view.name} "), view.name
        assert "repeat" in condition
        assert "repeat" not in str(below)
        assert "tenant_id = " in str(below)


@pytest.mark.usefixtures("life")
async def test_catalogs_tell_no_values_and_no_tenants(made: dict[str, Any], connect: Connect) -> None:
    session = await connect(made)
    for catalog in ("pg_stats", "pg_stat_activity", "pg_roles", "pg_settings", "pg_stat_statements"):
        if await session.fetchval("select to_regclass($1)", catalog) is None:
            continue
        found = str(await values(session, f"select c::text from {catalog} c"))
        assert not [leak for leak in (str(ELSEWHERE), str(DISTRICT), "Cal Secret", "warehouse") if leak in found]


async def test_a_login_has_limits_and_cannot_lift_its_timeout_for_long(
    made: dict[str, Any], connect: Connect, life: Reporting
) -> None:
    session = await connect(made)
    shown = [await session.fetchval(f"show {name}") for name in ("statement_timeout", "transaction_read_only")]
    assert shown == ["1min", "on"]
    assert await session.fetchval("select rolconnlimit from pg_roles where rolname = session_user") == 5
    await session.execute("set statement_timeout = 0")
    lasting = session.transaction()
    await lasting.start()
    await session.fetch("select pg_sleep(0)")
    async with life.database.transaction() as conn:
        assert await end_overlong(conn, 3_600) == 0
        assert await end_overlong(conn, 0) == 1
    await ended(life, made)


async def test_a_password_is_told_once_and_ends_with_its_rotation(
    made: dict[str, Any], connect: Connect, get: Ask, life: Reporting
) -> None:
    await connect(made)
    kept = str(await life.rows("select t::text from bi_user t")) + str(await life.rows("select body from outbox"))
    assert made["password"] not in kept
    [listed] = (await get(PATH, who=OPERATOR))["items"]
    assert (listed["role"], "password" in listed) == (made["role"], False)
    rotated = await get(f"{PATH}/{made['id']}:rotate", who=OPERATOR, post={})
    await ended(life, made)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(made)
    await connect(rotated)
    assert status_of(await get(f"{PATH}/{made['id']}", who=OPERATOR, verb="DELETE")) == 204
    await ended(life, made)
    with pytest.raises(asyncpg.PostgresError):
        await connect(rotated)
    acts = [json.loads(body)["act"] for (body,) in await life.rows("select body from outbox order by id")]
    assert acts == ["bi_user.add", "bi_user.rotate", "bi_user.remove"]


async def test_logins_are_a_system_administrators_and_of_whole_tenants(life: Reporting, get: Ask) -> None:
    for who, org, status in (
        (None, DISTRICT, 403),
        (OPERATOR, NORTH, 422),
        (OPERATOR, UUID(int=777), 404),
    ):
        named = {"who": who} if who else {}
        assert status_of(await get(PATH, post={"name": "one", "org_id": str(org)}, **named)) == status
    assert status_of(await get(PATH)) == 403
    assert await life.rows("select 1 from bi_user") == []


async def test_a_name_is_given_once(made: dict[str, Any], get: Ask) -> None:
    again = {"name": made["name"], "org_id": str(DISTRICT)}
    assert status_of(await get(PATH, who=OPERATOR, post=again)) == 409


async def test_what_was_released_is_there_and_told(service_database: str) -> None:
    """`python -m usher_reporting.bi_dictionary URL` writes both again."""
    connection = await asyncpg.connect(service_database)
    try:
        views = await read_views(connection)
    finally:
        await connection.close()
    assert len(views) == 10
    assert broken(views, released_types()) == []
    assert types_of(views) == released_types(), "release what is new"
    assert [view.name for view in views if not view.about] == []
    assert [column for view in views for column, _, meaning in view.columns if not meaning] == []
    assert BEGIN + PAGE.read_text().partition(BEGIN)[2] == render(views), "write docs/bi.md again"


async def test_a_column_that_is_gone_or_changed_is_found(service_database: str) -> None:
    connection = await asyncpg.connect(service_database)
    try:
        views = await read_views(connection)
    finally:
        await connection.close()
    wanted = {**types_of(views), "pools": {**types_of(views)["pools"], "id": "text", "gone": "text"}}
    assert broken(views, wanted) == ["pools.id text", "pools.gone text"]


def test_a_verifier_is_the_one_that_postgresql_makes() -> None:
    """By the exchange of RFC 7677: its password, salt, and the server's signature of it."""
    import base64  # noqa: PLC0415
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    verifier = scram_verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="), 4_096)
    server = base64.b64decode(verifier.rsplit(":", 1)[1])
    said = (
        b"n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
        b"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    )
    signature = base64.b64encode(hmac.new(server, said, hashlib.sha256).digest()).decode()
    assert signature == "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
