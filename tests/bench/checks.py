"""The check: asked over HTTP by one client, one at a time, with thousands of tenants and with a single one."""

import json
import random
import time
from http.client import HTTPConnection
from statistics import median, quantiles
from urllib.parse import urlsplit

import httpx2
from tests.bench.figures import Figure
from tests.bench.ground import CHECK_SECRET, Ground, fresh
from tests.bench.running import cpu_used, running, service
from tests.bench.sizes import Sizes, tell

from usher_cli.servers import Addresses

ROLES = {"identity": "api", "entitlements": "api"}
SEED = """
    insert into tenant (id) select md5('tenant' || n)::uuid from generate_series(1, {tenants}) n;
    insert into pool (tenant_id, id, org_id, product, license_state, capacity, capacity_with_grace, extra,
        extra_with_grace, starts_at, ends_at, usable_until, shrink, assigned, waitlisted, suspended, over_allocated,
        carried_in, as_of, version)
    select id, id, id, 'learn', 'active', {seats}, {seats}, 0, 0, now(), now() + interval '1 year',
        now() + interval '1 year', 'keep', {seats}, 0, 0, false, 0, now(), 1 from tenant;
    insert into person (tenant_id, id, org_id, status, status_since, roles, role_since, version, config_version)
    select tenant, md5('person' || n)::uuid, tenant, 'active', now(), '{{learner}}', array[now()], 1, 1
    from (select n, md5('tenant' || (1 + n % {tenants}))::uuid as tenant from generate_series(1, {seats}) n) of;
    insert into seat (tenant_id, user_id, product, org_id, pool_id, state, reason, since, assigned_since, wanted_since,
        priority, first_in_line, evidence, version)
    select tenant_id, id, 'learn', org_id, tenant_id, 'assigned', 'role_granted', now(), now(), now(), 0, false, '{{}}',
        1 from person;
    analyze
"""
PEOPLE = "select cast(id as text) from person order by id limit 2000"


async def measure_checks(addresses: Addresses, sizes: Sizes, _: frozenset[str]) -> dict[str, Figure]:
    """Rounds of both in turn. The figures are of many tenants; what one takes stands beside them."""
    many: list[tuple[float, float]] = []
    one: list[tuple[float, float]] = []
    for _run in range(sizes.runs):
        for tenants, found in ((1, one), (sizes.check_tenants, many)):
            found.append(await check(addresses, tenants, sizes))
    beside = [f"{median([run[place] for run in one]):.2f} ms with one tenant" for place in (0, 1)]
    what = (
        f"GET /v1/check over HTTP, {sizes.checks:,} one by one, {sizes.check_seats:,} seats of {sizes.check_tenants:,}"
    )
    return {
        name: Figure.of([run[place] for run in many], "ms", f"{what} tenants; {beside[place]}; goal {goal}")
        for place, (name, goal) in enumerate({"check_p50_ms": 1, "check_p99_ms": 3}.items())
    }


async def check(addresses: Addresses, tenants: int, sizes: Sizes) -> tuple[float, float]:
    """The milliseconds of a check in the middle and at 99 %."""
    async with fresh(addresses) as ground:
        async with ground.connection("entitlements") as connection:
            await connection.execute(SEED.format(tenants=tenants, seats=sizes.check_seats))
            people = [str(row["id"]) for row in await connection.fetch(PEOPLE)]
        programs = [service(ground, name, role) for name, role in ROLES.items()]
        with running(programs):
            token = token_of_products(ground)
            ask_all(ground, token, people, max(1, sizes.checks // 10))
            before = cpu_used(programs)
            taken = ask_all(ground, token, people, sizes.checks)
            spent = {key: 1_000_000 * (used - before[key]) / sizes.checks for key, used in cpu_used(programs).items()}
    cuts = quantiles(taken, n=100, method="inclusive")
    costs = f"{spent['entitlements']:.0f} µs of entitlements' processor, {spent['postgres']:.0f} of PostgreSQL's"
    tell(f"checks with {tenants:,} tenants: {cuts[49]:.2f} ms in the middle, {cuts[98]:.2f} at 99 %; {costs}")
    return cuts[49], cuts[98]


def token_of_products(ground: Ground) -> str:
    form = {"grant_type": "client_credentials", "scope": "check"}
    url = f"{ground.environment['USHER_IDENTITY_URL']}/oauth/token"
    answer = httpx2.post(url, data=form, auth=("check", CHECK_SECRET)).raise_for_status()
    return str(answer.json()["access_token"])


def ask_all(ground: Ground, token: str, people: list[str], count: int) -> list[float]:
    """The milliseconds of so many checks, on one connection, by the plainest client that there is."""
    address = urlsplit(ground.environment["USHER_ENTITLEMENTS_URL"])
    headers = {"Authorization": f"Bearer {token}"}
    chosen = random.Random(1).choices(people, k=count)
    taken = []
    connection = HTTPConnection(str(address.hostname), address.port or 80)
    for person in chosen:
        began = time.perf_counter()
        connection.request("GET", f"/v1/check?user_id={person}&product=learn", headers=headers)
        answer = connection.getresponse().read()
        taken.append(1_000 * (time.perf_counter() - began))
        assert json.loads(answer)["allowed"], answer
    connection.close()
    return taken
