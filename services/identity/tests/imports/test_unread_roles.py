"""A row of roles that cannot be read takes nothing from the person it is about."""

from pathlib import Path

import pytest

from usher_identity.domain.incoming import IncomingPerson, Issue
from usher_identity.domain.mapping import DEFAULT, Counted
from usher_identity.oneroster.reading import RosterSet, read_folder

from .world import World

ORGS = "sourcedId,status,name,type,parentSourcedId\nD,active,Fir District,district,\nS,active,Oak School,school,D\n"
USERS = "sourcedId,status,orgSourcedIds,username\nu1,active,S,ann\nu2,active,S,bo\nu3,active,S,cy\n"
HEADERS = {
    "roles": "sourcedId,status,userSourcedId,role,orgSourcedId",
    "enrollments": "sourcedId,status,userSourcedId,role,schoolSourcedId",
}
GOOD = ("r1,active,u1,teacher,S", "r2,active,u1,principal,S", "r3,active,u2,student,S", "r4,active,u2,teacher,S")


def read(folder: Path, file: str, rows: list[str]) -> RosterSet:
    content = {"orgs": ORGS, "users": USERS, file: "\n".join([HEADERS[file], *rows])}
    for name, text in content.items():
        (folder / f"{name}.csv").write_text(text)
    return read_folder(folder)


def people(roster: RosterSet) -> list[IncomingPerson | Issue | Counted]:
    return list(roster.people(DEFAULT.count_as))


@pytest.mark.parametrize("file", ["roles", "enrollments"])
def test_a_role_that_could_not_be_read_is_not_taken_away(tmp_path: Path, file: str) -> None:
    world = World()
    world.take(people(read(tmp_path, file, [*GOOD, "r5,active,u3,aide,S"])))
    bad = [row.replace(",principal", ',"principal').replace("u2,teacher", 'u2,"teacher') for row in GOOD]
    roster = read(tmp_path, file, [*bad, "r5,active,u3,student,S"])
    second = people(roster)
    world.take(second)
    assert [(one.file, one.line, one.code, one.row_id) for one in roster.notes] == [
        (f"{file}.csv", 3, "unreadable_row", "u1"),
        (f"{file}.csv", 5, "unreadable_row", "u2"),
    ]
    assert [(one.line, one.code, one.row_id) for one in second if isinstance(one, Issue)] == [(3, "unread_role", "u2")]
    assert world.roles("u1") == ["learner", "observable", "observer", "reporter"]
    assert world.roles("u2") == ["learner", "observable"]
    assert [str(world.named(person).status) for person in ("u1", "u2", "u3")] == ["active", "active", "archived"]


@pytest.mark.parametrize("file", ["roles", "enrollments"])
def test_a_role_that_is_no_longer_listed_is(tmp_path: Path, file: str) -> None:
    """So that what stays above stays for its own reason."""
    world = World()
    world.take(people(read(tmp_path, file, list(GOOD))))
    world.take(people(read(tmp_path, file, [GOOD[0], GOOD[2]])))
    assert world.roles("u1") == ["learner", "observable"]
    assert str(world.named("u2").status) == "archived"
