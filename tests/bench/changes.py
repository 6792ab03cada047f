"""The change: one person's roles set by HTTP at low load, until reporting shows what came of it."""

import asyncio
import time
from collections.abc import Sequence
from statistics import quantiles

import httpx2
from tests.bench import district
from tests.bench.figures import Figure
from tests.bench.ground import Ground, fresh
from tests.bench.running import running, services
from tests.bench.sizes import Sizes, tell

from usher_cli.servers import Addresses

ROLES = {"identity": "all"}
SEAT = "select version from seat where product = 'learn'"
POLL_SECONDS = 0.001
REST_SECONDS = 0.05
"""Between two changes, so that the services have told each other everything: low load."""

PATIENCE_SECONDS = 10.0


async def measure_changes(addresses: Addresses, sizes: Sizes, _: frozenset[str]) -> dict[str, Figure]:
    """Give and take a role of a person's in turn; each gives or takes a seat."""
    middle, slowest = [], []
    async with fresh(addresses) as home:
        made = await district.found(home, seats=100)
        for _run in range(sizes.runs):
            async with fresh(addresses, like=home) as ground:
                with running(services(ground, ROLES)):
                    taken = await change_roles(ground, made, sizes.changes)
            cuts = quantiles(taken, n=100, method="inclusive")
            middle.append(1_000 * cuts[49])
            slowest.append(1_000 * cuts[98])
            longest = 1_000 * max(taken)
            tell(f"changes: {middle[-1]:.1f} ms in the middle, {slowest[-1]:.1f} ms at 99 %, {longest:.1f} at most")
    what = f"PUT /v1/users/{{id}}/roles to the seat in reporting's database, {sizes.changes} changes one by one"
    return {
        "change_p50_ms": Figure.of(middle, "ms", f"{what}; goal 30"),
        "change_p99_ms": Figure.of(slowest, "ms", f"{what}; goal 150"),
    }


async def change_roles(ground: Ground, made: district.District, changes: int) -> Sequence[float]:
    """Returns the seconds that each change took, after as many as a tenth that were not counted."""
    with district.session(ground) as administrator:
        person = administrator.identity.create_user(
            {"org_id": str(made.schools[0]), "user_name": "ada", "display_name": "Ada", "roles": ["learner"]}
        )
        token = administrator.credentials.token()
    url = f"{ground.environment['USHER_IDENTITY_URL']}/v1/users/{person['id']}/roles"
    headers = {"authorization": f"Bearer {token}"}
    warm_up = max(1, changes // 10)
    taken = []
    async with ground.connection("reporting") as reporting, httpx2.AsyncClient(headers=headers) as http:
        version = 1
        while await reporting.fetchval(SEAT) != version:
            await asyncio.sleep(POLL_SECONDS)
        for number in range(warm_up + changes):
            await asyncio.sleep(REST_SECONDS)
            version += 1
            began = time.perf_counter()
            answer = await http.put(url, json={"roles": ["learner"] if number % 2 else ["reporter"]})
            answer.raise_for_status()
            while await reporting.fetchval(SEAT) != version:
                assert time.perf_counter() - began < PATIENCE_SECONDS, f"version {version} of the seat does not come"
                await asyncio.sleep(POLL_SECONDS)
            taken.append(time.perf_counter() - began)
    return taken[warm_up:]
