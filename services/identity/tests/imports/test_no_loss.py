"""Of a set's rows, whatever its dialect, each good one arrives and each bad one is one issue at its line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from usher_identity.domain.import_survey import mapped_of
from usher_identity.domain.incoming import Issue, Severity
from usher_identity.domain.mapping import DEFAULT, Counted
from usher_identity.oneroster.reading import RosterSet, read_zip

from .world import World
from .written import DELIMITERS, Style, Written, write_file, zipped

TEACHES, LEADS, ADMINISTERS = {"learner", "observable"}, {"observer", "reporter"}, {"org_admin"}
GIVES: Mapping[str, set[str]] = {
    "teacher": TEACHES,
    "Aide": TEACHES,
    "principal": LEADS,
    "siteAdministrator": ADMINISTERS,
    "districtAdministrator": ADMINISTERS,
}
COUNTED = ("student", "guardian")
STRANGE = ("counselor", "proctor", "systemAdministrator")
WORDS = st.one_of(
    st.lists(st.sampled_from([*GIVES, *COUNTED]), min_size=1, max_size=2, unique=True),
    st.lists(st.sampled_from([*GIVES, *STRANGE]), min_size=1, max_size=2, unique=True),
)
NAMES = ("Ann", "Zoë", "Núñez", "O'Brien", 'Q "B" R', '"B" R', "Ann\nMarie", "a, b; c|d\te")

COLUMNS = {
    "orgs": ["sourcedId", "status", "dateLastModified", "name", "type", "parentSourcedId", "metadata.x"],
    "users": ["sourcedId", "status", "dateLastModified", "enabledUser", "username", "givenName", "familyName", "email"],
    "roles": ["sourcedId", "status", "dateLastModified", "userSourcedId", "roleType", "role", "orgSourcedId"],
    "enrollments": ["sourcedId", "status", "dateLastModified", "schoolSourcedId", "userSourcedId", "role"],
    "manifest": ["propertyName", "value"],
}
UNREADABLE = {"open quote": "unreadable_row", "long": "long_row"}


@dataclass(frozen=True)
class Someone:
    """A person of the set, and what becomes of them."""

    id: str
    told_by: str
    """The file in which their roles stand."""
    words: Sequence[str]
    name: str
    harm: str
    doubted: bool
    """A row of their roles is bad."""

    @property
    def gives(self) -> set[str]:
        return set().union(*(GIVES.get(word, set()) for word in self.words))

    @property
    def is_merely_counted(self) -> bool:
        """Of whom nothing but the role is looked at."""
        return bool(self.words) and set(self.words) <= set(COUNTED)

    @property
    def code(self) -> str:
        """Of the issue of their row in users.csv, if they neither arrive nor are counted."""
        if self.harm in UNREADABLE:
            return UNREADABLE[self.harm]
        if self.is_merely_counted:
            return "unread_role" if self.doubted else ""
        if self.harm:
            return {"nameless": "missing_value", "garbage": "unreadable_text"}[self.harm]
        return "" if self.gives else "unmapped_role" if self.words else "no_role"

    @property
    def row(self) -> Written:
        cells = {
            "sourcedId": self.id,
            "enabledUser": "true",
            "username": "" if self.harm == "nameless" else f"user.{self.id}",
            "givenName": "A\0n" if self.harm == "garbage" else "Di" if self.harm else self.name,
            "familyName": "Lee",
            "role": self.words[0] if self.told_by == "users" else "",
            "orgSourcedIds": "S",
            "primaryOrgSourcedId": "S",
        }
        return Written(cells, self.harm if self.harm in UNREADABLE else "", self.code)


@dataclass(frozen=True)
class Roster:
    """A whole set: who is in it, its files' rows, and how they are written."""

    people: Sequence[Someone]
    rows: Mapping[str, Sequence[Written]]
    style: Style


STYLES = st.builds(
    Style,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
    delimiter=st.sampled_from(DELIMITERS),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    quotes_all=st.booleans(),
    ends_with_newline=st.booleans(),
    turn=st.integers(0, 9),
)


@st.composite
def rosters(draw: st.DrawFn) -> Roster:
    is_1_2 = draw(st.booleans())
    files = ["roles" if is_1_2 else "users", "enrollments"]
    people = [Someone("z", "enrollments", ["teacher"], "Zoë", "", doubted=False)]
    for number in range(draw(st.integers(0, 5))):
        told_by = draw(st.sampled_from(files))
        words = draw(WORDS)[: 1 if told_by == "users" else 2]
        harm = draw(st.sampled_from(["", "", "", *UNREADABLE, "nameless", "garbage"]))
        doubted = told_by != "users" and draw(st.booleans())
        known = words if told_by == "users" else words[: draw(st.integers(0, 2))]
        people.append(Someone(f"u{number}", told_by, known, draw(st.sampled_from(NAMES)), harm, doubted))
    rows = {
        "manifest": manifest(is_1_2),
        "orgs": draw(mixed([org("D", ""), org("S", "D")], BAD_ORGS)),
        "users": draw(mixed([one.row for one in people], BAD_USERS)),
        "enrollments": draw(mixed(role_rows(draw, people, "enrollments"), NOBODYS)),
    }
    if is_1_2:
        rows["roles"] = draw(mixed(role_rows(draw, people, "roles"), [*NOBODYS, STRANGERS]))
    return Roster(people, rows, draw(STYLES))


def manifest(is_1_2: bool) -> list[Written]:
    said = {"oneroster.version": "1.2" if is_1_2 else "1.1"}
    said |= {f"file.{file}": "bulk" for file in ("orgs", "users", "roles", "enrollments")}
    return [Written({"propertyName": name, "value": value}) for name, value in said.items()]


def org(external_id: str, parent: str, harm: str = "", code: str = "") -> Written:
    cells = {"sourcedId": external_id, "name": f"Écôle {external_id}", "type": "school", "parentSourcedId": parent}
    return Written(cells, harm, code)


def role(user: str, word: str, harm: str = "", code: str = "") -> Written:
    cells = {"sourcedId": "r", "userSourcedId": user, "role": word, "orgSourcedId": "S", "schoolSourcedId": "S"}
    return Written(cells, harm, code)


BAD_ORGS = [org("X", "D", harm, code) for harm, code in UNREADABLE.items()] + [org("", "D", code="missing_value")]
BAD_USERS = [Written({"username": "nobody", "role": "teacher"}, code="missing_value")]
NOBODYS = [role("", "teacher", code="missing_value"), role("", "", code="missing_value")]
STRANGERS = role("stranger", "teacher", code="unknown_user")


def role_rows(draw: st.DrawFn, people: Sequence[Someone], file: str) -> list[Written]:
    """Rows of those whose roles stand in `file`, and for the doubted a bad one more."""
    rows: list[Written] = []
    for one in people:
        if one.told_by == file:
            rows += [role(one.id, word) for word in one.words]
            if one.doubted:
                # That a role is empty is said of those whose role is looked for: of whoever's own row can be read.
                is_sought = file == "roles" or one.harm not in UNREADABLE
                harm = draw(st.sampled_from([*UNREADABLE, ""] if is_sought else [*UNREADABLE]))
                rows.append(role(one.id, "principal" if harm else "", harm, UNREADABLE.get(harm, "missing_value")))
    return rows


@st.composite
def mixed(draw: st.DrawFn, rows: Sequence[Written], bad: Sequence[Written]) -> list[Written]:
    """`rows` and some of `bad`, in any order, with blank lines between."""
    listed = draw(st.permutations([*rows, *draw(st.lists(st.sampled_from(bad), max_size=2, unique_by=id))]))
    return [replace(row, blank_lines_before=draw(st.sampled_from([0, 0, 0, 1]))) for row in listed]


def write(roster: Roster) -> tuple[RosterSet, Counter[tuple[str, int | None, str]]]:
    """The set, read; and the issues that it should give, by file, line and code."""
    files, expected = {}, Counter[tuple[str, int | None, str]]()
    columns = {**COLUMNS, "users": [*COLUMNS["users"], *users_columns(roster)]}
    for name, rows in roster.rows.items():
        files[f"{name}.csv"], begins = write_file(columns[name], rows, roster.style)
        expected.update((f"{name}.csv", line, row.code) for row, line in zip(rows, begins, strict=True) if row.code)
    return read_zip(zipped(files)), expected


def users_columns(roster: Roster) -> list[str]:
    return ["primaryOrgSourcedId"] if "roles" in roster.rows else ["orgSourcedIds", "role"]


@given(rosters())
def test_each_good_person_arrives_and_each_bad_row_is_one_issue(roster: Roster) -> None:
    read, expected = write(roster)
    items = list(read.people(DEFAULT.count_as))
    world = World()
    assert world.take(items).issues == []
    arrived = {one.external_id: person.roles.names for person in world.people.values() for one in person.links}
    assert arrived == {one.id: one.gives for one in roster.people if one.gives and not one.code}

    outcomes = [mapped_of(item, DEFAULT) for item in items]
    issues = [one for one in outcomes if isinstance(one, Issue) and one.severity is Severity.ERROR]
    told = [*read.notes, *read.organizations.issues, *issues]
    found = Counter((one.file, one.line, one.code) for one in told if one.severity is Severity.ERROR)
    assert found == expected, (found - expected, expected - found)
    assert not {one.row_id for one in issues} & set(arrived)
    counted = sum(isinstance(one, Counted) for one in outcomes)
    assert counted == sum(one.is_merely_counted and not one.code for one in roster.people)
    assert len(issues) + counted + len(arrived) == len(roster.rows["users"])
    assert {one.external_id for one in read.organizations.organizations} == {"D", "S"}
    names = {person.display_name for person in world.people.values()}
    assert names == {f"{' '.join(one.name.split())} Lee" for one in roster.people if one.id in arrived}
