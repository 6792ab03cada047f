"""The life of a license term, and what the terms of a pool give (seats: The life of a license term, Capacity)."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from .things import Term

NOTICE_DAYS = (90, 60, 30, 14, 7, 1)


def state_at(term: Term, at: datetime, others: Iterable[Term]) -> str:
    """The state that time gives a term which no act has ended, beside the others of its pool."""
    if at < term.starts:
        return "scheduled"
    if any(start <= at for start in successions(term, others)):
        return "renewed"
    if at >= term.expires:
        return "expired"
    if at >= term.ends:
        return "grace"
    return "expiring" if at >= term.ends - timedelta(days=90) else "active"


def successions(term: Term, others: Iterable[Term]) -> list[datetime]:
    """When a successor starts: another term of the pool that starts once this one ends, and before it expires."""
    return [
        other.starts
        for other in others
        if other is not term
        and (other.org, other.product) == (term.org, term.product)
        and term.ends <= other.starts <= term.expires
        and (other.ended_at is None or other.starts <= other.ended_at)
    ]


def next_passage(term: Term, others: Iterable[Term]) -> tuple[datetime, str] | None:
    """The first passage that the term has not made: when, and to which state."""
    if term.is_over:
        return None
    order = ["scheduled", "active", "expiring", "grace", "expired", "renewed"]
    others = list(others)
    moments = [term.starts, term.ends - timedelta(days=90), term.ends, term.expires, *successions(term, others)]
    due = [(moment, state_at(term, moment, others)) for moment in moments if moment >= term.starts]
    return min((one for one in due if order.index(one[1]) > order.index(term.state)), default=None)


def has_ended(terms: Collection[Term]) -> bool:
    """Whether a pool of these terms has ended: all are over, the last of them by an administrator's act."""
    if not all(term.is_over for term in terms):
        return False
    return max(terms, key=was_over_at).state == "ended"


def was_over_at(term: Term) -> datetime:
    """When a term that is over came to be so; one that was renewed had no grace period of its own any more."""
    return term.ended_at or (term.ends if term.state == "renewed" else term.expires)


def overage(term: Term) -> int | None:
    """How many seats beyond its own a term allows; None is no limit."""
    if term.overage == "allow":
        return None
    if term.overage == "block":
        return 0
    return term.seats * int(term.overage.removeprefix("percent:")) // 100


def limit(terms: Iterable[Term]) -> int | None:
    """Seats and overage of these terms together; None where one of them lifts the limit."""
    total = 0
    for term in terms:
        extra = overage(term)
        if extra is None:
            return None
        total += term.seats + extra
    return total


def due_notice(term: Term, at: datetime, notice_days: Iterable[int]) -> int | None:
    """The latest threshold that `at` is past, in days before the end, while the term lasts."""
    if not term.counts or at >= term.ends:
        return None
    return min((days for days in notice_days if at >= term.ends - timedelta(days=days)), default=None)


def shrink_policy(terms: Iterable[Term]) -> str:
    """That of the counting term which ends last."""
    counting = [term for term in terms if term.counts]
    return max(counting, key=lambda term: (term.ends, term.id)).shrink if counting else "keep"
