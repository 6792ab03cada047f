"""The License Dashboard: the overall summary and status, a card for each product, and what ends soon."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from usher_console.clients.reporting import Dashboard, ProductFigures, Renewal
from usher_console.views.product_card import ProductCard, is_vacant, product_card
from usher_console.views.statements import CALM, HEADLINES, Statement, statements, worst
from usher_console.views.wording import (
    COMBINED,
    LICENSE_STATES,
    Badge,
    Line,
    Tone,
    count,
    day,
    in_days,
    percent,
    product_name,
    spelled,
)

SECOND = 1_000
NOTHING_LICENSED = "Nothing is licensed yet"
FIRST_STEPS = [
    Statement("People come in with an import of their organization.", "plain"),
    Statement("A system administrator adds a license term; seats follow at once.", "plain"),
]


@dataclass(frozen=True, slots=True)
class RenewalRow:
    org_id: UUID
    organization: str
    product: str
    seats: str
    ends: str
    left: str
    state: Badge


@dataclass(frozen=True, slots=True)
class LicenseDashboard:
    as_of: datetime
    delay: str
    headline: str
    tone: Tone
    statements: Sequence[Statement]
    totals: Sequence[Line]
    cards: Sequence[ProductCard]
    renewals: Sequence[RenewalRow]
    empty: bool


def license_dashboard(answer: Dashboard, names: Mapping[UUID, str]) -> LicenseDashboard:
    """The page for reporting's answer; `names` are the organizations' that it refers to."""
    products = sorted(answer.products, key=lambda p: p.product == COMBINED)
    licensed = [p for p in products if p.product != COMBINED]
    found = statements(licensed, answer.as_of)
    empty = all(is_vacant(p) for p in licensed)
    return LicenseDashboard(
        as_of=answer.as_of,
        delay=delay(answer.delay_ms),
        headline=NOTHING_LICENSED if empty else HEADLINES[worst(found)],
        tone="plain" if empty else worst(found),
        statements=FIRST_STEPS if empty else found or [Statement(CALM, "good")],
        totals=totals(licensed),
        cards=[product_card(p, answer.as_of, names) for p in products],
        renewals=[renewal_row(renewal, answer.as_of, names) for renewal in answer.upcoming_renewals],
        empty=empty,
    )


def delay(milliseconds: int | None) -> str:
    """How late changes of seats show, as measured; nothing where none was measured."""
    if milliseconds is None:
        return ""
    return f"{milliseconds} ms" if milliseconds < SECOND else f"{milliseconds / SECOND:.1f} s"


def organizations_in(answer: Dashboard) -> set[UUID]:
    """The organizations that the page names without being told their names: owners of shared pools."""
    return {p.shared_pool.org_id for p in answer.products if p.shared_pool}


def totals(licensed: Sequence[ProductFigures]) -> list[Line]:
    """Seats over all products (a person with two products holds two seats); usage over own pools alone."""
    own = [p for p in licensed if p.total_licensed is not None]
    total = sum(p.total_licensed or 0 for p in own)
    available = sum(p.available or 0 for p in own)
    assigned = sum(p.assigned for p in licensed)
    waiting = sum(p.waitlisted for p in licensed)
    usage = 100 * sum(p.assigned for p in own) / total if total else None
    utilization = 100 * sum(p.active_users for p in licensed) / assigned if assigned else None
    return [
        Line("all.total", "Total Licensed", count(total if own else None)),
        Line("all.assigned", "Currently Assigned", count(assigned)),
        Line("all.available", "Available", count(available if own else None), "stop" if available < 0 else "plain"),
        Line("all.usage", "Usage Percentage", percent(usage)),
        Line("all.waiting", "Waiting", count(waiting), "care" if waiting else "plain"),
        Line("all.utilization", "License Utilization", percent(utilization)),
    ]


def renewal_row(renewal: Renewal, at: datetime, names: Mapping[UUID, str]) -> RenewalRow:
    state = renewal.state or "expiring"
    return RenewalRow(
        org_id=renewal.org_id,
        organization=renewal.organization or names.get(renewal.org_id, "Organization"),
        product=product_name(renewal.product),
        seats=count(renewal.seats),
        ends=day(renewal.ends_at),
        left=in_days(renewal.ends_at, at),
        state=LICENSE_STATES.get(state, Badge(spelled(state))),
    )
