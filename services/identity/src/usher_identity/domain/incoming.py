"""What a set of files says, as values: organizations, people, and what is wrong with a row (interfaces: Imports)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """What an issue means for its row."""

    ERROR = "error"
    """The row was not taken."""
    WARNING = "warning"
    """The row was taken, except for what the issue names."""
    NOTE = "note"
    """Nothing was lost; something about a file or the whole set that its owner should know."""


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing to mend at the source: where it stands, and why it could not be taken as it is."""

    file: str
    line: int | None
    """The line in the file on which the row begins; the header is line 1. None: the file as a whole."""
    column: str | None
    code: str
    """A stable slug."""
    reason: str
    row_id: str | None = None
    severity: Severity = Severity.ERROR


class Standing(StrEnum):
    """What a source says of a person's presence."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """Listed, but may not use systems (`enabledUser` false, or `inactive` in OneRoster 1.0)."""
    ABSENT = "absent"
    """Marked `tobedeleted`, or no longer listed in a full set."""


@dataclass(frozen=True, slots=True)
class IncomingOrganization:
    """A row of orgs.csv."""

    external_id: str
    name: str
    kind: str
    parent_id: str | None
    gone: bool
    """Marked `tobedeleted`."""
    modified_at: str
    file: str
    line: int


class SourceRole(NamedTuple):
    """A role in the source's own words, where it is held."""

    word: str
    org_id: str | None = None
    primary: bool = False


@dataclass(frozen=True, slots=True)
class IncomingPerson:
    """A row of users.csv with the roles that the set's other files add to it."""

    external_id: str
    user_name: str
    display_name: str
    email: str | None
    roles: tuple[SourceRole, ...]
    ended_roles: tuple[SourceRole, ...]
    """Roles that a delta set takes away."""
    partial_roles: bool
    """`roles` are additions to what is held, not all of it: a delta set of OneRoster 1.2."""
    org_ids: tuple[str, ...]
    """External ids of the organizations, in the order listed."""
    primary_org_id: str | None
    standing: Standing
    modified_at: str
    """`dateLastModified` as written; sorts as text."""
    file: str
    line: int
