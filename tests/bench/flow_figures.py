"""The figures of the flow: our way, the ordinary one and the floor, in turn, on copies of the same ground."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tests.bench import district
from tests.bench.figures import Figure
from tests.bench.flow import FLOOR, ORDINARY, OURS, Passage, Way, pass_through
from tests.bench.ground import Ground, fresh
from tests.bench.sizes import Sizes, tell

from usher_cli.servers import Addresses, ServerError

BY_SCHOOL = True
"""A pool of each product a school: one for all would be a lock that the ordinary way waits for at each seat."""

NEEDS: Mapping[str, tuple[Way, ...]] = {
    "flow_vs_ordinary": (OURS, ORDINARY),
    "flow_vs_floor": (OURS, FLOOR),
    "flow_people_per_second": (OURS,),
    "ordinary_people_per_second": (ORDINARY,),
    "floor_people_per_second": (FLOOR,),
}
WHAT = {
    OURS: "identity's outbox to the last seat in reporting, two seats a person; all five services as workers",
    ORDINARY: "the same by a FastStream handler and an ORM session a message, 8 at once, five processes",
    FLOOR: "the same facts as bare bodies and the same rows by bare statements, 100 a message, five processes",
}


Round: TypeAlias = Mapping[Way, float]
"""People a second of each way that came through."""


async def measure_flow(addresses: Addresses, sizes: Sizes, wanted: frozenset[str]) -> dict[str, Figure]:
    """Run the ways that the wanted figures need, interleaved."""
    needed = {way for name in wanted for way in NEEDS[name]}
    ways = [way for way in (OURS, FLOOR, ORDINARY) if way in needed]
    people = dict.fromkeys(ways, sizes.people) | {ORDINARY: sizes.ordinary_people}
    rounds: list[Round] = []
    async with fresh(addresses) as home:
        made = await district.found(home, seats=max(people.values()), by_school=BY_SCHOOL)
        for _ in range(sizes.runs):
            passages = {way: await attempt(way, addresses, home, made, people[way]) for way in ways}
            rounds.append({way: passage.people_per_second for way, passage in passages.items() if passage})
    return to_figures(rounds, people)


async def attempt(way: Way, addresses: Addresses, home: Ground, made: district.District, people: int) -> Passage | None:
    """A passage, told; None where it failed, which costs this round its ratio and the others nothing."""
    try:
        passage = await pass_through(way, addresses, home, made, people)
    except (AssertionError, ServerError) as error:
        tell(f"{way.name}: FAILED: {error}")
        return None
    tell(told(way, passage))
    return passage


def to_figures(rounds: Sequence[Round], people: Mapping[Way, int]) -> dict[str, Figure]:
    """Each way's rate, and ours divided by each other's, round by round: what moved the machine moved both."""
    found: dict[str, Figure] = {}
    for way, name in ((OURS, "flow"), (ORDINARY, "ordinary"), (FLOOR, "floor")):
        if rates := [one[way] for one in rounds if way in one]:
            found[f"{name}_people_per_second"] = Figure.of(rates, "people/s", f"{people[way]:,} people, {WHAT[way]}")
    for way, against in ((ORDINARY, "goal 25, at least 15"), (FLOOR, "1 is the floor itself")):
        if ratios := [one[OURS] / one[way] for one in rounds if OURS in one and way in one]:
            found[f"flow_vs_{way.name}"] = Figure.of(
                ratios, "ratio", f"{people[OURS]:,} people to {people[way]:,} the {way.name} way; {against}"
            )
    return found


def told(way: Way, passage: Passage) -> str:
    """One run in a line, with where the processor's time went."""
    cost = {name: round(1e6 * seconds / passage.people) for name, seconds in passage.cpu.items()}
    return (
        f"{way.name}: {passage.people:,} people in {passage.seconds:.2f} s ({passage.people_per_second:,.0f}/s), "
        f"settled in {passage.settled_seconds:.2f} s; µs of CPU a person: {sum(cost.values()):,} "
        f"({', '.join(f'{name} {spent:,}' for name, spent in cost.items())})"
    )
