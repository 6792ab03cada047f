"""The rows of a OneRoster 1.1 set for the people of a district."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import cycle
from random import Random

from usher_cli.generate.people import Staff, Student
from usher_cli.generate.plan import Plan, Unit
from usher_cli.generate.writing import Cells

ORGS = ("sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId")
USERS = (
    "sourcedId",
    "status",
    "dateLastModified",
    "enabledUser",
    "orgSourcedIds",
    "role",
    "username",
    "userIds",
    "givenName",
    "familyName",
    "middleName",
    "identifier",
    "email",
    "sms",
    "phone",
    "agentSourcedIds",
    "grades",
    "password",
    "metadata.badge",
)
SESSIONS = (
    "sourcedId",
    "status",
    "dateLastModified",
    "title",
    "type",
    "startDate",
    "endDate",
    "parentSourcedId",
    "schoolYear",
)
COURSES = (
    "sourcedId",
    "status",
    "dateLastModified",
    "schoolYearSourcedId",
    "title",
    "courseCode",
    "grades",
    "orgSourcedId",
    "subjects",
    "subjectCodes",
)
CLASSES = (
    "sourcedId",
    "status",
    "dateLastModified",
    "title",
    "grades",
    "courseSourcedId",
    "classCode",
    "classType",
    "location",
    "schoolSourcedId",
    "termSourcedIds",
    "subjects",
    "subjectCodes",
    "periods",
)
ENROLLMENTS = (
    "sourcedId",
    "status",
    "dateLastModified",
    "classSourcedId",
    "schoolSourcedId",
    "userSourcedId",
    "role",
    "primary",
    "beginDate",
    "endDate",
)

YES = ("true", "true", "true", "TRUE", "True", "1")
"""How the district's exporter writes that something is so."""

BULK = ("academicSessions", "classes", "courses", "enrollments", "orgs", "users")
ABSENT = ("categories", "classResources", "courseResources", "demographics", "lineItems", "resources", "results")

SUBJECTS = ("English", "Mathematics", "Science", "History", "Art", "Music", "Physical Education", "Spanish")


class Calendar:
    """The school year that a day belongs to; it begins in the middle of August."""

    def __init__(self, at: date) -> None:
        first = at.year if (at.month, at.day) >= (8, 15) else at.year - 1
        self.at = at
        self.begins, self.ends = date(first, 8, 15), date(first + 1, 6, 10)
        self.year = first + 1

    def some_day(self, rng: Random) -> str:
        """When a row was last modified: some time in the last year."""
        return f"{self.at - timedelta(days=rng.randrange(1, 365))}T06:00:00.000Z"


def manifest_rows(plan: Plan) -> list[Cells]:
    modes = {**dict.fromkeys(BULK, "bulk"), **dict.fromkeys(ABSENT, "absent")}
    return [
        ("manifest.version", "1.0"),
        ("oneroster.version", "1.1"),
        *((f"file.{name}", mode) for name, mode in sorted(modes.items())),
        ("source.systemName", f"{plan.name} Student Information"),
        ("source.systemCode", "sample"),
    ]


def org_rows(plan: Plan, calendar: Calendar, rng: Random) -> Iterator[Cells]:
    for unit in plan.units:
        yield unit.id, "active", calendar.some_day(rng), unit.name, unit.kind, unit.id, unit.parent_id or ""


def session_rows(calendar: Calendar) -> Iterator[Cells]:
    """The school year before, whose summer a year of logins knows, and this one; each of two semesters."""
    begins, ends, winter = calendar.begins, calendar.ends, date(calendar.begins.year, 12, 20)
    for number, back in enumerate((1, 0)):
        year = calendar.year - back
        first, last, half = (day.replace(year=day.year - back) for day in (begins, ends, winter))
        own_id = f"Y{number}"
        yield own_id, "active", "", f"School Year {year}", "schoolYear", f"{first}", f"{last}", "", year
        parts = (("Fall", first, half), ("Spring", half + timedelta(days=15), last))
        for name, begin, end in parts:
            title = f"{name} {begin.year}"
            yield f"{own_id}{name[0]}", "active", "", title, "semester", f"{begin}", f"{end}", own_id, year


def course_rows() -> Iterator[Cells]:
    for number, subject in enumerate(SUBJECTS):
        yield f"K{number}", "active", "", "Y1", subject, f"{subject[:3].upper()}1", "", "D1", subject, ""


def staff_row(one: Staff, domain: str, calendar: Calendar, rng: Random) -> list[str]:
    return [
        one.id,
        rng.choice(("active", "active", "Active")),
        calendar.some_day(rng),
        rng.choice(YES) if one.is_enabled else "FALSE",
        ",".join(one.units),
        one.role if one.role_is_written else "",
        one.user_name,
        "",
        one.given_name,
        one.family_name,
        "",
        one.id[1:],
        f"{one.user_name}@{domain}",
        "",
        f"555-01{rng.randrange(100):02}",
        "",
        "",
        "",
        f"B{rng.randrange(10_000):04}",
    ]


def student_row(one: Student, unit: Unit, calendar: Calendar, rng: Random) -> list[str]:
    return [
        one.id,
        "active",
        calendar.some_day(rng),
        rng.choice(YES),
        unit.id,
        "student",
        one.id.lower(),
        "",
        one.given_name,
        one.family_name,
        "",
        one.id[1:],
        "",
        "",
        "",
        "",
        one.grade,
        "",
        "",
    ]


def class_rows(unit: Unit, staff: Sequence[Staff]) -> Iterator[Cells]:
    """One class for each teacher of a school."""
    for number, one in enumerate(teachers(staff)):
        subject = number % len(SUBJECTS)
        title = f"{SUBJECTS[subject]} {one.family_name}"
        code = f"{unit.id}-{number + 1}"
        yield f"C{one.id}", "active", "", title, "", f"K{subject}", code, "scheduled", "", unit.id, "Y1", "", "", ""


def enrollment_rows(
    unit: Unit, staff: Sequence[Staff], students: Iterator[Student], calendar: Calendar
) -> Iterator[Cells]:
    """Each teacher teaches their class, and each student goes to one."""
    begins, ends = f"{calendar.begins}", f"{calendar.ends}"
    teaching = teachers(staff)
    for one in teaching:
        yield f"N{one.id}", "active", "", f"C{one.id}", unit.id, one.id, "teacher", "true", begins, ends
    for student, one in zip(students, cycle(teaching), strict=False):
        yield f"N{student.id}", "active", "", f"C{one.id}", unit.id, student.id, "student", "", begins, ends


def teachers(staff: Sequence[Staff]) -> list[Staff]:
    return [one for one in staff if one.role == "teacher"]
