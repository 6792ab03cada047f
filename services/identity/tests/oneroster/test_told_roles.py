"""Roles that only enrollments and relationships tell: what cannot be read of them is said, and costs no other."""

from collections.abc import Callable
from typing import Any

import pytest

from usher_identity.domain.incoming import Issue, Severity

Write = Callable[..., Any]
Read = Callable[[Any], Any]

USERS = "sourcedId,role,orgSourcedIds,username\nu1,,S,ann\nu2,,S,bo\nu3,aide,S,cy\nu4,,S,di\n"
ENROLLMENTS = "sourcedId,status,userSourcedId,role,schoolSourcedId"
RELATIONSHIPS = "userSourcedId,relationshipUserSourcedId,relationshipRole"


def places(notes: list[Issue]) -> list[tuple[str, int | None, str | None, str, str | None]]:
    return [(note.file, note.line, note.column, note.code, note.row_id) for note in notes]


@pytest.mark.parametrize(
    ("story", "row", "column", "code", "row_id"),
    [
        ("an open quote", 'e2,active,u2,"teacher,S', None, "unreadable_row", "u2"),
        ("too many cells", "e2,active,u2,teacher,S,more", None, "long_row", "u2"),
        ("nobody's", "e2,active,,teacher,S", "userSourcedId", "missing_value", None),
        ("without a role", "e2,active,u2,,S", "role", "missing_value", "u2"),
    ],
)
def test_an_enrollment_that_cannot_be_read_is_told_and_costs_no_other(
    write_set: Write, read: Read, story: str, row: str, column: str | None, code: str, row_id: str | None
) -> None:
    rows = [ENROLLMENTS, "e1,active,u1,teacher,S", row, "e4,active,u4,teacher,S"]
    reading = read(write_set(users=USERS, enrollments="\n".join(rows)))
    assert places(reading.notes) == [("enrollments.csv", 3, column, code, row_id)], story
    assert [note.severity for note in reading.notes] == [Severity.ERROR]
    assert [reading.words(person) for person in ("u1", "u2", "u3", "u4")] == [["teacher"], [], ["aide"], ["teacher"]]


def test_a_short_enrollment_is_read_as_far_as_it_goes(write_set: Write, read: Read) -> None:
    reading = read(write_set(users=USERS, enrollments=f"{ENROLLMENTS}\ne1,active,u1,teacher\n"))
    assert places(reading.notes) == [("enrollments.csv", 2, None, "short_row", "u1")]
    assert reading.words("u1") == ["teacher"]


def test_of_whoever_has_a_role_elsewhere_enrollments_need_not_tell_one(write_set: Write, read: Read) -> None:
    reading = read(write_set(users=USERS, enrollments=f"{ENROLLMENTS}\ne1,active,u3,,S\n"))
    assert (reading.notes, reading.words("u3")) == ([], ["aide"])


def test_a_relationship_that_cannot_be_read_is_told_and_costs_no_other(write_set: Write, read: Read) -> None:
    rows = [RELATIONSHIPS, "s1,u1,guardian", 's1,u2,"guardian', "s1,,guardian", "s1,u4,guardian"]
    reading = read(write_set(users=USERS, relationships="\n".join(rows)))
    assert places(reading.notes) == [
        ("relationships.csv", 3, None, "unreadable_row", "u2"),
        ("relationships.csv", 4, "relationshipUserSourcedId", "missing_value", None),
    ]
    assert [reading.words(person) for person in ("u1", "u2", "u4")] == [["guardian"], [], ["guardian"]]


@pytest.mark.parametrize(("content", "code"), [("", "empty_file"), ("id,name\n1,Ann\n", "not_csv")])
def test_enrollments_that_are_none_are_told_and_the_set_is_read(
    write_set: Write, read: Read, content: str, code: str
) -> None:
    reading = read(write_set(users=USERS, enrollments=content))
    assert places(reading.notes) == [("enrollments.csv", None, None, code, None)]
    assert [reading.words(person) for person in ("u1", "u3")] == [[], ["aide"]]


def test_enrollments_in_another_encoding_are_read_and_it_is_named(write_set: Write, read: Read) -> None:
    users = USERS.replace("u1,", "ü1,")
    content = f"{ENROLLMENTS}\ne1,active,ü1,teacher,S\n".encode("cp1252")
    reading = read(write_set(users=users, enrollments=content))
    assert places(reading.notes) == [("enrollments.csv", 2, None, "not_utf8", None)]
    assert reading.words("ü1") == ["teacher"]


def test_roles_of_a_user_whose_row_is_unreadable_are_not_told_as_a_strangers(write_set: Write, read: Read) -> None:
    users = 'sourcedId,status,orgSourcedIds,username\nu1,active,S,ann\nu2,active,S,"bo\n'
    roles = "sourcedId,status,userSourcedId,role,orgSourcedId\nr1,active,u1,teacher,S\nr2,active,u2,teacher,S\n"
    reading = read(write_set(users=users, roles=roles))
    assert reading.codes == [("u2", 3, "unreadable_row")]
    assert places(reading.notes) == []


def test_a_property_that_cannot_be_read_is_told(write_set: Write, read: Read) -> None:
    manifest = "propertyName,value\noneroster.version,1.1\nfile.users,delta,more\n"
    reading = read(write_set(manifest=manifest))
    assert places(reading.notes) == [
        ("manifest.csv", 3, None, "long_row", "file.users"),
        ("manifest.csv", None, "file.users", "unclear_mode", None),
    ]
