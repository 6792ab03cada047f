"""academicSessions.csv: school years and their parts, as far as their days can be read."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from usher_identity.domain.academic_sessions import AcademicSession, IncomingSessions, SessionsMode
from usher_identity.domain.incoming import Issue, Severity
from usher_identity.oneroster.cells import BadCell, kept_text, required_text
from usher_identity.oneroster.organizations import GONE
from usher_identity.oneroster.table import Table, first_of

NAME = "academicSessions"
MAX_SESSIONS = 2_000
"""A set with more of them is no district's calendar."""

YEARS = range(1990, 2101)


@dataclass(slots=True)
class SessionRows:
    """What the file gave; `incoming` is None where there is no such file."""

    incoming: IncomingSessions | None = None
    issues: Sequence[Issue] = field(default=())


def read_sessions(table: Table, mode: SessionsMode) -> SessionRows:
    """All rows whose days can be read. A full file with others says nothing of what it does not list."""
    sessions: dict[str, AcademicSession] = {}
    gone: set[str] = set()
    issues: list[Issue] = []
    for item in rows_of(table):
        match item:
            case AcademicSession() if len(sessions) < MAX_SESSIONS:
                sessions[item.external_id] = item
            case AcademicSession():
                reason = f"there are more than {MAX_SESSIONS:,} sessions; the rest was not read"
                issues.append(Issue(table.name, None, None, "too_many_sessions", reason, severity=Severity.WARNING))
                break
            case str():
                gone.add(item)
            case _:
                issues.append(item)
    is_whole = mode is SessionsMode.ALL and not issues
    told = IncomingSessions(
        SessionsMode.ALL if is_whole else SessionsMode.CHANGES, list(sessions.values()), gone=frozenset(gone)
    )
    return SessionRows(told, issues)


def rows_of(table: Table) -> Iterator[AcademicSession | str | Issue]:
    """Each row as a session, as the id of one that is gone, or as what is wrong with it."""
    columns = {name: table.places(name) for name in ("sourcedId", "title", "status", "startDate", "endDate")}
    for row in table.rows():
        if isinstance(row, Issue):
            yield row
            continue
        line, cells = row
        values = {name: first_of(cells, places) for name, places in columns.items()}
        try:
            external_id = required_text("sourcedId", values["sourcedId"])
            yield external_id if values["status"].casefold() == GONE else to_session(external_id, values)
        except BadCell as bad:
            reason = f"{bad.reason}; the session was not taken"
            yield Issue(table.name, line, bad.column, bad.code, reason, values["sourcedId"][:100] or None)


def to_session(external_id: str, values: Mapping[str, str]) -> AcademicSession:
    first, last = (read_day(column, values[column]) for column in ("startDate", "endDate"))
    if last < first:
        raise BadCell("endDate", "reversed_days", f"endDate {last} is before startDate {first}")
    return AcademicSession(external_id, kept_text("title", values["title"]) or external_id, first, last)


def read_day(column: str, written: str) -> date:
    """A day as OneRoster writes it, 2026-08-15; a time that follows is passed over."""
    try:
        day = date.fromisoformat(written[:10])
    except ValueError:
        reason = f"{column} {written[:40]!r} is no day such as 2026-08-15"
        raise BadCell(column, "unreadable_date", reason) from None
    if day.year not in YEARS:
        raise BadCell(column, "unreadable_date", f"{column} {day} is no day of a school year")
    return day
