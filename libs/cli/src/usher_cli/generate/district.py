"""A district as a OneRoster 1.1 set of files: seeded, streamed, and untidy in known places."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

from usher_cli.generate import rows
from usher_cli.generate.chance import chance
from usher_cli.generate.people import Staff, staff_by_unit, students_by_unit
from usher_cli.generate.plan import Plan, plan_district
from usher_cli.generate.untidy import OddRows, cut_short, odd_count, odd_rows
from usher_cli.generate.writing import CsvFile, Sink, csv_file, sink_for

STUDENTS = 2.0
"""Students for each person who works in the district: a few, to keep files small."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What was written, and what an import is to make of it."""

    path: Path
    name: str
    organizations: int
    people: int
    """Who is to be imported."""
    students: int
    issues: Mapping[str, int]
    """How many issues of each code an import is to report."""


def generate_district(
    people: int, seed: int, into: Path, at: date, *, students: float = STUDENTS, zipped: bool = False
) -> Generated:
    """Write a district in which `people` work to `into`, a folder or (`zipped`) a zip, as exported on `at`.

    The same arguments write the same bytes. Memory does not grow with `people`.
    """
    plan = plan_district(people, students, seed)
    with sink_for(into, zipped=zipped) as sink:
        write_district(plan, people, seed, rows.Calendar(at), sink)
    odd = odd_count(people)
    return Generated(
        path=into,
        name=plan.name,
        organizations=len(plan.units),
        people=people,
        students=sum(unit.students for unit in plan.units),
        issues={
            "unknown_parent": 1,
            "repeated_id": odd,
            "unmapped_role": odd,
            "missing_value": odd,
            "long_row": odd,
            "short_row": odd,
        },
    )


def write_district(plan: Plan, people: int, seed: int, calendar: rows.Calendar, sink: Sink) -> None:
    rng = chance(seed, "rows")
    with csv_file(sink, "manifest.csv", ("propertyName", "value")) as file:
        file.write(rows.manifest_rows(plan))
    with csv_file(sink, "orgs.csv", rows.ORGS, crlf=True) as file:
        file.write(rows.org_rows(plan, calendar, rng))
    with csv_file(sink, "academicSessions.csv", rows.SESSIONS) as file:
        file.write(rows.session_rows(calendar))
    with csv_file(sink, "courses.csv", rows.COURSES) as file:
        file.write(rows.course_rows())
    with csv_file(sink, "users.csv", rows.USERS, crlf=True, bom=True) as file:
        write_users(plan, OddRows(people, seed), seed, calendar, rng, file)
    with csv_file(sink, "classes.csv", rows.CLASSES) as file:
        for unit, staff in staff_by_unit(plan, seed):
            file.write(rows.class_rows(unit, staff))
    with csv_file(sink, "enrollments.csv", rows.ENROLLMENTS) as file:
        for (unit, staff), (_, pupils) in zip(staff_by_unit(plan, seed), students_by_unit(plan, seed), strict=True):
            file.write(rows.enrollment_rows(unit, staff, pupils, calendar))


def write_users(plan: Plan, odd: OddRows, seed: int, calendar: rows.Calendar, rng: Random, file: CsvFile) -> None:
    """Everybody, school by school, those who work there first."""
    for (unit, staff), (_, pupils) in zip(staff_by_unit(plan, seed), students_by_unit(plan, seed), strict=True):
        for one in staff:
            write_staff(one, rows.staff_row(one, plan.domain, calendar, rng), odd, file)
        file.write(rows.student_row(pupil, unit, calendar, rng) for pupil in pupils)


def write_staff(one: Staff, row: list[str], odd: OddRows, file: CsvFile) -> None:
    """One person; now and then cut short, and followed by rows that cannot be taken."""
    if not odd.is_due():
        file.write([row])
        return
    file.write_as_it_is(cut_short(row))
    for strange in odd_rows(odd, row, one):
        if isinstance(strange, str):
            file.write_as_it_is(strange)
        else:
            file.write([strange])
