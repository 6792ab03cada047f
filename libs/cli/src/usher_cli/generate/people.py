"""The people of a planned district, school by school: the same each time they are asked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from usher_cli.generate.chance import chance
from usher_cli.generate.names import Names, plain
from usher_cli.generate.plan import Plan, Unit

SITE_OFFICE = 15
"""From this size on, a school has an administrator of its site."""

ITINERANT_SHARE = 0.04
"""Of teachers and aides, who work at another school too."""

UNNAMED_SHARE = 0.02
"""Of teachers, whose role stands in enrollments alone."""

DISABLED_SHARE = 0.004
"""Of everybody, who may not use systems for now."""


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody who works in the district."""

    id: str
    given_name: str
    family_name: str
    user_name: str
    role: str
    units: tuple[str, ...]
    role_is_written: bool
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Student:
    id: str
    given_name: str
    family_name: str
    grade: str


def staff_by_unit(plan: Plan, seed: int) -> Iterator[tuple[Unit, Sequence[Staff]]]:
    """Everybody who works somewhere, unit by unit."""
    rng = chance(seed, "staff")
    names = Names(rng)
    schools = [unit.id for unit in plan.units if unit.kind == "school" and unit.staff]
    number = 0
    for unit in plan.units:
        roles = _office_roles(unit.staff, rng) if unit.kind == "district" else _school_roles(unit.staff, rng)
        yield unit, [_staff(number + place, role, unit, schools, names, rng) for place, role in enumerate(roles)]
        number += unit.staff


def students_by_unit(plan: Plan, seed: int) -> Iterator[tuple[Unit, Iterator[Student]]]:
    """Every student, unit by unit; each unit's are to be taken before the next one's."""
    rng = chance(seed, "students")
    names = Names(rng)
    number = 0
    for unit in plan.units:
        yield unit, (_student(number + place, unit, names, rng) for place in range(unit.students))
        number += unit.students


def _office_roles(size: int, rng: Random) -> list[str]:
    first = ["districtAdministrator", "administrator", "administrator"][:size]
    return first + rng.choices(("administrator", "staff"), weights=(3, 7), k=size - len(first))


def _school_roles(size: int, rng: Random) -> list[str]:
    first = ["principal", *(["siteAdministrator"] if size >= SITE_OFFICE else []), *["administrator"] * (size // 40)]
    first = first[:size]
    return first + rng.choices(("teacher", "aide", "staff"), weights=(76, 18, 6), k=size - len(first))


def _staff(number: int, role: str, unit: Unit, schools: Sequence[str], names: Names, rng: Random) -> Staff:
    given, family, times = names[number]
    second = rng.choice(schools) if schools and rng.random() < ITINERANT_SHARE else unit.id
    is_itinerant = role in ("teacher", "aide") and second != unit.id
    return Staff(
        id=f"E{100_000 + number}",
        given_name=given,
        family_name=family,
        user_name=f"{plain(given)}.{plain(family)}{times + 1 if times else ''}",
        role=role,
        units=(unit.id, second) if is_itinerant else (unit.id,),
        role_is_written=role != "teacher" or rng.random() >= UNNAMED_SHARE,
        is_enabled=rng.random() >= DISABLED_SHARE,
    )


def _student(number: int, unit: Unit, names: Names, rng: Random) -> Student:
    given, family, _ = names[number]
    low, high = (0, 5) if "Elementary" in unit.name else (6, 8) if "Middle" in unit.name else (9, 12)
    grade = rng.randint(low, high)
    return Student(f"S{500_000 + number}", given, family, f"{grade:02}" if grade else "KG")
