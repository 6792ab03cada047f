"""Letters: notices in words, as plain text and as HTML, with links to the console."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from pydantic import SecretStr

from usher_kit.links import SeatLink, sign
from usher_notifications.domain.deliveries import Letter
from usher_notifications.domain.notices import (
    ChangesHeld,
    ExportReady,
    Kind,
    LicenseAnswered,
    LicenseEnding,
    LicenseRequested,
    ReclaimWarning,
    TransferAnswered,
    TransferAsked,
    WaitlistDigest,
    Waitlisted,
)

GOOD_AFTER = timedelta(days=7)
"""How long after the reclaim was due a link to keep the seat is read: it may have been put off meanwhile."""

SUBJECTS: Mapping[Kind, str] = {
    Kind.WAITLISTED: "You are on the waiting list for {{ notice.product | product }}",
    Kind.WAITLIST_DIGEST: "{{ notice.people }} {{ 'person waits' if notice.people == 1 else 'people wait' }}"
    " for a seat at {{ notice.organization }}",
    Kind.RECLAIM_WARNING: "Do you still need your {{ notice.product | product }} seat?",
    Kind.LICENSE_ENDING: "The {{ notice.product | product }} license of {{ notice.organization }} ends"
    " {{ notice.days_left(at) | in_days }}",
    Kind.LICENSE_REQUEST: "{{ notice.organization }} asks for {{ notice.seats | more_seats(notice.product) }}",
    Kind.LICENSE_ANSWER: "Your request for {{ notice.seats | more_seats(notice.product) }} was"
    " {{ 'granted' if notice.is_granted else 'declined' }}",
    Kind.CHANGES_HELD: "Changes to the people of {{ notice.organization }} wait for your decision",
    Kind.TRANSFER_ASKED: "Somebody asks for a transfer {{ 'to' if notice.is_coming else 'from' }}"
    " {{ notice.organization }}",
    Kind.TRANSFER_ANSWER: "The transfer that {{ notice.organization }} asked for was"
    " {{ 'approved' if notice.is_approved else 'rejected' }}",
    Kind.EXPORT_READY: "{{ notice.report | product }} of {{ notice.organization }} to download",
}

AUDIENCES: Mapping[Kind, str] = {
    Kind.WAITLISTED: "the person who waits",
    Kind.WAITLIST_DIGEST: "the administrators of the organization and of those above it",
    Kind.RECLAIM_WARNING: "the person who holds the seat",
    Kind.LICENSE_ENDING: "system administrators, and the administrators of the organization and of those above it",
    Kind.LICENSE_REQUEST: "system administrators, and the account representative",
    Kind.LICENSE_ANSWER: "the administrators of the organization that asked, and of those above it",
    Kind.CHANGES_HELD: "the administrators of the organization and of those above it, else system administrators",
    Kind.TRANSFER_ASKED: "the administrators of the organization that decides, and of those above it,"
    " else system administrators",
    Kind.TRANSFER_ANSWER: "the administrators of the organization that asked, and of those above it",
    Kind.EXPORT_READY: "those whom the schedule names, as far as they may read the report",
}


@dataclass(frozen=True, slots=True)
class Words:
    """A letter as it is read."""

    subject: str
    text: str
    html: str


def product_name(product: str) -> str:
    """A product as people call it: `learn` is Learn."""
    return product.replace("_", " ").replace("-", " ").capitalize()


def day(at: datetime, zone: tzinfo) -> str:
    """The day of `at` where the organization is: March 5, 2027."""
    local = at.astimezone(zone)
    return f"{local:%B} {local.day}, {local.year}"


def in_days(days: int) -> str:
    """How far ahead: `in 14 days`, `within a day`."""
    if days == 0:
        return "within a day"
    return f"in {days} day" if days == 1 else f"in {days} days"


def more_seats(seats: int, product: str) -> str:
    """So many further seats of a product, as people call it: `40 more Learn seats`."""
    return f"{seats:,} more {product_name(product)} {'seat' if seats == 1 else 'seats'}"


def link_of(letter: Letter, console_url: str, secret: SecretStr) -> str:
    """The page of the console where the recipient sees more, or does what the letter asks."""
    base, notice, delivery = console_url.rstrip("/"), letter.notice, letter.delivery
    match notice:
        case Waitlisted():
            return f"{base}/users/{letter.recipient.id}"
        case ReclaimWarning():
            link = SeatLink(delivery.tenant_id, delivery.recipient, notice.product)
            return f"{base}/keep/{sign(link, secret, notice.reclaim_due + GOOD_AFTER)}"
        case WaitlistDigest() | LicenseEnding() | LicenseRequested() | LicenseAnswered():
            return f"{base}/licenses?org_id={notice.org_id}"
        case ChangesHeld() | TransferAsked() | TransferAnswered():
            return f"{base}/users?org_id={notice.org_id}"
        case ExportReady():
            return f"{base}/exports/{notice.id}"


ENVIRONMENT = Environment(
    loader=PackageLoader("usher_notifications"),
    autoescape=select_autoescape(default_for_string=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters.update(product=product_name, day=day, in_days=in_days, more_seats=more_seats)


def write(letter: Letter, console_url: str, secret: SecretStr, at: datetime) -> Words:
    """The words of a letter at `at`."""
    kind, notice = letter.delivery.kind, letter.notice
    shown = {
        "notice": notice,
        "name": letter.recipient.name,
        "link": link_of(letter, console_url, secret),
        "at": at,
    }
    subject = ENVIRONMENT.from_string(SUBJECTS[kind]).render(shown)
    text, html = (
        ENVIRONMENT.get_template(f"{kind}.{form}").render(subject=subject, **shown) for form in ("txt", "html")
    )
    return Words(" ".join(subject.split()), text, html)
