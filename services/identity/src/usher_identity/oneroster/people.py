"""users.csv as a stream: every row is counted, or becomes a person, an issue, or both."""

from collections.abc import Callable, Collection, Hashable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

from usher_identity.domain.incoming import IncomingPerson, Issue, Severity, SourceRole, Standing
from usher_identity.domain.mapping import Counted
from usher_identity.oneroster.cells import BadCell, kept_text, listed, required_text, truth
from usher_identity.oneroster.limits import MAX_NAMED, MAX_TEXT_CHARACTERS
from usher_identity.oneroster.organizations import GONE
from usher_identity.oneroster.roles import RoleRows, Roles
from usher_identity.oneroster.table import Table, first_of

CountAs = Callable[[str], Counted | None]
"""As what a person of this role, in the source's words, is counted; None where they may be imported."""


@dataclass(frozen=True, slots=True)
class KnownRoles:
    """Roles that other files than users.csv give."""

    listed: RoleRows | None
    """roles.csv, where the set has it."""
    partial: bool
    """roles.csv holds changes alone."""
    enrolled: RoleRows
    """For users without a role anywhere else."""

    def doubts(self, user: str) -> bool:
        """Whether a row that tells a role of `user` could not be read."""
        named = user[:MAX_NAMED]
        return named in self.enrolled.doubted or (self.listed is not None and named in self.listed.doubted)


class Cells(NamedTuple):
    """The cells of a row that are read, stripped. Passwords, birth dates, telephone numbers never leave the file."""

    sourced_id: str
    user_name: str
    email: str
    given_name: str
    family_name: str
    preferred_given_name: str
    preferred_family_name: str
    org_ids: str
    primary_org_id: str
    status: str
    enabled: str
    modified_at: str


COLUMNS = (
    "sourcedId",
    "username",
    "email",
    "givenName",
    "familyName",
    "preferredGivenName",
    "preferredFamilyName",
    "orgSourcedIds",
    "primaryOrgSourcedId",
    "status",
    "enabledUser",
    "dateLastModified",
)
"""Where `Cells` come from, in their order."""

STANDINGS = {"": Standing.ACTIVE, "active": Standing.ACTIVE, "inactive": Standing.SUSPENDED, GONE: Standing.ABSENT}


class PeopleReader:
    """Reads the rows of one users.csv."""

    def __init__(self, table: Table, roles: KnownRoles) -> None:
        self._table = table
        self._roles = roles
        self._identifier = table.places("sourcedId")
        self._role_places = table.places("role")
        self._cells = _picker(table)
        self._written_roles: Callable[[list[str]], Hashable] = (
            itemgetter(*self._role_places) if self._role_places else lambda _: None
        )
        self._own_roles: dict[Hashable, Roles] = {}

    def read(self, count_as: CountAs, only: Collection[int] | None) -> Iterator[IncomingPerson | Counted | Issue]:
        """Each row, or those that begin on the lines of `only`.

        Of people who are merely counted, nothing else than their role is looked at.
        """
        counted: dict[Roles, Counted | None] = {}
        for row in self._table.rows():
            if isinstance(row, Issue):
                yield row
                continue
            line, cells = row
            if only is not None and line not in only:
                continue
            roles = self._roles_of(cells)
            if roles not in counted:
                counted[roles] = _count_all_as(roles, count_as)
            if kind := counted[roles]:
                yield self._counted_or_issue(line, first_of(cells, self._identifier), kind)
            else:
                yield from self._person_or_issue(line, self._cells(cells), roles)

    def _roles_of(self, cells: list[str]) -> Roles:
        """roles.csv's, else users.csv's own (all of its `role` columns), else what enrollments tell."""
        rows = self._roles.listed
        if rows and not rows.says_nothing_of(user := first_of(cells, self._identifier)):
            return rows.held.get(user, ())
        own = self._own_roles_of(cells)
        return own or self._roles.enrolled.held.get(first_of(cells, self._identifier), ())

    def _own_roles_of(self, cells: list[str]) -> Roles:
        written = self._written_roles(cells)
        own = self._own_roles.get(written)
        if own is None:
            words = dict.fromkeys(cells[place].strip() for place in self._role_places)
            own = self._own_roles[written] = tuple(SourceRole(word) for word in words if word)
        return own

    def _counted_or_issue(self, line: int, user: str, kind: Counted) -> Counted | Issue:
        """Who may be staff by a row that could not be read is not known to be merely counted."""
        if not self._roles.doubts(user):
            return kind
        reason = f"a role of this person could not be read, so they may be more than a {kind.kind}; nothing was changed"
        return Issue(self._table.name, line, "role", "unread_role", reason, user[:MAX_NAMED])

    def _person_or_issue(self, line: int, cells: Cells, roles: Roles) -> Iterator[IncomingPerson | Issue]:
        try:
            person = self._person(line, cells, roles)
        except BadCell as bad:
            reason = f"{bad.reason}; the person was not taken"
            yield Issue(self._table.name, line, bad.column, bad.code, reason, cells.sourced_id[:MAX_NAMED] or None)
            return
        yield from self._odd_words(line, cells)
        yield person

    def _person(self, line: int, cells: Cells, roles: Roles) -> IncomingPerson:
        external_id = required_text("sourcedId", cells.sourced_id)
        email = kept_text("email", cells.email)
        user_name = kept_text("username", cells.user_name) or email
        standing = standing_of(cells)
        if not user_name and standing is not Standing.ABSENT:
            raise BadCell("username", "missing_value", "username and email are both empty")
        given = cells.preferred_given_name or cells.given_name
        family = cells.preferred_family_name or cells.family_name
        listed_roles = self._roles.listed
        return IncomingPerson(
            external_id=external_id,
            user_name=user_name,
            display_name=kept_text("givenName", f"{given} {family}".strip()) or user_name,
            email=email or None,
            roles=roles,
            ended_roles=listed_roles.ended.get(external_id, ()) if listed_roles else (),
            partial_roles=self._roles.partial or (bool(roles) and self._roles.doubts(external_id)),
            org_ids=listed(cells.org_ids),
            primary_org_id=cells.primary_org_id or None,
            standing=standing,
            modified_at=cells.modified_at[:MAX_TEXT_CHARACTERS],
            file=self._table.name,
            line=line,
        )

    def _odd_words(self, line: int, cells: Cells) -> Iterator[Issue]:
        """Words that are none of those expected; their rows are taken as if these cells were empty."""
        if cells.status.casefold() not in STANDINGS:
            yield self._odd(line, "status", cells.status, cells.sourced_id)
        if cells.enabled and truth(cells.enabled) is None:
            yield self._odd(line, "enabledUser", cells.enabled, cells.sourced_id)

    def _odd(self, line: int, column: str, word: str, row_id: str) -> Issue:
        reason = f"{column} {word[:40]!r} is not known; it was taken as active"
        return Issue(self._table.name, line, column, "unknown_word", reason, row_id, Severity.WARNING)


def _count_all_as(roles: Roles, count_as: CountAs) -> Counted | None:
    """As what a person of these roles is counted, if each of them is."""
    kinds = [count_as(role.word) for role in roles]
    return kinds[0] if kinds and all(kinds) else None


def standing_of(cells: Cells) -> Standing:
    standing = STANDINGS.get(cells.status.casefold(), Standing.ACTIVE)
    return Standing.SUSPENDED if standing is Standing.ACTIVE and truth(cells.enabled) is False else standing


def _picker(table: Table) -> Callable[[list[str]], Cells]:
    """Picks a row's cells. A column that the header repeats gives its first cell that is not blank."""
    places = [table.places(column) for column in COLUMNS]
    if any(len(place) > 1 for place in places):
        return lambda cells: Cells(*(first_of(cells, place) for place in places))
    blank = len(table.columns)
    pick = itemgetter(*(place[0] if place else blank for place in places))
    return lambda cells: Cells._make(map(str.strip, pick([*cells, ""])))
