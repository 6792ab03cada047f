"""Whole sets in the dialects of their exporters: files with a header alone, encodings, and the words of 1.2's roles."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from usher_identity.domain.import_survey import mapped_of
from usher_identity.domain.incoming import Issue
from usher_identity.domain.mapping import DEFAULT, SDS, Counted, MappedPerson, RoleMapping
from usher_identity.oneroster.manifest import Dialect

Write = Callable[..., Any]
Read = Callable[[Any], Any]

ORGS = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n"
USERS = "sourcedId,status,dateLastModified,enabledUser,username,givenName,familyName,primaryOrgSourcedId\n"
ROLES = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfile\n"
ENROLLMENTS = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary\n"
MANIFEST = (
    "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\n"
    "file.orgs,bulk\nfile.users,bulk\nfile.roles,bulk\nfile.enrollments,bulk\n"
)
WHOLE: Mapping[str, str] = {
    "manifest": MANIFEST,
    "orgs": f"{ORGS}D,,,Åre Bezirk,district,,\nS,,,Écôle Müller,school,,D\n",
    "users": f"{USERS}u1,,,true,zoë,Zoë,Núñez,S\nu2,,,true,jörg,Jörg,Strauß,S\n",
    "roles": f"{ROLES}r1,,,u1,primary,teacher,,,S,\n",
    "enrollments": f"{ENROLLMENTS}e1,,,Français,S,u2,teacher,false\n",
    "academicSessions": "sourcedId,status,title,type,startDate,endDate\na1,,Été,term,2026-08-15,2026-12-18\n",
}


def given(reading: Any, person: str, mapping: RoleMapping = DEFAULT) -> MappedPerson | Counted | Issue:
    return mapped_of(reading.people[person], mapping)


def roles_given(reading: Any, person: str, mapping: RoleMapping = DEFAULT) -> set[str]:
    mapped = given(reading, person, mapping)
    assert isinstance(mapped, MappedPerson), mapped
    return set(mapped.roles)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_whole_set_in_one_encoding_is_read_with_its_names(
    write_set: Write, read: Read, encoding: str, newline: str
) -> None:
    written = {name: text.replace("\n", newline).encode(encoding) for name, text in WHOLE.items()}
    reading = read(write_set(**written))
    assert reading.roster.dialect is Dialect.ONEROSTER_1_2
    assert [one.name for one in reading.organizations.values()] == ["Åre Bezirk", "Écôle Müller"]
    assert {(one.user_name, one.display_name) for one in reading.people.values()} == {
        ("zoë", "Zoë Núñez"),
        ("jörg", "Jörg Strauß"),
    }
    assert [roles_given(reading, one) for one in ("u1", "u2")] == [{"learner", "observable"}] * 2
    assert reading.roster.sessions.incoming is not None
    assert (reading.issues, reading.roster.organizations.issues) == ([], [])
    guessed = {"orgs.csv", "users.csv", "enrollments.csv"} if encoding == "cp1252" else set()
    assert {note.file for note in reading.notes} == guessed
    assert all(encoding in note.reason for note in reading.notes)


@pytest.mark.parametrize("big_endian", [False, True])
def test_a_set_in_utf_16_by_either_order_of_bytes(write_set: Write, read: Read, big_endian: bool) -> None:
    order = "utf-16-be" if big_endian else "utf-16-le"
    written = {name: f"\ufeff{text}".replace(",", "\t").encode(order) for name, text in WHOLE.items()}
    reading = read(write_set(**written))
    assert [one.display_name for one in reading.people.values()] == ["Zoë Núñez", "Jörg Strauß"]
    assert reading.notes == []


@pytest.mark.parametrize(
    ("file", "header", "organizations", "words"),
    [
        ("orgs", ORGS, [], {"u1": ["teacher"], "u2": ["teacher"]}),
        ("users", USERS, ["D", "S"], {}),
        ("roles", ROLES, ["D", "S"], {"u1": [], "u2": ["teacher"]}),
        ("enrollments", ENROLLMENTS, ["D", "S"], {"u1": ["teacher"], "u2": []}),
        ("academicSessions", "sourcedId,status,title,type,startDate,endDate\n", ["D", "S"],
            {"u1": ["teacher"], "u2": ["teacher"]}),
        ("manifest", "propertyName,value\n", ["D", "S"], {"u1": ["teacher"], "u2": ["teacher"]}),
    ],
)  # fmt: skip
def test_a_file_with_a_header_alone_says_nothing_and_breaks_nothing(
    write_set: Write, read: Read, file: str, header: str, organizations: list[str], words: dict[str, list[str]]
) -> None:
    reading = read(write_set(**{**WHOLE, file: header}))
    assert list(reading.organizations) == organizations
    assert {person: reading.words(person) for person in reading.people} == words
    strangers = [("roles.csv", 2, "unknown_user")] if file == "users" else []
    doubt = [("manifest.csv", None, "unclear_mode")] if file == "manifest" else []
    assert [(note.file, note.line, note.code) for note in reading.notes] == [*doubt, *strangers]


TEACHES, LEADS, ADMINISTERS = {"learner", "observable"}, {"observer", "reporter"}, {"org_admin"}


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("teacher", TEACHES),
        ("aide", TEACHES),
        ("Aide", TEACHES),
        ("principal", LEADS),
        ("administrator", LEADS),
        ("siteAdministrator", ADMINISTERS),
        ("site_administrator", ADMINISTERS),
        ("districtAdministrator", ADMINISTERS),
        ("District Administrator", ADMINISTERS),
        ("student", "student"),
        ("parent", "parent"),
        ("guardian", "guardian"),
        ("relative", "guardian"),
        ("counselor", "unmapped_role"),
        ("proctor", "unmapped_role"),
        ("systemAdministrator", "unmapped_role"),
        ("ext:librarian", "unmapped_role"),
    ],
)
def test_each_role_of_1_2_gives_counts_or_is_told(
    write_set: Write, read: Read, word: str, outcome: set[str] | str
) -> None:
    roles = f"{ROLES}r1,active,,u1,primary,{word},,,S,\nr2,active,,u2,primary,teacher,,,S,\n"
    reading = read(write_set(**{**WHOLE, "roles": roles}))
    mapped = given(reading, "u1")
    if isinstance(mapped, Issue):
        assert (mapped.file, mapped.line, mapped.code, mapped.row_id) == ("users.csv", 2, outcome, "u1")
        assert repr(word) in mapped.reason
    else:
        assert (mapped.kind if isinstance(mapped, Counted) else mapped.roles) == outcome
    assert roles_given(reading, "u2") == TEACHES, "nobody else is touched"


@pytest.mark.parametrize(
    ("rows", "roles", "best", "unmapped"),
    [
        (["u1,primary,teacher,,,S", "u1,secondary,principal,,,D"], TEACHES | LEADS, "S", ()),
        (["u1,secondary,teacher,,,S", "u1,primary,principal,,,D"], TEACHES | LEADS, "D", ()),
        (["u1,secondary,aide,,,S", "u1,secondary,siteAdministrator,,,D"], TEACHES | ADMINISTERS, "S", ()),
        (["u1,primary,proctor,,,D", "u1,secondary,teacher,,,S"], TEACHES, "S", ("proctor",)),
        (["u1,primary,guardian,,,D", "u1,secondary,teacher,,,S"], TEACHES, "S", ()),
        (["u1,primary,systemAdministrator,,,D", "u1,secondary,aide,,,S"], TEACHES, "S", ("systemAdministrator",)),
        (["u1,primary,teacher,2019-08-01,2020-06-30,S"], TEACHES, "S", ()),
        (["u1,primary,teacher,2099-08-01,2100-06-30,S"], TEACHES, "S", ()),
        (["u1,primary,teacher,no date,31.02.2020,S"], TEACHES, "S", ()),
        (["u1,PRIMARY,Teacher,,,S", "u1,primary,teacher,,,S", "u1,,teacher,,,D"], TEACHES, "S", ()),
    ],
)
def test_primary_and_secondary_roles_and_their_dates(
    write_set: Write, read: Read, rows: list[str], roles: set[str], best: str, unmapped: tuple[str, ...]
) -> None:
    written = ROLES + "".join(f"r{number},active,,{row},\n" for number, row in enumerate(rows))
    reading = read(write_set(**{**WHOLE, "roles": written}))
    mapped = given(reading, "u1")
    assert isinstance(mapped, MappedPerson)
    assert (set(mapped.roles), mapped.org_ids[0], mapped.unmapped) == (roles, best, unmapped)
    assert reading.notes == []


@pytest.mark.parametrize("word", ["true", "TRUE", "1", "Yes"])
def test_sds_says_which_role_is_primary_by_a_flag_and_has_words_of_its_own(
    write_set: Write, read: Read, word: str
) -> None:
    users = "sourcedId,username,givenName,familyName,ext_badge\nu1,ann,Ann,Lee,7\n"
    roles = f"userSourcedId,orgSourcedId,role,isPrimary\nu1,S,Adjunct,false\nu1,D,Chair,{word}\n"
    orgs = "sourcedId,name,type,parentSourcedId\nM,Ministry,ministry,\nD,Fir College,college,M\nS,Oak,school,D\n"
    reading = read(write_set(orgs=orgs, users=users, roles=roles))
    assert reading.roster.dialect is Dialect.SDS_2_1
    mapped = given(reading, "u1", SDS)
    assert isinstance(mapped, MappedPerson)
    assert (set(mapped.roles), mapped.org_ids[0]) == (TEACHES | LEADS, "D")


def test_columns_of_an_exporters_own_stand_anywhere(write_set: Write, read: Read) -> None:
    roles = "metadata.note,role,ext_x,orgSourcedId,userSourcedId,roleType\nold,teacher,7,S,u1,primary\n"
    users = "metadata.badge,username,familyName,sourcedId,givenName,primaryOrgSourcedId\n9,ann,Lee,u1,Ann,S\n"
    reading = read(write_set(**{**WHOLE, "roles": roles, "users": users, "enrollments": ENROLLMENTS.strip()}))
    assert roles_given(reading, "u1") == TEACHES
    assert (reading.issues, reading.notes) == ([], [])
