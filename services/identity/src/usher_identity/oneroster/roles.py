"""Roles that stand outside users.csv: in roles.csv, and for users without any in enrollments and relationships."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from usher_identity.domain.incoming import Issue, Severity, SourceRole
from usher_identity.oneroster.cells import truth
from usher_identity.oneroster.limits import MAX_NAMED
from usher_identity.oneroster.organizations import GONE
from usher_identity.oneroster.records import Record
from usher_identity.oneroster.table import Table, first_of

Roles = tuple[SourceRole, ...]


@dataclass(frozen=True, slots=True)
class RoleRows:
    """Roles by user, those that hold and those that are taken away, and the rows that could not be read.

    Only ids and roles are kept; equal roles are one object.
    """

    held: Mapping[str, Roles] = field(default_factory=dict)
    ended: Mapping[str, Roles] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    """The first line of roles.csv that names each user."""
    issues: Sequence[Issue] = ()
    doubted: Collection[str] = frozenset()
    """Users of whom a row could not be read, as its issue names them: they may have more roles than are known here."""

    def says_nothing_of(self, user: str) -> bool:
        return user not in self.held and user not in self.ended


class _Collected:
    """Roles by user, in the order listed, each once."""

    def __init__(self) -> None:
        self.by_user: dict[str, Roles] = {}
        self._equal: dict[SourceRole | Roles, SourceRole | Roles] = {}

    def add(self, user: str, role: SourceRole) -> None:
        known = self.by_user.get(user, ())
        if role not in known:
            roles = (*known, role)
            self.by_user[user] = self._equal.setdefault(roles, roles)  # type: ignore[assignment]


def read_roles(table: Table) -> RoleRows:
    """roles.csv of OneRoster 1.2 and of SDS v2.1.

    The dates of roles are not looked at: a set says by its rows, and by `status`, what holds on the day it was made.
    """
    user, word, organization = table.places("userSourcedId"), table.places("role"), table.places("orgSourcedId")
    kind, is_primary, status = table.places("roleType"), table.places("isPrimary"), table.places("status")
    held, ended = _Collected(), _Collected()
    lines: dict[str, int] = {}
    issues: list[Issue] = []
    for line, cells in _readable(table, issues):
        user_id, role_word = first_of(cells, user), first_of(cells, word)
        if not user_id or not role_word:
            issues.append(_missing(table, line, "role" if user_id else "userSourcedId", user_id))
            continue
        primary = first_of(cells, kind).casefold() == "primary" or truth(first_of(cells, is_primary)) is True
        role = SourceRole(role_word, first_of(cells, organization) or None, primary)
        lines.setdefault(user_id, line)
        (ended if first_of(cells, status).casefold() == GONE else held).add(user_id, role)
    return RoleRows(held.by_user, ended.by_user, lines, issues, _doubted(issues))


def compare_users(table: Table, roles: RoleRows | None) -> tuple[RoleRows | None, set[str]]:
    """`roles` with an issue for each user that users.csv does not list, and the ids for which neither names a role."""
    identifier, word = table.places("sourcedId"), table.places("role")
    unlisted = set(roles.lines) if roles else set()
    without: set[str] = set()
    for row in table.rows():
        if isinstance(row, Issue):
            unlisted.discard(row.row_id or "")
            continue
        user = first_of(row.cells, identifier)
        unlisted.discard(user)
        if user and not first_of(row.cells, word) and (roles is None or roles.says_nothing_of(user)):
            without.add(user)
    if roles and unlisted:
        roles = replace(roles, issues=[*roles.issues, *(_unlisted(roles, user) for user in sorted(unlisted))])
    return roles, without


def _unlisted(roles: RoleRows, user: str) -> Issue:
    reason = f"{user[:MAX_NAMED]} is not in users.csv; the role was not taken"
    return Issue("roles.csv", roles.lines[user], "userSourcedId", "unknown_user", reason, user[:MAX_NAMED])


def read_enrolled(table: Table, users: Collection[str]) -> RoleRows:
    """What `users` do in their classes, and at which school: the only trace of some teachers' role."""
    user, word, school = table.places("userSourcedId"), table.places("role"), table.places("schoolSourcedId")
    status = table.places("status")
    found, issues = _Collected(), list[Issue]()
    for line, cells in _readable(table, issues):
        user_id, role = first_of(cells, user), first_of(cells, word)
        if not user_id or (user_id in users and not role):
            issues.append(_missing(table, line, "role" if user_id else "userSourcedId", user_id))
        elif user_id in users and first_of(cells, status).casefold() != GONE:
            found.add(user_id, SourceRole(role, first_of(cells, school) or None))
    return RoleRows(found.by_user, issues=issues, doubted=_doubted(issues).intersection(users))


def read_related(table: Table, users: Collection[str]) -> RoleRows:
    """SDS's relationships.csv: `users` who are there for a student, as guardians."""
    user = table.places("relationshipUserSourcedId")
    found, issues = _Collected(), list[Issue]()
    for line, cells in _readable(table, issues):
        user_id = first_of(cells, user)
        if not user_id:
            issues.append(_missing(table, line, "relationshipUserSourcedId", user_id))
        elif user_id in users:
            found.add(user_id, SourceRole("guardian"))
    return RoleRows(found.by_user, issues=issues)


def _readable(table: Table, issues: list[Issue]) -> Iterator[Record]:
    """Rows that can be read; what there is to say of the others goes to `issues`."""
    for row in table.rows():
        if isinstance(row, Issue):
            issues.append(row)
        else:
            yield row


def _doubted(issues: Iterable[Issue]) -> frozenset[str]:
    return frozenset(issue.row_id for issue in issues if issue.row_id and issue.severity is Severity.ERROR)


def _missing(table: Table, line: int, column: str, user: str) -> Issue:
    reason = f"{column} is empty; the role was not taken"
    return Issue(table.name, line, column, "missing_value", reason, user[:MAX_NAMED] or None)
