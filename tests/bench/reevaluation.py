"""Re-evaluation: a rule changed for all of a district, until reporting shows the last seat, and changes beside it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from statistics import median

import httpx2
from tests.bench import district
from tests.bench.district import District, reach
from tests.bench.facts import behind_a_gate
from tests.bench.figures import Figure
from tests.bench.ground import Ground, fresh
from tests.bench.running import cpu_used, running, services
from tests.bench.sizes import Sizes, tell

from usher_cli.servers import Addresses
from usher_contracts.identity import Role

ROLES = {"identity": "all", "entitlements": "all"}
UNCALLED: Sequence[Role] = ("reporter",)
"""What everybody is: no rule calls for anything of theirs, until the one that is measured does."""

RULES = [{"role": "learner", "product": "learn"}, {"role": "reporter", "product": "learn"}]
SEATED = "select coalesce(sum(assigned), 0) from headcount where product = 'learn'"
SEAT = "select version from seat where user_id = $1 and product = 'learn'"
ALONE = 40
"""Changes before the rule is changed, so that it is known what they take alone."""

REST_SECONDS = 0.05
POLL_SECONDS = 0.002
PATIENCE_SECONDS = 300.0


class Changing:
    """One person of the same pool, whose role is set and taken back, each time until reporting shows it."""

    def __init__(self, ground: Ground, user_id: str, token: str) -> None:
        self._url = f"{ground.environment['USHER_IDENTITY_URL']}/v1/users/{user_id}/roles"
        self._headers = {"authorization": f"Bearer {token}"}
        self._ground = ground
        self._user_id = user_id
        self._version = 0

    async def go_on(self, until: Callable[[int], bool]) -> list[float]:
        """The milliseconds of changes one after the other, as long as `until(number done)` is false."""
        taken: list[float] = []
        async with (
            self._ground.connection("reporting") as reporting,
            httpx2.AsyncClient(headers=self._headers, timeout=60) as http,
        ):
            while not until(len(taken)):
                await asyncio.sleep(REST_SECONDS)
                began = time.perf_counter()
                self._version += 1
                roles = ["learner"] if self._version % 2 else []
                (await http.put(self._url, json={"roles": roles})).raise_for_status()
                while (await reporting.fetchval(SEAT, self._user_id) or 0) < self._version:
                    assert time.perf_counter() - began < PATIENCE_SECONDS, "a change of one person does not come"
                    await asyncio.sleep(POLL_SECONDS)
                taken.append(1_000 * (time.perf_counter() - began))
        return taken


async def measure_reevaluation(addresses: Addresses, sizes: Sizes, _: frozenset[str]) -> dict[str, Figure]:
    """Rounds of the whole; what a change of one person took alone and beside it stands with the figure."""
    seconds, alone, beside = [], [], []
    async with fresh(addresses) as home:
        made = await district.found(home, seats=2 * sizes.reevaluated)
        for _run in range(sizes.runs):
            async with fresh(addresses, like=home) as ground:
                taken, before, meanwhile = await change_rule(ground, made, sizes.reevaluated)
            seconds.append(taken)
            alone.append(median(before))
            beside.append(median(meanwhile))
            tell(
                f"{sizes.reevaluated:,} people decided about anew in {taken:.1f} s; a change of one person takes "
                f"{alone[-1]:.0f} ms alone, {beside[-1]:.0f} beside it ({len(meanwhile)} of them)"
            )
    changes = f"a change of one person of that pool: {median(alone):.0f} ms alone, {median(beside):.0f} beside it"
    what = f"{sizes.reevaluated:,} people, from the rule's change to the last seat in reporting; {changes}; goal 60"
    return {"reevaluate_60k_seconds": Figure.of(seconds, "s", what)}


async def change_rule(ground: Ground, made: District, people: int) -> tuple[float, list[float], list[float]]:
    """The seconds until the last seat, and the milliseconds of changes of one person before it and beside it."""
    programs = services(ground, ROLES)
    with running(programs), district.session(ground) as administrator:
        async with behind_a_gate(ground, made, people, UNCALLED):
            pass
        for service in ("entitlements", "usage", "notifications", "reporting"):
            await reach(
                ground, service, "select count(*) from person", people, patience=PATIENCE_SECONDS, need=programs
            )
        ada = administrator.identity.create_user(
            {"org_id": str(made.schools[0]), "user_name": "ada", "display_name": "Ada", "roles": []}
        )
        changing = Changing(ground, str(ada["id"]), administrator.credentials.token())
        alone = await changing.go_on(lambda done: done == ALONE)
        spent_before = cpu_used(programs)
        began = time.perf_counter()
        administrator.entitlements.set_grant_rules(str(made.id), RULES, dry_run=False)
        seated = f"select (({SEATED}) >= {people})::int"
        last = asyncio.create_task(reach(ground, "reporting", seated, 1, patience=PATIENCE_SECONDS, need=programs))
        beside = await changing.go_on(lambda _: last.done())
        spent = {key: 1_000_000 * (used - spent_before[key]) / people for key, used in cpu_used(programs).items()}
        tell("µs of processor time a person: " + ", ".join(f"{key} {used:.0f}" for key, used in spent.items()))
        return await last - began, alone[ALONE // 10 :], beside
