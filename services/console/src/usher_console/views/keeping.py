"""The page behind a warning's link: what becomes of the seat, and whether there is something to keep."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from usher_console.clients.usage import KeptSeat
from usher_console.views.wording import PRODUCTS

UNNAMED = "your organization"


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the page says; `button` is empty where there is nothing to do on it."""

    title: str
    text: str
    button: str = ""


def keeping(seat: KeptSeat, at: datetime) -> Keeping:
    """The page about a seat at `at`."""
    product, where = product_name(seat.product), seat.organization or UNNAMED
    match seat.state:
        case "held":
            return keeping_held(seat, product, where, at)
        case "suspended":
            text = (
                f"The license of {where} has run out, so that nobody uses {product} just now. Your seat waits for it."
            )
            return Keeping("There is nothing to keep just now", text)
        case "reclaimed":
            text = (
                f"It was not used for a long time. Sign in to {product}: you get a seat again as soon as one is free."
            )
            return Keeping(f"Your {product} seat was taken back", text)
        case _:
            return Keeping(f"You hold no {product} seat", f"So there is none to keep at {where}.")


def keeping_held(seat: KeptSeat, product: str, where: str, at: datetime) -> Keeping:
    zone = zone_of(seat.time_zone)
    if seat.reclaim_due is not None:
        came = f"not signed in since {day(seat.last_login_at, zone)}" if seat.last_login_at else "not used it yet"
        text = (
            f"You hold a {product} seat of {where}, and have {came}. On {day(seat.reclaim_due, zone)} it will be taken"
            f" back, for somebody else to use. If you still need it, say so: nothing else is asked of you."
        )
        return Keeping(f"Do you still need your {product} seat?", text, button="Keep my seat")
    if seat.kept_until is not None and seat.kept_until > at:
        until = day(seat.kept_until, zone)
        text = f"It stays yours until {until} at least. Sign in to {product}, and it stays for longer."
        return Keeping(f"Your {product} seat is kept", text)
    return Keeping(f"Your {product} seat is yours", "Nobody is about to take it back. There is nothing to do.")


def product_name(product: str) -> str:
    return PRODUCTS[product][0] if product in PRODUCTS else product.replace("_", " ").replace("-", " ").capitalize()


def day(at: datetime, zone: tzinfo) -> str:
    """The day of `at` where the organization is: March 5, 2027."""
    local = at.astimezone(zone)
    return f"{local:%B} {local.day}, {local.year}"


def zone_of(name: str) -> tzinfo:
    """The time zone of that name; UTC for one that nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
