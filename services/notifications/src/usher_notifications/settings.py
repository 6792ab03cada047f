"""Notifications' settings: the mail server, who mails come from, where their links lead, and who signs them."""

from pydantic import Field, SecretStr

from usher_kit.links import SECRET_CHARACTERS
from usher_kit.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    smtp_url: str = "smtp://127.0.0.1:1025"
    """`smtp://[user:password@]host[:port]`, with STARTTLS where the server offers it; `smtps://` for TLS throughout."""
    mail_from: str = "Usher <usher@localhost>"
    console_url: str = "http://127.0.0.1:8000"
    link_secret: SecretStr = Field(min_length=SECRET_CHARACTERS)
    """Signs the links of mails; the same as usage's, which reads them."""
