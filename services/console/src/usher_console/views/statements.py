"""Statements: what an administrator should know about the licenses, in a few sentences, the worst first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from usher_console.clients.reporting import ProductFigures
from usher_console.views.wording import Tone, count, day, in_days, listed, people, product_name, seats

HEADLINES: dict[Tone, str] = {"good": "All in order", "care": "Worth a look", "stop": "Needs action"}
CALM = "Everyone who needs a seat has one."


@dataclass(frozen=True, slots=True)
class Statement:
    text: str
    tone: Tone


def statements(products: Sequence[ProductFigures], at: datetime) -> list[Statement]:
    """Every sentence that applies at `at`; what stops people comes before what may come to."""
    found = [statement for p in products for statement in about(p)]
    found += endings(products, at)
    return sorted(found, key=lambda statement: statement.tone != "stop")


def worst(found: Iterable[Statement]) -> Tone:
    tones = {statement.tone for statement in found}
    return "stop" if "stop" in tones else "care" if "care" in tones else "good"


def about(p: ProductFigures) -> Iterable[Statement]:
    """What holds of one product now."""
    name = product_name(p.product, p.name)
    if p.over_allocated:
        figures = f"{seats(p.assigned)} assigned, {count(p.total_licensed)} licensed"
        yield Statement(f"{name} is over-allocated: {figures}. It takes nobody new.", "stop")
    if p.license_state == "expired":
        yield Statement(f"{name} expired on {day(p.ends_at)}{suspension(p)}.", "stop")
    if p.license_state == "grace":
        yield Statement(f"{name} is in its grace period: people keep their seats, nobody new is seated.", "care")
    if p.waitlisted:
        verb = "waits" if p.waitlisted == 1 else "wait"
        yield Statement(f"{people(p.waitlisted)} {verb} for a seat of {name}.", "care")
    if p.over_capacity:
        yield Statement(f"{name} holds {seats(p.over_capacity)} over its capacity, as its overage allows.", "care")


def suspension(p: ProductFigures) -> str:
    if not p.suspended:
        return ""
    return f"; {seats(p.suspended)} {'is' if p.suspended == 1 else 'are'} suspended"


def endings(products: Sequence[ProductFigures], at: datetime) -> Iterable[Statement]:
    """One sentence for each day on which licenses end, however many end on it."""
    by_day: dict[str, list[str]] = {}
    when: dict[str, str] = {}
    for p in products:
        if p.license_state == "expiring" and p.ends_at:
            by_day.setdefault(day(p.ends_at), []).append(product_name(p.product, p.name))
            when.setdefault(day(p.ends_at), in_days(p.ends_at, at))
    for date, names in by_day.items():
        yield Statement(f"{listed(names)} {'ends' if len(names) == 1 else 'end'} {when[date]}, on {date}.", "care")
