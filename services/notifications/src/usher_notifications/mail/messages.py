"""Messages: letters as mail, with the headers that keep mail programs and their owners content."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr

from usher_notifications.domain.deliveries import Letter
from usher_notifications.mail.letters import Words


def compose(letter: Letter, words: Words, sender: str, at: datetime) -> EmailMessage:
    """The mail of a letter. Its Message-ID is the delivery's id, so that one which is sent twice is known as one.

    Raises ValueError for an address that no mail can go to.
    """
    domain = parseaddr(sender)[1].rpartition("@")[2]
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = to_address(letter.recipient.name, letter.address)
    mail["Subject"] = words.subject
    mail["Date"] = format_datetime(at)
    mail["Message-ID"] = f"<{letter.delivery.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Usher-Notice"] = letter.delivery.kind
    mail.set_content(words.text)
    mail.add_alternative(words.html, subtype="html")
    return mail


def to_address(name: str, address: str) -> Address:
    """A recipient's address. Raises ValueError where it is none: a name may be anything, an address may not."""
    local, at, domain = address.rpartition("@")
    if not (at and local and domain and address.isascii() and address.isprintable() and " " not in address):
        raise ValueError("not an address that mail can be sent to")
    return Address(" ".join(name.split()), username=local, domain=domain)
