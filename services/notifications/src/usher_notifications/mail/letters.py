"""Letters: notices in words, as plain text and as HTML, with links to the console."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from usher_notifications.domain.deliveries import Letter
from usher_notifications.domain.notices import Kind, LicenseEnding, Notice, WaitlistDigest, Waitlisted

SUBJECTS: Mapping[Kind, str] = {
    Kind.WAITLISTED: "You are on the waiting list for {{ notice.product | product }}",
    Kind.WAITLIST_DIGEST: "{{ notice.people }} {{ 'person waits' if notice.people == 1 else 'people wait' }}"
    " for a seat at {{ notice.organization }}",
    Kind.LICENSE_ENDING: "The {{ notice.product | product }} license of {{ notice.organization }} ends"
    " {{ notice.days_left(at) | in_days }}",
}

AUDIENCES: Mapping[Kind, str] = {
    Kind.WAITLISTED: "the person who waits",
    Kind.WAITLIST_DIGEST: "the administrators of the organization and of those above it",
    Kind.LICENSE_ENDING: "system administrators, and the administrators of the organization and of those above it",
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


def link_of(notice: Notice, recipient: UUID, console_url: str) -> str:
    """The page of the console where the recipient sees more."""
    base = console_url.rstrip("/")
    match notice:
        case Waitlisted():
            return f"{base}/users/{recipient}"
        case WaitlistDigest() | LicenseEnding():
            return f"{base}/licenses?org_id={notice.org_id}"


ENVIRONMENT = Environment(
    loader=PackageLoader("usher_notifications"),
    autoescape=select_autoescape(default_for_string=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.filters.update(product=product_name, day=day, in_days=in_days)


def write(letter: Letter, console_url: str, at: datetime) -> Words:
    """The words of a letter at `at`."""
    kind, notice = letter.delivery.kind, letter.notice
    shown = {
        "notice": notice,
        "name": letter.recipient.name,
        "link": link_of(notice, letter.recipient.id, console_url),
        "at": at,
    }
    subject = ENVIRONMENT.from_string(SUBJECTS[kind]).render(shown)
    text, html = (
        ENVIRONMENT.get_template(f"{kind}.{form}").render(subject=subject, **shown) for form in ("txt", "html")
    )
    return Words(" ".join(subject.split()), text, html)
