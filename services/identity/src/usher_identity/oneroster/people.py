"""users.csv as a stream: every row becomes a person, an issue, or both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from usher_identity.domain.incoming import IncomingPerson, Issue, Severity, SourceRole, Standing
from usher_identity.oneroster.cells import BadCell, kept_text, listed, required_text, truth
from usher_identity.oneroster.organizations import GONE
from usher_identity.oneroster.roles import RoleRows, Roles
from usher_identity.oneroster.table import Cells, Table, first_of

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
"""Columns that are read. Passwords, birth dates, telephone numbers and all else never leave the file."""


@dataclass(frozen=True, slots=True)
class KnownRoles:
    """Roles that other files than users.csv give."""

    listed: RoleRows | None
    """roles.csv, where the set has it."""
    partial: bool
    """roles.csv holds changes alone."""
    enrolled: Mapping[str, Roles]
    """For users without a role anywhere else."""


class PeopleReader:
    """Reads the rows of one users.csv."""

    def __init__(self, table: Table, roles: KnownRoles) -> None:
        self._table = table
        self._roles = roles
        self._places = {column: table.places(column) for column in COLUMNS}
        self._role_places = table.places("role")

    def __iter__(self) -> Iterator[IncomingPerson | Issue]:
        for row in self._table.rows():
            if isinstance(row, Issue):
                yield row
                continue
            line, cells = row
            try:
                person = self._person(line, cells)
            except BadCell as bad:
                reason = f"{bad.reason}; the person was not taken"
                row_id = self._cell(cells, "sourcedId")[:100] or None
                yield Issue(self._table.name, line, bad.column, bad.code, reason, row_id)
            else:
                yield from self._odd_words(line, cells)
                yield person

    def _cell(self, cells: Cells, column: str) -> str:
        return first_of(cells, self._places[column])

    def _person(self, line: int, cells: Cells) -> IncomingPerson:
        external_id = required_text("sourcedId", self._cell(cells, "sourcedId"))
        email = kept_text("email", self._cell(cells, "email"))
        user_name = kept_text("username", self._cell(cells, "username")) or email
        if not user_name:
            raise BadCell("username", "missing_value", "username and email are both empty")
        given = self._cell(cells, "preferredGivenName") or self._cell(cells, "givenName")
        family = self._cell(cells, "preferredFamilyName") or self._cell(cells, "familyName")
        rows = self._roles.listed
        return IncomingPerson(
            external_id=external_id,
            user_name=user_name,
            display_name=kept_text("givenName", f"{given} {family}".strip()) or user_name,
            email=email or None,
            roles=self._roles_of(external_id, cells),
            ended_roles=rows.ended.get(external_id, ()) if rows else (),
            partial_roles=self._roles.partial,
            org_ids=listed(self._cell(cells, "orgSourcedIds")),
            primary_org_id=self._cell(cells, "primaryOrgSourcedId") or None,
            standing=self._standing(cells),
            modified_at=self._cell(cells, "dateLastModified"),
            file=self._table.name,
            line=line,
        )

    def _roles_of(self, external_id: str, cells: Cells) -> Roles:
        """roles.csv's, else users.csv's own (all of its `role` columns), else what enrollments tell."""
        rows = self._roles.listed
        if rows and not rows.says_nothing_of(external_id):
            return rows.held.get(external_id, ())
        words = dict.fromkeys(cells[place].strip() for place in self._role_places)
        own = tuple(SourceRole(word) for word in words if word)
        return own or self._roles.enrolled.get(external_id, ())

    def _standing(self, cells: Cells) -> Standing:
        status = self._cell(cells, "status").casefold()
        if status == GONE:
            return Standing.ABSENT
        if status == "inactive" or truth(self._cell(cells, "enabledUser")) is False:
            return Standing.SUSPENDED
        return Standing.ACTIVE

    def _odd_words(self, line: int, cells: Cells) -> Iterator[Issue]:
        """Words that are none of those expected; their rows are taken as if these cells were empty."""
        row_id = self._cell(cells, "sourcedId")
        status, enabled = self._cell(cells, "status"), self._cell(cells, "enabledUser")
        if status and status.casefold() not in ("active", "inactive", GONE):
            yield self._odd(line, "status", status, row_id)
        if enabled and truth(enabled) is None:
            yield self._odd(line, "enabledUser", enabled, row_id)

    def _odd(self, line: int, column: str, word: str, row_id: str) -> Issue:
        reason = f"{column} {word[:40]!r} is not known; it was taken as active"
        return Issue(self._table.name, line, column, "unknown_word", reason, row_id, Severity.WARNING)
