"""The plan of a district: how many schools it takes for so many people, and where each stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from usher_cli.generate.chance import chance
from usher_cli.generate.names import PLACES, plain

LEVELS = (("Elementary School", 34, 9, 10), ("Middle School", 52, 12, 4), ("High School", 96, 24, 3))
"""Kinds of schools: name, people working there, give or take, and how common they are."""

OFFICE_SHARE = 25
"""One in so many people works in the district's office."""

ZONE_SIZE = 30
"""A district with more schools than this is parted into zones of about as many."""

STRAY_PARENT = "X-0000"
"""A parent that no file lists."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One row of orgs.csv, and how many people it is to have."""

    id: str
    name: str
    kind: str
    parent_id: str | None
    staff: int = 0
    students: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A district. Its units stand with the root first and each parent before its units."""

    name: str
    domain: str
    """Where its email goes: nowhere, by RFC 2606."""
    units: Sequence[Unit]


def plan_district(people: int, students: float, seed: int) -> Plan:
    """A district in which exactly `people` work, with about `students` students for each of them."""
    rng = chance(seed, "plan")
    place = rng.choice(PLACES)
    name = f"{place} {rng.choice(('Unified School District', 'Public Schools', 'County Schools'))}"
    office = max(1, people // OFFICE_SHARE)
    schools = _schools(people - office, rng)
    zones = (
        [f"Z{number:02}" for number in range(1, -(-len(schools) // ZONE_SIZE) + 1)] if len(schools) > ZONE_SIZE else []
    )
    units = [Unit("D1", name, "district", None, office)]
    units += [Unit(zone, f"{name}, Zone {number}", "local", "D1") for number, zone in enumerate(zones, start=1)]
    for number, (school, staff) in enumerate(schools):
        parent = zones[number // ZONE_SIZE] if zones else "D1"
        units.append(Unit(f"{1001 + number}", school, "school", parent, staff, round(staff * students)))
    units.append(Unit("9901", f"{place} Adult Learning Annex", "school", STRAY_PARENT))
    return Plan(name, f"{plain(place)}.example.org", units)


def _schools(people: int, rng: Random) -> list[tuple[str, int]]:
    """Names and sizes of schools until everybody works in one; the last is as large as there are people left."""
    schools: list[tuple[str, int]] = []
    used: dict[str, int] = {}
    while people > 0:
        level, usual, spread, _ = rng.choices(LEVELS, weights=[common for *_, common in LEVELS])[0]
        size = min(people, max(8, round(rng.gauss(usual, spread))))
        name = f"{rng.choice(PLACES)} {level}"
        used[name] = used.get(name, 0) + 1
        schools.append((name if used[name] == 1 else f"{name} No. {used[name]}", size))
        people -= size
    return schools
