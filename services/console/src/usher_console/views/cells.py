"""Cells of reports: how each value of a row reads, and where it leads."""

from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias

from usher_console.views.wording import (
    LICENSE_STATES,
    NOTHING,
    SEAT_STATES,
    Badge,
    acted_by,
    count,
    day,
    moment,
    percent,
    product_name,
    spelled,
)

Row: TypeAlias = Mapping[str, Any]
"""A row of a report, as reporting answers it."""

ACTIVITIES = {
    "active": Badge("Active", "good"),
    "warned": Badge("Warned", "care"),
    "inactive": Badge("Inactive", "care"),
    "never_used": Badge("Never used", "stop"),
    "unknown": Badge("Unknown"),
}
STANDINGS = {
    "compliant": Badge("Compliant", "good"),
    "at_risk": Badge("At risk", "care"),
    "non_compliant": Badge("Non-compliant", "stop"),
}
OUTCOMES = {"done": Badge("Done", "good"), "refused": Badge("Refused", "stop")}
HOUR, DAY = 3_600, 86_400


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell: text that may lead somewhere, a badge in its place, or several lines."""

    text: str = NOTHING
    href: str = ""
    badge: Badge | None = None
    lines: tuple[str, ...] = ()


Show: TypeAlias = Callable[[Row], Cell]


def person(row: Row) -> Cell:
    """Who it is, by name; an id alone before their name arrived."""
    return Cell(row.get("display_name") or "Unnamed", f"/users/{row['user_id']}")


def actor(row: Row) -> Cell:
    return Cell(*acted_by(row["actor"]))


def seat(row: Row) -> Cell:
    """The product, leading to the seat's whole history."""
    return Cell(product_name(row["product"]), f"/users/{row['user_id']}/seats/{row['product']}")


def finding(row: Row) -> Cell:
    """Each finding with its figures and what to do about it."""
    told = (f"{spelled(one['code'])} ({figures(one['figures'])}): {one['act']}" for one in row["findings"])
    return Cell(lines=tuple(told))


def figures(found: Row) -> str:
    return ", ".join(f"{spelled(name).lower()} {value}" for name, value in found.items())


def runs_out(row: Row) -> Cell:
    """The day on which seats run out as expected, and between which days it may be."""
    on, earliest, latest = (row[f"runs_out_{which}on"] for which in ("", "earliest_", "latest_"))
    if earliest is None:
        return Cell("Not in that time")
    if on == earliest == latest:
        return Cell(written(on))
    expected = f"{written(on)}, as expected" if on else "Not, as expected"
    return Cell(
        lines=(
            expected,
            f"{written(earliest)} at the earliest",
            f"{written(latest)} at the latest" if latest else "or not",
        )
    )


def written(on: str) -> str:
    return day(datetime.fromisoformat(on))


def errors(row: Row) -> Cell:
    """How wrong the forecast would have been in the past, beside plainer guesses."""
    if not row["backtest"]:
        return Cell(row["note"] or NOTHING)
    past = row["backtest"]
    told = (f"{spelled(one['model'])}: {one['mean_error']:.1f} seats" for one in past["errors"])
    return Cell(lines=(*told, f"{past['weeks_ahead']} weeks ahead, tried {past['origins']} times"))


def product(row: Row) -> Cell:
    return Cell(product_name(row["product"]) if row["product"] else NOTHING)


def text(name: str) -> Show:
    return lambda row: Cell(str(row[name]) if row.get(name) not in (None, "") else NOTHING)


def word(name: str) -> Show:
    return lambda row: Cell(spelled(row[name]) if row.get(name) else NOTHING)


def number(name: str) -> Show:
    return lambda row: Cell(count(row.get(name)))


def share(name: str) -> Show:
    return lambda row: Cell(percent(row.get(name)))


def time(name: str) -> Show:
    return lambda row: Cell(moment(datetime.fromisoformat(row[name])) if row.get(name) else NOTHING)


def date_of(name: str) -> Show:
    """A day, of a date or of a point in time."""
    return lambda row: Cell(day(datetime.fromisoformat(row[name])) if row.get(name) else NOTHING)


def period(row: Row) -> Cell:
    """A month by its name where it is whole, else its first and last day."""
    first, last = date.fromisoformat(row["since"]), date.fromisoformat(row["until"])
    if first.day == 1 and last == first.replace(day=monthrange(first.year, first.month)[1]):
        return Cell(f"{first:%B %Y}")
    return Cell(f"{first.day} {first:%b} \N{EN DASH} {last.day} {last:%b %Y}")


def within(name: str) -> Show:
    """A length of time, in the largest unit that says something."""

    def show(row: Row) -> Cell:
        seconds = row.get(name)
        if seconds is None:
            return Cell()
        if seconds >= DAY:
            return Cell(f"{seconds / DAY:.1f} days")
        return Cell(f"{seconds / HOUR:.1f} hours" if seconds >= HOUR else f"{seconds / 60:.0f} minutes")

    return show


def badge(name: str, known: Mapping[str, Badge]) -> Show:
    return lambda row: Cell(badge=known.get(row[name], Badge(spelled(row[name]))) if row.get(name) else None)


state = badge("state", SEAT_STATES)
license_state = badge("state", LICENSE_STATES)
activity = badge("activity", ACTIVITIES)
standing = badge("status", STANDINGS)
outcome = badge("outcome", OUTCOMES)
