"""The life of a license term, and what the terms of a pool give (seats: The life of a license term, Capacity)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from .things import Term

NOTICE_DAYS = (90, 60, 30, 14, 7, 1)


def state_at(term: Term, at: datetime) -> str:
    """The state that time gives a term which no act has ended."""
    if at < term.starts:
        return "scheduled"
    if at >= term.expires:
        return "expired"
    if at >= term.ends:
        return "grace"
    return "expiring" if at >= term.ends - timedelta(days=90) else "active"


def passages(term: Term) -> list[tuple[datetime, str]]:
    """Every moment that moves this term, and the state that it has from then on."""
    moments = (term.starts, term.ends - timedelta(days=90), term.ends, term.expires)
    return sorted({(moment, state_at(term, moment)) for moment in moments if moment >= term.starts})


def next_passage(term: Term) -> tuple[datetime, str] | None:
    """The first passage that the term has not made."""
    order = ["scheduled", "active", "expiring", "grace", "expired"]
    if term.is_over:
        return None
    left = [(moment, state) for moment, state in passages(term) if order.index(state) > order.index(term.state)]
    return min(left, default=None)


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


def due_notice(term: Term, at: datetime) -> int | None:
    """The latest threshold that `at` is past, in days before the end, while the term lasts."""
    if not term.counts:
        return None
    past = [days for days in NOTICE_DAYS if at >= term.ends - timedelta(days=days)]
    return min(past, default=None)
