"""One product's card: its license, its seats against demand, and how its holders use them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from usher_console.clients.reporting import ProductFigures
from usher_console.views.meter import Meter, Part, bar, capacity_meter
from usher_console.views.wording import (
    COMBINED,
    LICENSE_STATES,
    PRODUCTS,
    Badge,
    Line,
    Tone,
    count,
    day,
    in_days,
    people,
    percent,
    product_name,
    seats,
    spelled,
)


@dataclass(frozen=True, slots=True)
class ProductCard:
    """`usage` is the card's great figure: the usage percentage, or the seats held here of an ancestor's pool."""

    product: str
    name: str
    about: str
    state: Badge
    usage: Line
    meter: Meter | None
    meter_value: float
    meter_text: str
    numbers: Sequence[Line]
    rows: Sequence[Line]
    utilization: Line
    activity: Sequence[Line]
    activity_bar: Sequence[Part]
    note: str
    vacant: bool


def product_card(p: ProductFigures, at: datetime, names: Mapping[UUID, str]) -> ProductCard:
    """The card of one product at `at`; `names` are the organizations' whose pools may be shared."""
    key = f"{p.product}.{{}}".format
    activity = activity_counts(p)
    return ProductCard(
        product=p.product,
        name=product_name(p.product, p.name),
        about=PRODUCTS[p.product][1] if p.product in PRODUCTS else "",
        state=state_badge(p),
        usage=usage_line(p),
        meter=pool_meter(p),
        meter_value=meter_value(p),
        meter_text=meter_text(p),
        numbers=number_lines(p),
        rows=list(row_lines(p, at)),
        utilization=Line(key("utilization"), "License Utilization", percent(p.utilization_percentage)),
        activity=[Line(key(kind), label, count(size)) for kind, label, size in activity],
        activity_bar=bar([(kind, size) for kind, _, size in activity], sum(size for *_, size in activity)),
        note=card_note(p, names),
        vacant=is_vacant(p),
    )


def is_vacant(p: ProductFigures) -> bool:
    """No license, and nobody who has or awaits a seat."""
    return p.license_state is None and not (p.total_licensed or p.shared_pool or p.assigned or p.waitlisted)


def state_badge(p: ProductFigures) -> Badge:
    if p.over_allocated:
        return Badge("Over-allocated", "stop")
    if p.license_state is None:
        return Badge("Shared pool") if p.shared_pool else Badge("Not licensed")
    return LICENSE_STATES.get(p.license_state, Badge(spelled(p.license_state)))


def usage_line(p: ProductFigures) -> Line:
    if p.total_licensed is None:
        return Line(f"{p.product}.assigned", "Currently Assigned here", count(p.assigned))
    return Line(f"{p.product}.usage", "Usage Percentage", percent(p.usage_percentage))


def pool_meter(p: ProductFigures) -> Meter | None:
    """Seats against demand; none where the total is not known here."""
    pool = p.shared_pool
    waiting = waiting_in(p)
    if pool is None:
        if p.total_licensed is None:
            return None
        return capacity_meter(p.total_licensed, p.assigned, waiting=waiting)
    elsewhere = max(0, pool.assigned - p.assigned)
    return capacity_meter(pool.total_licensed, p.assigned, elsewhere=elsewhere, waiting=waiting)


def waiting_in(p: ProductFigures) -> int:
    """Who waits in the product's own line; combined has none, though some wait for both."""
    return 0 if p.product == COMBINED else p.waitlisted


def meter_value(p: ProductFigures) -> float:
    """Percent of the pool's seats that are taken, as far as a meter can show."""
    assigned, total = (
        (p.shared_pool.assigned, p.shared_pool.total_licensed) if p.shared_pool else (p.assigned, p.total_licensed)
    )
    return min(100.0, round(100 * assigned / total, 2)) if total else 0.0


def meter_text(p: ProductFigures) -> str:
    total = p.shared_pool.total_licensed if p.shared_pool else p.total_licensed
    waiting = f", {count(waiting_in(p))} waiting" if waiting_in(p) else ""
    return f"{count(p.assigned)} of {seats(total or 0)} assigned{waiting}"


def number_lines(p: ProductFigures) -> list[Line]:
    """The seats of the pool that serves the organization, its own or the one it shares; none where neither does."""
    pool = p.shared_pool
    if pool is None and p.total_licensed is None:
        return []
    total, assigned, available = (
        (pool.total_licensed, pool.assigned, pool.available) if pool else (p.total_licensed, p.assigned, p.available)
    )
    where = "shared." if pool else ""
    tone: Tone = "stop" if (available or 0) < 0 else "plain"
    return [
        Line(f"{p.product}.{where}total", "Total Licensed", count(total)),
        Line(f"{p.product}.{where}assigned", "Currently Assigned", count(assigned)),
        Line(f"{p.product}.{where}available", "Available", count(available), tone),
    ]


def row_lines(p: ProductFigures, at: datetime) -> Iterable[Line]:
    if p.product != COMBINED:
        waiting = people(p.waitlisted) if p.waitlisted else "Nobody"
        yield Line(f"{p.product}.waiting", "Waiting", waiting, "care" if p.waitlisted else "plain")
    if p.suspended:
        yield Line(f"{p.product}.suspended", "Suspended", seats(p.suspended), "stop")
    if p.over_capacity:
        yield Line(f"{p.product}.over", "Over capacity", seats(p.over_capacity), "care")
    if p.license_state == "scheduled" and p.starts_at:
        yield Line(f"{p.product}.starts", "Starts", f"{day(p.starts_at)} · {in_days(p.starts_at, at)}")
    if p.ends_at:
        over = p.ends_at <= at
        left = "" if over else f" · {in_days(p.ends_at, at)}"
        yield Line(f"{p.product}.ends", "Ended" if over else "Ends", f"{day(p.ends_at)}{left}")


def activity_counts(p: ProductFigures) -> list[tuple[str, str, int]]:
    """Kind, words and number of the seat holders by how they use their seats."""
    counts = [
        ("active", "Active", p.active_users),
        ("inactive", "Inactive", p.inactive_users),
        ("never", "Never used", p.never_used_users),
    ]
    return [*counts, ("unknown", "Unknown", p.unknown_users)] if p.unknown_users else counts


def card_note(p: ProductFigures, names: Mapping[UUID, str]) -> str:
    if p.product == COMBINED and not is_vacant(p):
        return "Counted from both pools: totals and availability are the smaller of Learn and Observe."
    if p.shared_pool:
        owner = names.get(p.shared_pool.org_id, "an organization above")
        return f"Seats come from the pool of {owner}; its figures are the whole pool's. Pale: held by people elsewhere."
    if is_vacant(p):
        return "Counted once both products are licensed." if p.product == COMBINED else "No license term covers it yet."
    return ""
