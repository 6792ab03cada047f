"""Notifications' settings: the mail server, who mails come from, where their links lead, and who signs them."""

from email.utils import parseaddr
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from usher_kit.links import SECRET_CHARACTERS
from usher_kit.settings import ServiceSettings


def with_an_address(contact: str) -> str:
    if contact and "@" not in parseaddr(contact)[1]:
        raise ValueError("a contact is written as Name <address>")
    return contact


class NotificationsSettings(ServiceSettings):
    smtp_url: str = "smtp://127.0.0.1:1025"
    """`smtp://[user:password@]host[:port]`, with STARTTLS where the server offers it; `smtps://` for TLS throughout."""
    mail_from: str = "Usher <usher@localhost>"
    account_representative: Annotated[str, AfterValidator(with_an_address)] = ""
    """`Name <address>` of who is told, beside system administrators, when more seats are asked for; none if empty."""
    console_url: str = "http://127.0.0.1:8000"
    link_secret: SecretStr = Field(min_length=SECRET_CHARACTERS)
    """Signs the links of mails; the same as usage's, which reads them."""
