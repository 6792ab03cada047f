"""Files as exporters write them: each is read, row by row, and what is lost is said."""

from collections.abc import Callable
from typing import Any

import pytest

from usher_identity.domain.incoming import Severity, Standing
from usher_identity.oneroster.manifest import Dialect, Mode

HEADER = "sourcedId,status,enabledUser,orgSourcedIds,role,username,givenName,familyName,email"
ROW = "u1,active,true,S,teacher,ann.lee,Ann,Lee,ann.lee@fir.example.org"
TAKEN = ("u1", "ann.lee", "Ann Lee", "ann.lee@fir.example.org", ("S",), Standing.ACTIVE)

REORDERED = """email,role,username,orgSourcedIds,familyName,givenName,sourcedId
ann.lee@fir.example.org,teacher,ann.lee,S,Lee,Ann,u1
"""

Write = Callable[..., Any]
Read = Callable[[Any], Any]


def seen(person: Any) -> tuple[object, ...]:
    return (
        person.external_id,
        person.user_name,
        person.display_name,
        person.email,
        person.org_ids,
        person.standing,
    )


@pytest.mark.parametrize(
    ("story", "content"),
    [
        ("plain", f"{HEADER}\n{ROW}\n"),
        ("a byte-order mark", b"\xef\xbb\xbf" + f"{HEADER}\n{ROW}\n".encode()),
        ("lines end as on Windows", f"{HEADER}\r\n{ROW}\r\n"),
        ("lines end as on an old Mac", f"{HEADER}\r{ROW}\r"),
        ("no final newline", f"{HEADER}\n{ROW}"),
        ("blank lines, and rows of nothing", f"{HEADER}\n\n{ROW}\n,,,,,,,,\n  ,\n\n"),
        ("everything quoted", "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in (HEADER, ROW))),
        ("spaces around cells and names", f"{HEADER}\n{ROW}".replace(",", " , ")),
        ("columns reordered", REORDERED),
        ("names of columns in other case", f"{HEADER.upper()}\n{ROW}"),
        ("columns of their own", f"{HEADER},metadata.badge,ext_room\n{ROW},7,12b\n"),
        ("semicolons", f"{HEADER}\n{ROW}".replace(",", ";")),
        ("tabs", f"{HEADER}\n{ROW}".replace(",", "\t")),
        ("UTF-16 of a spreadsheet", f"{HEADER}\n{ROW}".replace(",", "\t").encode("utf-16")),
        ("a trailing comma on the row", f"{HEADER}\n{ROW},\n"),
        ("booleans in capitals", f"{HEADER}\n{ROW.replace('true', 'TRUE')}"),
        ("booleans as numbers", f"{HEADER}\n{ROW.replace('true', '1')}"),
        ("status left empty", f"{HEADER}\n{ROW.replace('active', '')}"),
        ("status in capitals", f"{HEADER}\n{ROW.replace('active', 'Active')}"),
    ],
)  # fmt: skip
def test_a_row_is_read_however_it_is_written(write_set: Write, read: Read, story: str, content: str | bytes) -> None:
    reading = read(write_set(users=content))
    assert seen(reading.people["u1"]) == TAKEN, story
    assert reading.words("u1") == ["teacher"], story
    assert reading.issues == [], story


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp1252", "Zoë"), ("cp1252", "Núñez"), ("cp1251", "Иван"), ("cp932", "山田花子 佐藤太郎"), ("mac_roman", "Anna")],
)
def test_files_that_are_not_utf8_are_read_and_their_encoding_is_named(
    write_set: Write, read: Read, encoding: str, name: str
) -> None:
    reading = read(write_set(users=f"{HEADER}\n{ROW}\n{ROW.replace('u1', 'u2').replace('Ann', name)}".encode(encoding)))
    assert reading.people["u2"].display_name == f"{name} Lee"
    expected = [] if name.isascii() else [("users.csv", 3, "not_utf8")]
    assert [(note.file, note.line, note.code) for note in reading.notes] == expected
    assert all(encoding in note.reason and note.severity is Severity.NOTE for note in reading.notes)


def test_one_line_in_another_encoding_leaves_the_others_alone(write_set: Write, read: Read) -> None:
    odd = f"{ROW.replace('u1', 'u2').replace('Ann', 'José')}\n".encode("cp1252")
    content = f"{HEADER}\n{ROW.replace('Ann', 'Zoë')}\n".encode() + odd
    reading = read(write_set(users=content))
    assert [person.display_name for person in reading.people.values()] == ["Zoë Lee", "José Lee"]


def test_rows_of_another_width_say_so(write_set: Write, read: Read) -> None:
    short = "u2,active,true,S,teacher,bo"
    long = "u3,active,true,S,aide,cy,Cy,Ray,c@x.example,one,too many"
    reading = read(write_set(users=f"{HEADER}\n{ROW}\n{short}\n{long}\n"))
    assert reading.codes == [("u2", 3, "short_row"), ("u3", 4, "long_row")]
    assert [issue.severity for issue in reading.issues] == [Severity.WARNING, Severity.ERROR]
    assert list(reading.people) == ["u1", "u2"]


def test_an_open_quote_costs_its_own_row_alone(write_set: Write, read: Read) -> None:
    broken = 'u2,active,true,S,teacher,"bo,Bo,Ek,bo@fir.example.org'
    rows = [ROW.replace("u1", f"v{number}") for number in range(80)]
    reading = read(write_set(users="\n".join([HEADER, ROW, broken, *rows])))
    assert reading.codes == [("u2", 3, "unreadable_row")]
    assert list(reading.people) == ["u1", *(f"v{number}" for number in range(80))]
    assert [person.line for person in reading.people.values()] == [2, *range(4, 84)]


def test_an_open_quote_does_not_end_at_the_next_ones_and_swallow_who_is_between(write_set: Write, read: Read) -> None:
    broken = 'u2,active,true,S,teacher,"bo,Bo,Ek,bo@fir.example.org'
    rows = [broken, ROW, broken.replace("u2", "u3"), ROW.replace("u1", "u4")]
    reading = read(write_set(users="\n".join([HEADER, *rows])))
    assert reading.codes == [("u2", 2, "unreadable_row"), ("u3", 4, "unreadable_row")]
    assert list(reading.people) == ["u1", "u4"]


def test_an_open_quote_near_the_end_is_found_too(write_set: Write, read: Read) -> None:
    broken = 'u2,active,true,S,teacher,"bo,Bo,Ek,bo@fir.example.org'
    reading = read(write_set(users=f"{HEADER}\n{broken}\n{ROW}"))
    assert reading.codes == [("u2", 2, "unreadable_row")]
    assert list(reading.people) == ["u1"]


def test_an_open_quote_in_the_very_last_line_is_found_too(write_set: Write, read: Read) -> None:
    reading = read(write_set(users=f'{HEADER}\n{ROW}\nu2,active,true,S,teacher,"bo,Bo,Ek,bo@fir.example.org'))
    assert reading.codes == [("u2", 3, "unreadable_row")]
    assert list(reading.people) == ["u1"]


def test_a_row_may_span_lines_and_keeps_its_place(write_set: Write, read: Read) -> None:
    spanning = ROW.replace("Ann", '"Ann\nMarie"')
    reading = read(write_set(users=f"{HEADER}\n{spanning}\n{ROW.replace('u1', 'u2')}\n"))
    assert reading.people["u1"].display_name == "Ann Marie Lee"
    assert [person.line for person in reading.people.values()] == [2, 4]


def test_the_role_column_twice_gives_both_roles(write_set: Write, read: Read) -> None:
    header = "sourcedId,role,orgSourcedIds,username,role"
    reading = read(write_set(users=f"{header}\nu1,teacher,S,ann,\nu2,,S,bo,aide\nu3,teacher,S,cy,administrator\n"))
    assert [reading.words(person) for person in ("u1", "u2", "u3")] == [
        ["teacher"],
        ["aide"],
        ["teacher", "administrator"],
    ]
    assert [(note.code, note.column, note.line) for note in reading.notes] == [("repeated_column", "role", 1)]


def test_roles_that_stand_only_in_enrollments_are_found(write_set: Write, read: Read) -> None:
    header = "sourcedId,role,orgSourcedIds,username"
    enrollments = (
        "sourcedId,classSourcedId,schoolSourcedId,userSourcedId,role,status\n"
        "e1,c,S,u1,teacher,active\ne2,c,S,u1,teacher,active\ne3,c,S,u2,student,active\ne4,c,S,u4,teacher,tobedeleted\n"
    )
    users = f"{header}\nu1,,S,ann\nu2,,S,bo\nu3,aide,S,cy\nu4,,S,di\n"
    reading = read(write_set(users=users, enrollments=enrollments))
    assert [reading.words(person) for person in ("u1", "u2", "u3", "u4")] == [["teacher"], ["student"], ["aide"], []]


def test_many_organizations_of_one_person(write_set: Write, read: Read) -> None:
    reading = read(write_set(users='sourcedId,role,orgSourcedIds,username\nu1,teacher,"S, D,S",ann\n'))
    assert reading.people["u1"].org_ids == ("S", "D")


def test_who_may_not_use_systems_and_who_is_gone(write_set: Write, read: Read) -> None:
    rows = [
        ROW.replace("true", "FALSE"),
        ROW.replace("u1", "u2").replace("active", "tobedeleted"),
        ROW.replace("u1", "u3").replace("active", "inactive"),
        ROW.replace("u1", "u4").replace("true", "perhaps"),
    ]
    reading = read(write_set(users="\n".join([HEADER, *rows])))
    standings = [person.standing for person in reading.people.values()]
    assert standings == [Standing.SUSPENDED, Standing.ABSENT, Standing.SUSPENDED, Standing.ACTIVE]
    assert reading.codes == [("u4", 5, "unknown_word")]


@pytest.mark.parametrize(
    ("story", "row", "column", "code"),
    [
        ("no id", ROW.replace("u1", ""), "sourcedId", "missing_value"),
        ("no name to be known by", "u1,active,true,S,teacher,,Ann,Lee,", "username", "missing_value"),
        ("a name without end", ROW.replace("ann.lee,", "a" * 600 + ","), "username", "too_long"),
        ("a byte that is no text", ROW.replace("Ann", "A\0n"), "givenName", "unreadable_text"),
    ],
)
def test_a_cell_that_cannot_be_costs_its_row(
    write_set: Write, read: Read, story: str, row: str, column: str, code: str
) -> None:
    reading = read(write_set(users=f"{HEADER}\n{row}\n{ROW.replace('u1', 'u2')}\n"))
    assert [(issue.line, issue.column, issue.code) for issue in reading.issues] == [(2, column, code)], story
    assert list(reading.people) == ["u2"], story


def test_who_is_gone_needs_no_name_any_more(write_set: Write, read: Read) -> None:
    reading = read(write_set(users=f"{HEADER}\nu1,tobedeleted,,,,,,,\n"))
    assert reading.people["u1"].standing is Standing.ABSENT
    assert reading.issues == []


def test_an_email_stands_in_for_a_missing_user_name(write_set: Write, read: Read) -> None:
    reading = read(write_set(users=f"{HEADER}\n{ROW.replace('ann.lee,', ',')}\n"))
    assert reading.people["u1"].user_name == "ann.lee@fir.example.org"


def test_passwords_and_birth_dates_never_leave_the_file(write_set: Write, read: Read) -> None:
    reading = read(
        write_set(users="sourcedId,role,username,password,birthDate,orgSourcedIds\nu1,teacher,ann,S3cret!,2001,S\n")
    )
    assert "S3cret!" not in repr(reading.people)


def test_a_file_with_a_header_alone_has_no_people(write_set: Write, read: Read) -> None:
    reading = read(write_set(users=f"{HEADER}\n"))
    assert (reading.people, reading.issues, reading.roster.row_count) == ({}, [], 0)


def test_of_organizations_with_one_id_the_latest_is_taken(write_set: Write, read: Read) -> None:
    header = "sourcedId,dateLastModified,name,type,parentSourcedId"
    reading = read(
        write_set(
            orgs=f"{header}\nD,2026-02-01,New,district,\nD,2025-01-01,Old,district,\nD,2026-02-01,New,district,\n"
        )
    )
    assert reading.organizations["D"].name == "New"
    issues = reading.roster.organizations.issues
    assert [(issue.line, issue.code, issue.severity.value) for issue in issues] == [
        (3, "repeated_id", "error"),
        (4, "repeated_id", "warning"),
    ]


ROLES = (
    "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId"
)
USERS_12 = "sourcedId,status,dateLastModified,enabledUser,username,givenName,familyName,primaryOrgSourcedId"


def test_roles_of_oneroster_1_2(write_set: Write, read: Read) -> None:
    rows = [
        "r1,active,,u1,secondary,aide,,,S,",
        "r2,active,,u1,primary,teacher,,,D,",
        "r3,tobedeleted,,u1,secondary,principal,,,D,",
        "r4,active,,u9,primary,teacher,,,D,",
        "r5,active,,,primary,teacher,,,D,",
    ]
    users = f"{USERS_12}\nu1,active,,true,ann,Ann,Lee,S\nu2,active,,true,bo,Bo,Ek,S\n"
    reading = read(write_set(users=users, roles="\n".join([ROLES, *rows])))
    assert reading.roster.dialect is Dialect.ONEROSTER_1_2
    assert [(role.word, role.org_id, role.primary) for role in reading.people["u1"].roles] == [
        ("aide", "S", False),
        ("teacher", "D", True),
    ]
    assert reading.people["u1"].primary_org_id == "S"
    assert reading.words("u2") == []
    assert [(note.line, note.column, note.code) for note in reading.notes] == [
        (6, "userSourcedId", "missing_value"),
        (5, "userSourcedId", "unknown_user"),
    ]


def test_preferred_names_go_first(write_set: Write, read: Read) -> None:
    header = "sourcedId,role,orgSourcedIds,username,givenName,familyName,preferredGivenName,preferredFamilyName"
    reading = read(write_set(users=f"{header}\nu1,teacher,S,ann,Annabel,Lee,Ann,\n"))
    assert reading.people["u1"].display_name == "Ann Lee"


@pytest.mark.parametrize(
    ("story", "manifest", "dialect", "mode"),
    [
        ("none", None, Dialect.ONEROSTER_1_1, Mode.BULK),
        ("version 1", "manifest.version,1\noneroster.version,1.1\nfile.users,bulk", Dialect.ONEROSTER_1_1, Mode.BULK),
        ("delta", "oneroster.version,1.2\nfile.users,delta", Dialect.ONEROSTER_1_2, Mode.DELTA),
        ("in capitals", "ONEROSTER.VERSION,V1.0\nFILE.USERS,Bulk", Dialect.ONEROSTER_1_0, Mode.BULK),
        ("users absent, and there", "oneroster.version,1.1\nfile.users,absent", Dialect.ONEROSTER_1_1, Mode.DELTA),
        ("nothing of users", "oneroster.version,1.1.1", Dialect.ONEROSTER_1_1, Mode.DELTA),
    ],
)
def test_what_a_manifest_says(
    write_set: Write, read: Read, story: str, manifest: str | None, dialect: Dialect, mode: Mode
) -> None:
    files = {"manifest": f"propertyName,value\n{manifest}\n"} if manifest else {}
    reading = read(write_set(**files))
    assert (reading.roster.dialect, reading.roster.mode) == (dialect, mode), story
    doubts = [note for note in reading.notes if note.code == "unclear_mode"]
    assert len(doubts) == (1 if story.startswith(("users absent", "nothing")) else 0)
