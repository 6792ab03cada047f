"""One seat of a person: its state, the answer to "why?" in words, and what that answer rests on."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from usher_console.clients.entitlements import Evidence, Explanation, Pool, PoolThen, Seat
from usher_console.views.wording import (
    LICENSE_STATES,
    ROLES,
    SEAT_STATES,
    Badge,
    Line,
    count,
    day,
    moment,
    product_name,
    role_name,
    spelled,
)

PENDING = "change_in_progress"
WAITLISTED = "waitlisted"


@dataclass(frozen=True, slots=True)
class SeatCard:
    """`remedy` is the least change that would seat the person; empty where there is nothing to mend."""

    product: str
    name: str
    state: Badge
    answer: str
    remedy: str
    facts: Sequence[Line]
    pending: bool


def seat_card(explanation: Explanation, seat: Seat | None, name: str = "") -> SeatCard:
    """One product's card; for who never had a seat of it, the explanation alone."""
    pending = explanation.code == PENDING
    remedy = explanation.counterfactual.words if explanation.counterfactual else ""
    return SeatCard(
        product=explanation.product,
        name=product_name(explanation.product, name),
        state=Badge("Updating", "accent") if pending else seat_badge(seat),
        answer=readable(explanation.words, explanation.product, name),
        remedy=readable(remedy, explanation.product, name),
        facts=[*seat_facts(explanation, seat), *evidence_facts(explanation.evidence)],
        pending=pending,
    )


def readable(words: str, product: str, name: str) -> str:
    """Entitlements' sentence with the names that pages use, where it uses the identifiers that commands do."""
    names = {product: product_name(product, name), **{role: role_name(role).lower() for role in ROLES}}
    return re.sub(r"\b\w+\b", lambda word: names.get(word[0], word[0]), words)


def seat_badge(seat: Seat | None) -> Badge:
    state = seat.state if seat else "none"
    return SEAT_STATES.get(state, Badge(spelled(state)))


def seat_facts(explanation: Explanation, seat: Seat | None) -> Iterable[Line]:
    """What became of the seat, and when."""
    if explanation.position:
        yield fact("Position", count(explanation.position))
    if seat is None:
        return
    if seat.state == WAITLISTED and seat.wanted_since:
        yield fact("Wanted since", moment(seat.wanted_since))
    if seat.since:
        yield fact(f"{seat_badge(seat).label} since", moment(seat.since))
    if seat.reason:
        yield fact("Reason", spelled(seat.reason))


def evidence_facts(evidence: Evidence) -> Iterable[Line]:
    """The role, the license and the pool that decided, and the message that led to it."""
    if evidence.role:
        yield fact("Role", role_name(evidence.role))
    if evidence.term:
        state = LICENSE_STATES.get(evidence.term.state, Badge(spelled(evidence.term.state))).label
        yield fact("License", f"{state}, {day(evidence.term.starts_at)} to {day(evidence.term.ends_at)}")
    if evidence.pool:
        yield fact("Pool now", pool_figures(evidence.pool))
    if evidence.pool_then:
        yield fact("Pool then", pool_figures(evidence.pool_then))
    if evidence.message_id:
        yield fact("Message", evidence.message_id)
    if evidence.trace_id:
        yield fact("Trace", evidence.trace_id)


def fact(label: str, value: str) -> Line:
    return Line(label, label, value)


def pool_figures(pool: Pool | PoolThen) -> str:
    return f"{count(pool.assigned)} of {count(pool.capacity)} assigned, {count(pool.waitlisted)} waiting"
