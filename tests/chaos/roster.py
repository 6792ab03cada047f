"""A OneRoster 1.1 set of a small district, which grows from import to import: nobody is ever absent from it."""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence

SOURCE = "chaos-sis"
ROLES = frozenset({"learner", "observable"})
"""What `teacher` stands for by default (interfaces: Imports)."""

MANIFEST = (
    ("propertyName", "value"),
    ("manifest.version", "1.0"),
    ("oneroster.version", "1.1"),
    ("file.orgs", "bulk"),
    ("file.users", "bulk"),
)
ORGS = ("sourcedId", "status", "dateLastModified", "name", "type", "identifier", "parentSourcedId")
USERS = (
    *("sourcedId", "status", "dateLastModified", "enabledUser", "orgSourcedIds", "role", "username", "userIds"),
    *("givenName", "familyName", "middleName", "identifier", "email", "sms", "phone", "agentSourcedIds", "grades"),
    "password",
)


def user_name(number: int) -> str:
    return f"teacher.{number}"


def display_name(number: int) -> str:
    return f"Given{number} Family{number}"


def roster(name: str, teachers: int) -> bytes:
    """The set as a zip: a district of this name with one school, where the teachers 0, 1, … are."""
    orgs = [
        ("R1", "active", "", name, "district", "R1", ""),
        ("R2", "active", "", f"{name} School", "school", "", "R1"),
    ]
    users = [
        (f"T{n}", "active", "", "true", "R2", "teacher", user_name(n), "", f"Given{n}", f"Family{n}", *[""] * 8)
        for n in range(teachers)
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.csv", as_csv(MANIFEST))
        archive.writestr("orgs.csv", as_csv([ORGS, *orgs]))
        archive.writestr("users.csv", as_csv([USERS, *users]))
    return packed.getvalue()


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
