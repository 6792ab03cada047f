"""Academic sessions of a OneRoster set, and the breaks that they leave over."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise

from usher_identity.domain.calendars import Break, Breaks

DAY = timedelta(days=1)

SHORTEST_DAYS = 3
"""Fewer days between two sessions are a weekend, or an exporter's inexactness."""

SUMMER = timedelta(weeks=12)
"""How long nobody is expected after the last session that is known: until the next one is."""

NAME_CHARACTERS = 100

MOST = 500
"""Breaks that a calendar has at most; of more, the last ones are kept."""


@dataclass(frozen=True, slots=True)
class AcademicSession:
    """A school year, or a part of one; from its first day to its last."""

    external_id: str
    title: str
    first: date
    last: date

    @property
    def days(self) -> tuple[date, date]:
        return self.first, self.last


class SessionsMode(StrEnum):
    """How much a set says of sessions."""

    ALL = "all"
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class IncomingSessions:
    """What academicSessions.csv gave."""

    mode: SessionsMode
    sessions: Sequence[AcademicSession]
    gone: frozenset[str]
    """Ids that are marked `tobedeleted`."""


def merge_sessions(
    known: Mapping[str, AcademicSession], incoming: IncomingSessions, today: date
) -> dict[str, AcademicSession]:
    """What a source has said after this set. One that is over stays, though a full set no longer lists it: a set is of
    the school year that it was made in, and the break between two of them is known by both.
    """
    kept = {
        external_id: session
        for external_id, session in known.items()
        if external_id not in incoming.gone and (incoming.mode is SessionsMode.CHANGES or session.last < today)
    }
    return kept | {session.external_id: session for session in incoming.sessions}


def find_breaks(sessions: Iterable[AcademicSession]) -> Breaks | None:
    """The breaks between sessions, and the summer after the last one; None where there are no sessions.

    Days count as taught where the smallest session around them says so: of a school year with two terms, those
    between the terms do not; those before the first and after the last do.
    """
    taught = merged(list(sessions))
    if not taught:
        return None
    last = taught[-1]
    summer = Break(last.last + DAY, last.last + SUMMER, name_after(last))
    return (*list(gaps(taught))[1 - MOST :], summer)


def gaps(taught: Sequence[AcademicSession]) -> Iterator[Break]:
    for before, after in pairwise(taught):
        if after.first - before.last > SHORTEST_DAYS * DAY:
            yield Break(before.last + DAY, after.first - DAY, name_after(before))


def merged(sessions: Sequence[AcademicSession]) -> list[AcademicSession]:
    """The days that are taught, as sessions none of which touches another, each by the name of its last part."""
    result: list[AcademicSession] = []
    for part in sorted(parts(sessions), key=lambda one: (one.first, one.last, one.title)):
        if result and part.first <= result[-1].last + DAY:
            longer = max(result[-1], part, key=lambda one: one.last)
            result[-1] = AcademicSession(longer.external_id, longer.title, result[-1].first, longer.last)
        else:
            result.append(part)
    return result


def parts(sessions: Sequence[AcademicSession]) -> Iterator[AcademicSession]:
    """Sessions that hold no other, and of those that do what comes before the first and after the last inside."""
    by_days = {one.days: one for one in sorted(sessions, key=lambda one: (one.title, one.external_id), reverse=True)}
    for one in by_days.values():
        inside = [days for days in by_days if one.first <= days[0] and days[1] <= one.last and days != one.days]
        if not inside:
            yield one
            continue
        head = (one.first, min(first for first, _ in inside) - DAY)
        tail = (max(last for _, last in inside) + DAY, one.last)
        yield from (
            AcademicSession(one.external_id, one.title, first, last) for first, last in (head, tail) if first <= last
        )


def name_after(session: AcademicSession) -> str:
    return f"After {session.title}"[:NAME_CHARACTERS]
