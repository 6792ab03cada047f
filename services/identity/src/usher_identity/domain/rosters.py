"""Rosters read over REST: where one is, how often it is read, and how far a reading has come (OneRoster 1.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

Collection = Literal["academicSessions", "orgs", "users", "enrollments"]

COLLECTIONS: Sequence[Collection] = ("academicSessions", "orgs", "users", "enrollments")
"""What is read, in this order."""

CHANGING: Sequence[Collection] = ("users",)
"""Of which a reading between two whole ones asks for what changed alone. Enrollments are read for users who have no
role of their own, and theirs may be old where the user is new."""

MAX_RESTARTS = 3
"""How often a collection that changes while it is read is begun anew."""

MAX_ROWS = 10_000_000
OVERLAP = timedelta(minutes=5)
"""How much of what was read already a reading of changes asks for again: what was saved late has an earlier time."""


@dataclass(frozen=True, slots=True)
class Roster:
    """A service that gives a roster, and when it is read."""

    url: str
    token_url: str
    client_id: str
    scope: str
    every_minutes: int = 60
    """Between readings of what changed."""
    full_hours: int = 24
    """Between readings of everything."""

    def whole_is_due(self, last_whole_at: datetime | None, at: datetime) -> bool:
        return last_whole_at is None or last_whole_at + timedelta(hours=self.full_hours) <= at

    def next_after(self, at: datetime) -> datetime:
        return at + timedelta(minutes=self.every_minutes)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: its rows' ids in order, the latest time among them, and what it says of what follows."""

    ids: Sequence[str]
    newest: str = ""
    total: int | None = None
    following: str | None = None
    """The address of the next page, where the service gives one that does not count rows."""
    is_more: bool | None = None
    """Whether the service says that more follows; None: it does not say."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one collection was read."""

    read: int = 0
    pages: int = 0
    following: str | None = None
    total: int | None = None
    last_id: str | None = None
    newest: str = ""
    before: tuple[str, ...] = ()
    """The ends of the page before, and its length: a page that is the same says that the service turns no pages."""
    restarts: int = 0
    is_done: bool = False
    is_whole: bool = True
    """Whether nothing changed while it was read, so that who is missing is gone."""

    @property
    def overlaps(self) -> bool:
        """Whether the next page is asked for from the last row that was read: it is there again, or rows have moved."""
        return self.following is None and self.last_id is not None and self.read > 1

    @property
    def offset(self) -> int:
        return self.read - 1 if self.overlaps else self.read


class StuckError(Exception):
    """A service that does not turn pages, or never ends."""


def turned(progress: Progress, page: Page, limit: int) -> tuple[Progress, int]:
    """The progress once a page was read, and how many of its first rows are known; all of them where it begins anew.

    Raises StuckError.
    """
    ends = (*page.ids[:1], *page.ids[-1:], str(len(page.ids)))
    if len(page.ids) > 1 and ends == progress.before:
        raise StuckError("it answers the same page again and again")
    known = 1 if progress.overlaps and page.ids[:1] == [progress.last_id] else 0
    moved = (progress.overlaps and not known) or differs(progress.total, page.total)
    read = progress.read + len(page.ids) - known
    is_more = goes_on(page, read, limit, new=len(page.ids) - known)
    moved = moved or (not is_more and differs(page.total, read))
    if moved and progress.restarts < MAX_RESTARTS:
        return Progress(restarts=progress.restarts + 1), len(page.ids)
    if read > MAX_ROWS:
        raise StuckError(f"it has more than {MAX_ROWS:,} rows")
    after = replace(
        progress,
        read=read,
        pages=progress.pages + 1,
        following=page.following,
        total=page.total,
        last_id=page.ids[-1] if page.ids else progress.last_id,
        newest=max(progress.newest, page.newest),
        before=ends,
        is_done=not is_more,
        is_whole=progress.is_whole and not moved,
    )
    return after, known


def differs(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one != other


def goes_on(page: Page, read: int, limit: int, new: int) -> bool:
    """Whether there is more: as the service says, else by its total, else as long as pages are full."""
    if not new:
        return page.following is not None and bool(page.ids)
    if page.is_more is not None:
        return page.is_more
    return read < page.total if page.total is not None else len(page.ids) >= limit


@dataclass(frozen=True, slots=True)
class Reading:
    """How far a roster was read."""

    collections: Mapping[str, Progress] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()
    """Collections that the service does not have."""
    plain: frozenset[str] = frozenset()
    """Those of which it refuses to sort or to choose."""
    without_role: int = 0
    """Users who have none of their own: what they do, enrollments may tell."""

    def of(self, collection: str) -> Progress:
        return self.collections.get(collection, Progress())

    @property
    def next(self) -> Collection | None:
        """What is to be read next; None at the end."""
        open_ = (one for one in COLLECTIONS if not self.of(one).is_done and one not in self.missing)
        return next((one for one in open_ if one != "enrollments" or self.without_role), None)

    def with_progress(self, collection: str, progress: Progress, without_role: int = 0) -> "Reading":
        anew = collection == "users" and not progress.pages
        return replace(
            self,
            collections={**self.collections, collection: progress},
            without_role=0 if anew else self.without_role + without_role,
        )

    @property
    def is_whole(self) -> bool:
        """Whether all of it was read unchanged."""
        return all(one.is_whole for one in self.collections.values())

    def since(self, started_at: datetime) -> datetime | None:
        """From when on changes are to be asked for next; None where no row says when it changed."""
        latest = max((self.of(one).newest for one in CHANGING), default="")
        try:
            told = datetime.fromisoformat(latest)
        except ValueError:
            return None
        return min(told, started_at) - OVERLAP if told.tzinfo else None
