"""A million seats: what is looked at most, over HTTP, beside the plainest SQL that gives the same answer."""

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx2
from tests.bench.district_of_a_million import IDENTITY, NORTH, REPORTING, ROOT, seed
from tests.bench.figures import Figure
from tests.bench.ground import CLIENT, Ground, fresh
from tests.bench.running import running, service
from tests.bench.sizes import Sizes, tell

from usher_cli.servers import Addresses

ROLES = {"identity": "api", "reporting": "api"}
TIMES = 15
"""How often each is asked in a run, in turn with the other."""

DASHBOARD = """
    select s.product, count(*) filter (where state = 'assigned') as assigned,
        count(*) filter (where state = 'waitlisted') as waitlisted,
        count(*) filter (where state = 'assigned' and activity in ('active', 'warned')) as active,
        count(*) filter (where state = 'assigned' and activity = 'inactive') as inactive,
        count(*) filter (where state = 'assigned' and activity = 'never_used') as never_used
    from seat s where tenant_id = $1 group by s.product order by s.product
"""
CLAIMS = """
    with recursive below as (
        select id from organization where id = $2
        union select o.id from below b join organization o on o.parent_id = b.id
    )
    select c.*, p.display_name, o.name from claim c
    left join profile p on p.tenant_id = c.tenant_id and p.id = c.user_id
    left join organization o on o.tenant_id = c.tenant_id and o.id = c.org_id
    where c.tenant_id = $1 and c.org_id in (select id from below)
    order by c.at desc, c.user_id desc, c.product desc, c.version desc limit 50
"""
USERS = """
    select * from person where tenant_id = $1
        and (display_name ilike $2 or display_name ilike '% ' || $2 or user_name ilike $2 or email ilike $2)
    order by lower(display_name), id limit 50
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of which service, and the SQL that answers the same, with its parameters."""

    service: str
    path: str
    sql: str
    parameters: Sequence[Any]


QUESTIONS: Mapping[str, Question] = {
    "dashboard": Question("reporting", f"/v1/dashboard?org_id={ROOT}", DASHBOARD, [ROOT]),
    "claims": Question("reporting", f"/v1/claims?org_id={ROOT}", CLAIMS, [ROOT, ROOT]),
    "claims of a region": Question("reporting", f"/v1/claims?org_id={NORTH}", CLAIMS, [ROOT, NORTH]),
    "user search": Question("identity", f"/v1/users?org_id={ROOT}&q=mey", USERS, [ROOT, "mey%"]),
    "user search, many": Question("identity", f"/v1/users?org_id={ROOT}&q=m", USERS, [ROOT, "m%"]),
}


async def measure_million(addresses: Addresses, sizes: Sizes, _: frozenset[str]) -> dict[str, Figure]:
    """Each question by HTTP and by SQL in turn, on one seeded ground."""
    async with fresh(addresses) as ground:
        await seed_all(ground, sizes)
        with running([service(ground, name, role) for name, role in ROLES.items()]):
            rounds = [await ask_all(ground) for _run in range(sizes.runs)]
    return to_figures(rounds, sizes)


def to_figures(rounds: Sequence[Mapping[str, tuple[float, float]]], sizes: Sizes) -> dict[str, Figure]:
    """The dashboard's milliseconds, and the worst of each round's ratios; the medians of all stand beside them."""
    beside = "; ".join(
        f"{name}: {median([one[name][0] for one in rounds]):.1f} ms, SQL {median([one[name][1] for one in rounds]):.1f}"
        for name in rounds[0]
    )
    what = f"{sizes.million_seats:,} seats, rollups of {sizes.million_logins:,} logins"
    return {
        "dashboard_1m_ms": Figure.of([one["dashboard"][0] for one in rounds], "ms", f"GET /v1/dashboard; {what}"),
        "dashboard_1m_vs_sql": Figure.of(
            [max(api / sql for api, sql in one.values()) for one in rounds], "x", f"goal at most 2; {beside}"
        ),
    }


async def seed_all(ground: Ground, sizes: Sizes) -> None:
    for name, template in (("identity", IDENTITY), ("reporting", REPORTING)):
        began = time.perf_counter()
        async with ground.connection(name) as connection:
            await connection.execute(seed(template, seats=sizes.million_seats, logins=sizes.million_logins))
            await connection.execute("vacuum analyze")
        tell(f"{name} seeded in {time.perf_counter() - began:.0f} s")


async def ask_all(ground: Ground) -> dict[str, tuple[float, float]]:
    """The milliseconds of each question in the middle, over HTTP and by SQL."""
    token = token_of_operator(ground)
    found = {}
    for name, question in QUESTIONS.items():
        async with ground.connection(question.service) as connection:
            found[name] = await ask(ground, connection, question, token)
        tell(f"{name}: {found[name][0]:.1f} ms, SQL {found[name][1]:.1f} ms")
    return found


async def ask(
    ground: Ground, connection: "asyncpg.Connection[asyncpg.Record]", question: Question, token: str
) -> tuple[float, float]:
    address = urlsplit(ground.environment[f"USHER_{question.service.upper()}_URL"])
    http = HTTPConnection(str(address.hostname), address.port or 80)
    statement = await connection.prepare(question.sql)

    async def over_http() -> Any:
        http.request("GET", question.path, headers={"Authorization": f"Bearer {token}"})
        answer = http.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200, body
        return body

    async def by_sql() -> Any:
        return await statement.fetch(*question.parameters)

    taken: list[tuple[float, float]] = [(await timed(over_http), await timed(by_sql)) for _ in range(TIMES + 3)]
    http.close()
    return median(api for api, _ in taken[3:]), median(sql for _, sql in taken[3:])


async def timed(asked: Callable[[], Awaitable[Any]]) -> float:
    began = time.perf_counter()
    await asked()
    return 1_000 * (time.perf_counter() - began)


def token_of_operator(ground: Ground) -> str:
    form = {"grant_type": "client_credentials", "scope": "admin"}
    answer = httpx2.post(f"{ground.environment['USHER_IDENTITY_URL']}/oauth/token", data=form, auth=CLIENT)
    return str(answer.raise_for_status().json()["access_token"])
