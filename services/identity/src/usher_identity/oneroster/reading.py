"""The way in: a folder or a zip becomes a set whose files are whole and known, or is refused with one clear line."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from usher_identity.domain.academic_sessions import SessionsMode
from usher_identity.domain.incoming import IncomingPerson, Issue, Severity
from usher_identity.domain.mapping import Counted
from usher_identity.oneroster.archive import Folder, SetFiles, Zip
from usher_identity.oneroster.files import find_set
from usher_identity.oneroster.manifest import Dialect, Manifest, Mode, read_manifest, tell_dialect, tell_mode
from usher_identity.oneroster.organizations import OrganizationRows, read_organizations
from usher_identity.oneroster.people import CountAs, KnownRoles, PeopleReader
from usher_identity.oneroster.refusal import SetRefused
from usher_identity.oneroster.roles import RoleRows, compare_users, read_enrolled, read_related, read_roles
from usher_identity.oneroster.sessions import NAME as SESSIONS
from usher_identity.oneroster.sessions import SessionRows, read_sessions
from usher_identity.oneroster.table import Table


@dataclass(frozen=True, slots=True)
class RosterSet:
    """A set that can be taken. Its people may be read again and again, and are the same each time."""

    dialect: Dialect
    mode: Mode
    """Whether people who are not listed are gone."""
    organizations: OrganizationRows
    notes: Sequence[Issue]
    """About files as wholes, and about rows of those that tell roles."""
    row_count: int
    """How many lines of people there are, about: a row that spans lines counts for each."""
    reader: PeopleReader | None
    sessions: SessionRows

    def people(
        self, count_as: CountAs, only: Collection[int] | None = None
    ) -> Iterator[IncomingPerson | Counted | Issue]:
        """Each row of users.csv (or those that begin on the lines of `only`), streamed: nothing is kept."""
        return self.reader.read(count_as, only) if self.reader else iter(())


def read_folder(path: Path) -> RosterSet:
    """The set in a folder. Raises `SetRefused`."""
    return read_set(Folder(path))


def read_zip(file: BinaryIO) -> RosterSet:
    """The set in a zip, a seekable file that must stay open as long as the set is read. Raises `SetRefused`."""
    return read_set(Zip(file))


def check_zip(file: BinaryIO) -> None:
    """Raises `SetRefused` for a zip whose list of files shows that it holds no set. Nothing is unpacked."""
    find_set(Zip(file).paths())


def read_set(files: SetFiles) -> RosterSet:
    """The one set among `files`. Raises `SetRefused`, before anything was taken from it."""
    tables = _Tables(files)
    mode, doubt = tell_mode(tables.manifest, "users")
    tables.require(mode)
    roles, other = tables.read_roles()
    doubts = [doubt] if doubt and tables.users else []
    is_partial = roles is not None and tell_mode(tables.manifest, "roles")[0] is Mode.DELTA
    return RosterSet(
        dialect=tell_dialect(tables.manifest, tables.organizations, tables.users, tables.roles),
        mode=mode,
        organizations=read_organizations(tables.organizations) if tables.organizations else OrganizationRows((), ()),
        notes=[*tables.notes(), *doubts, *(roles.issues if roles else ()), *other.issues],
        row_count=tables.users.lines if tables.users else 0,
        reader=PeopleReader(tables.users, KnownRoles(roles, is_partial, other)) if tables.users else None,
        sessions=tables.read_sessions(),
    )


class _Tables:
    """The files that are read, opened: each was read to its end once."""

    def __init__(self, files: SetFiles) -> None:
        self._files = files
        self._paths = find_set(files.paths())
        manifest = self._open("manifest", key="propertyName")
        self.manifest = read_manifest(manifest) if manifest else Manifest()
        self.organizations = self._open("orgs", key="sourcedId")
        self.users = self._open("users", key="sourcedId")
        self.roles = self._open("roles", key="userSourcedId")
        self._opened = [table for table in (manifest, self.organizations, self.users, self.roles) if table]

    def _open(self, name: str, *, key: str) -> Table | None:
        path = self._paths.get(f"{name.casefold()}.csv")
        return Table(f"{name}.csv", partial(self._files.open, path), key=key) if path else None

    def require(self, mode: Mode) -> None:
        """Refuse a set without organizations or people, unless it is of changes alone and says that these have none."""
        for name, table in (("orgs", self.organizations), ("users", self.users)):
            if table is None and not (mode is Mode.DELTA and self.manifest.modes.get(name) == "absent"):
                raise SetRefused(
                    "missing_file", f"the set has no {name}.csv; export it again with organizations and people"
                )

    def read_roles(self) -> tuple[RoleRows | None, RoleRows]:
        """roles.csv, and what other files tell of users who have a role neither there nor in users.csv."""
        roles = read_roles(self.roles) if self.roles else None
        if not self.users:
            return roles, RoleRows()
        roles, without = compare_users(self.users, roles)
        if not without:
            return roles, RoleRows()
        enrolled = self._told("enrollments", "userSourcedId", lambda table: read_enrolled(table, without))
        related = self._told("relationships", "relationshipUserSourcedId", lambda table: read_related(table, without))
        held, issues = {**related.held, **enrolled.held}, [*enrolled.issues, *related.issues]
        return roles, RoleRows(held, issues=issues, doubted=enrolled.doubted)

    def _told(self, name: str, key: str, read: Callable[[Table], RoleRows]) -> RoleRows:
        """What a file tells of roles that stand nowhere else."""
        table = self._open_if_readable(name, key=key, lost="no role was taken from it")
        if not isinstance(table, Table):
            return RoleRows(issues=[table] if table else ())
        self._opened.append(table)
        return read(table)

    def _open_if_readable(self, name: str, *, key: str, lost: str) -> Table | Issue | None:
        """A file that a set can do without: one that is no table is said, and passed over."""
        try:
            return self._open(name, key=key)
        except SetRefused as refused:
            if refused.code not in ("not_csv", "empty_file"):
                raise
            reason = f"{refused.reason}; {lost}"
            return Issue(f"{name}.csv", None, None, refused.code, reason, severity=Severity.WARNING)

    def read_sessions(self) -> SessionRows:
        """academicSessions.csv, if there is one. People need no calendar."""
        table = self._open_if_readable(SESSIONS, key="sourcedId", lost="no calendar was taken from it")
        if not isinstance(table, Table):
            return SessionRows(None, [table]) if table else SessionRows()
        mode, _ = tell_mode(self.manifest, SESSIONS.casefold())
        return read_sessions(table, SessionsMode.ALL if mode is Mode.BULK else SessionsMode.CHANGES)

    def notes(self) -> Iterator[Issue]:
        for table in self._opened:
            yield from table.notes()
        yield from self.manifest.issues
