"""Which words give which roles, who is merely counted, and where a person belongs (interfaces: Imports)."""

from dataclasses import replace

import pytest

from usher_identity.domain.incoming import Issue, SourceRole, Standing
from usher_identity.domain.mapping import DEFAULT, ROLES, SDS, Counted, MappedPerson, MappingError, map_person

from .world import row

TEACHES = {"learner", "observable"}
LEADS = {"observer", "reporter"}


@pytest.mark.parametrize(
    ("words", "roles"),
    [
        (["teacher"], TEACHES),
        (["aide"], TEACHES),
        (["Staff"], TEACHES),
        (["FACULTY"], TEACHES),
        (["principal"], LEADS),
        (["administrator"], LEADS),
        (["siteAdministrator"], {"org_admin"}),
        (["District Administrator"], {"org_admin"}),
        (["teacher", "principal"], TEACHES | LEADS),
        (["student", "aide"], TEACHES),
        (["parent", "teacher", "volunteer"], TEACHES),
    ],
)
def test_words_of_oneroster(words: list[str], roles: set[str]) -> None:
    mapped = map_person(row("u1", *words), DEFAULT)
    assert isinstance(mapped, MappedPerson)
    assert mapped.roles == roles
    assert mapped.unmapped == (("volunteer",) if "volunteer" in words else ())


@pytest.mark.parametrize(
    ("word", "kind"), [("student", "student"), ("Parent", "parent"), ("guardian", "guardian"), ("relative", "guardian")]
)
def test_who_is_counted_and_not_imported(word: str, kind: str) -> None:
    assert map_person(row("u1", word), DEFAULT) == Counted(kind)
    assert map_person(row("u1", word), SDS) == Counted(kind)


@pytest.mark.parametrize("word", ["systemAdministrator", "system_admin", "counselor", "proctor", "pupil"])
def test_other_words_take_nobody(word: str) -> None:
    """Nobody becomes a person here by a word that may well be the source's word for children."""
    issue = map_person(row("u1", word, line=7), DEFAULT)
    assert isinstance(issue, Issue)
    assert (issue.code, issue.line, issue.column, issue.row_id) == ("unmapped_role", 7, "role", "u1")
    assert word in issue.reason


def test_without_any_role_one_can_still_be_gone() -> None:
    mapped = map_person(replace(row("u1", standing=Standing.ABSENT), roles=()), DEFAULT)
    assert isinstance(mapped, MappedPerson)
    assert mapped.roles == set()


def test_without_any_role_nobody_is_taken() -> None:
    issue = map_person(replace(row("u1"), roles=()), DEFAULT)
    assert isinstance(issue, Issue)
    assert issue.code == "no_role"


@pytest.mark.parametrize("word", ["Professor", "Lecturer", "adjunct", "teacherAssistant", "substitute"])
def test_microsofts_words_for_those_who_teach(word: str) -> None:
    mapped = map_person(row("u1", word), SDS)
    assert isinstance(mapped, MappedPerson)
    assert mapped.roles == TEACHES
    assert isinstance(map_person(row("u1", word), DEFAULT), Issue)


def test_no_mapping_gives_system_admin() -> None:
    given = {role for mapping in (DEFAULT, SDS) for roles in mapping.roles.values() for role in roles}
    assert given <= ROLES
    assert "system_admin" not in ROLES
    with pytest.raises(MappingError, match="system_admin"):
        DEFAULT.overridden({"boss": ["system_admin"]}, {})


def test_a_source_has_words_of_its_own() -> None:
    own = DEFAULT.overridden({"Coach": ["observer"], "student": ["learner"]}, {"Pupil": "student", "aide": "guardian"})
    coach, student = map_person(row("u1", "coach"), own), map_person(row("u2", "student"), own)
    assert isinstance(coach, MappedPerson)
    assert isinstance(student, MappedPerson)
    assert coach.roles == {"observer"}
    assert student.roles == {"learner"}
    assert map_person(row("u3", "pupil"), own) == Counted("student")
    assert map_person(row("u4", "aide"), own) == Counted("guardian")


@pytest.mark.parametrize(
    ("roles", "counted"), [({"a": ["learner"]}, {"a": "student"}), ({}, {"a": "animal"}), ({"a": ["teacher"]}, {})]
)
def test_a_mapping_that_may_not_be(roles: dict[str, list[str]], counted: dict[str, str]) -> None:
    with pytest.raises(MappingError):
        DEFAULT.overridden(roles, counted)


@pytest.mark.parametrize(
    ("story", "roles", "primary_org", "orgs", "best"),
    [
        ("the first listed", [SourceRole("teacher")], None, ("S", "T"), "S"),
        ("the primary role's", [SourceRole("aide", "S"), SourceRole("teacher", "T", primary=True)], None, (), "T"),
        ("the primary role's before the list", [SourceRole("teacher", "T", primary=True)], None, ("S",), "T"),
        ("of several primaries the user's own",
            [SourceRole("teacher", "S", primary=True), SourceRole("aide", "T", primary=True)], "T", (), "T"),
        ("the user's own before the list", [SourceRole("teacher")], "T", ("S", "T"), "T"),
        ("a student's primary role counts for nothing",
            [SourceRole("student", "S", primary=True), SourceRole("aide", "T")], None, (), "T"),
        ("a class's school, for want of a list", [SourceRole("teacher", "S")], None, (), "S"),
        ("the list before a class's school", [SourceRole("teacher", "S")], None, ("T",), "T"),
    ],
)  # fmt: skip
def test_where_a_person_belongs(
    story: str, roles: list[SourceRole], primary_org: str | None, orgs: tuple[str, ...], best: str
) -> None:
    person = replace(row("u1"), roles=tuple(roles), primary_org_id=primary_org, org_ids=orgs)
    mapped = map_person(person, DEFAULT)
    assert isinstance(mapped, MappedPerson)
    assert mapped.org_ids[0] == best, story
