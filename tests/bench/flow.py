"""The flow: new people from identity's outbox to their last seat in reporting, in the product's way and in others."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.district import PRODUCTS, District, reach
from tests.bench.facts import behind_a_gate
from tests.bench.ground import Ground, fresh
from tests.bench.running import cpu_used, modules, running, services

from usher_cli.servers import Addresses
from usher_cli.servers.programs import Program

SEATED = "select coalesce(sum(assigned), 0) from headcount where product in ('learn', 'observe')"
ENDS: Mapping[str, Sequence[tuple[str, int]]] = {
    "identity": [("select count(*) from outbox", 0)],
    "entitlements": [
        ("select count(*) from outbox", 0),
        ("select count(*) from person", 1),
        ("select count(*) from seat where state = 'assigned'", 2),
        ("select sum(assigned) from pool", 2),
    ],
    "usage": [
        ("select count(*) from outbox", 0),
        ("select count(*) from person", 1),
        ("select count(*) from last_login", 1),
        ("select count(*) from seat where state = 'assigned'", 2),
        ("select count(*) from seat_activity", 2),
    ],
    "notifications": [
        ("select count(*) from person", 1),
        ("select count(*) from seat where state = 'assigned'", 2),
    ],
    "reporting": [
        ("select count(*) from person", 1),
        ("select count(*) from claim", 2),
        ("select count(*) from seat where state = 'assigned'", 2),
        ("select sum(assigned) from headcount where product = 'combined'", 1),
        ("select sum(unknown) from headcount", 3),
        ("select sum(assigned) from pool", 2),
    ],
}
"""What holds once everything is told everywhere, in whichever way: counts, in rows a person."""

START_SECONDS = 30.0
"""How long the first person may take."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way from fact to seat: the programs that go it, one a service."""

    name: str
    programs: Callable[[Ground], Sequence[Program]]
    slowest: float
    """People a second; slower than this it is stuck, however busy the machine."""


OURS = Way("ours", services, 50)
ORDINARY = Way("ordinary", lambda ground: modules(ground, "ordinary"), 2)
FLOOR = Way("floor", lambda ground: modules(ground, "floor"), 50)


@dataclass(frozen=True, slots=True)
class Passage:
    """How a number of people came through."""

    people: int
    seconds: float
    """From the moment the relay may read, to the last seat in reporting."""
    settled_seconds: float
    """To the moment when everything else was told everywhere as well."""
    cpu: Mapping[str, float]
    """Processor seconds of each program and of the servers until then, the programs' start left out."""

    @property
    def people_per_second(self) -> float:
        return self.people / self.seconds


async def pass_through(way: Way, addresses: Addresses, like: Ground, district: District, people: int) -> Passage:
    """Send people through, on fresh ground; fails where anything is missing or doubled in the end."""
    patience = START_SECONDS + people / way.slowest
    async with fresh(addresses, like=like) as ground:
        started = way.programs(ground)
        with running(started):
            async with behind_a_gate(ground, district, people):
                before = cpu_used(started)
            began = time.perf_counter()
            ended = await reach(ground, "reporting", SEATED, len(PRODUCTS) * people, patience=patience, need=started)
            for service, counts in ENDS.items():
                for query, a_person in counts:
                    settled = await reach(ground, service, query, a_person * people, patience=patience, need=started)
            used = cpu_used(started)
    cpu = {name: round(used[name] - before[name], 2) for name in used}
    return Passage(people, ended - began, settled - began, cpu)
