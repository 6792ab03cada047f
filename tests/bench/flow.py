"""The flow: new people from identity's outbox to their last seat in reporting, in the product's way and in others."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tests.bench.district import PRODUCTS, District, reach
from tests.bench.facts import behind_a_gate
from tests.bench.ground import Ground, fresh
from tests.bench.running import cpu_seconds, modules, running, services

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
        ("select count(*) from seat where state = 'assigned' and activity_version = 1", 2),
        ("select sum(assigned) from headcount where product = 'combined'", 1),
        ("select sum(unknown) from headcount", 3),
        ("select sum(assigned) from pool", 2),
    ],
}
"""What holds once everything is told everywhere, in whichever way: counts, in rows a person."""

SLOWEST = 20
"""People a second; a way that is slower is stuck."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way from fact to seat: the programs that go it, one a service."""

    name: str
    programs: Callable[[Ground], Sequence[Program]]


OURS = Way("ours", services)
ORDINARY = Way("ordinary", lambda ground: modules(ground, "ordinary"))
FLOOR = Way("floor", lambda ground: modules(ground, "floor"))


@dataclass(frozen=True, slots=True)
class Passage:
    """How a number of people came through."""

    people: int
    seconds: float
    """From the moment the relay may read, to the last seat in reporting."""
    settled_seconds: float
    """To the moment when everything else was told everywhere as well."""
    cpu: Mapping[str, float]
    """Processor seconds of each program until then, its start left out."""

    @property
    def people_per_second(self) -> float:
        return self.people / self.seconds


async def pass_through(way: Way, addresses: Addresses, like: Ground, district: District, people: int) -> Passage:
    """Send people through, on fresh ground; fails where anything is missing or doubled in the end."""
    patience = 20 + people / SLOWEST
    async with fresh(addresses, like=like) as ground:
        started = way.programs(ground)
        with running(started):
            async with behind_a_gate(ground, district, people):
                before = cpu_seconds(started)
            began = time.perf_counter()
            ended = await reach(ground, "reporting", SEATED, len(PRODUCTS) * people, patience=patience, need=started)
            for service, counts in ENDS.items():
                for query, a_person in counts:
                    settled = await reach(ground, service, query, a_person * people, patience=patience, need=started)
            used = cpu_seconds(started)
    cpu = {name: round(used[name] - before[name], 2) for name in used}
    return Passage(people, ended - began, settled - began, cpu)
