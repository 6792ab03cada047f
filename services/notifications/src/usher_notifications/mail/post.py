"""The post: hands mails to the SMTP server over one connection, and says what became of each."""

from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from enum import Enum, auto
from typing import Self
from urllib.parse import unquote, urlsplit

import structlog
from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientsRefused, SMTPResponseException

TIMEOUT_SECONDS = 10.0
PERMANENT = range(500, 600)

log = structlog.get_logger()


class Outcome(Enum):
    """What the server did with a mail."""

    TAKEN = auto()
    REFUSED = auto()
    BUSY = auto()
    AWAY = auto()


class Post:
    """One connection to the server; opened when the first mail is handed over."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        tls = parts.scheme == "smtps"
        self._server = SMTP(
            hostname=parts.hostname or "127.0.0.1",
            port=parts.port or (465 if tls else 25),
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=tls,
            start_tls=False if tls else None,
            timeout=TIMEOUT_SECONDS,
        )
        self._is_away = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server.is_connected:
            with suppress(SMTPException, OSError):
                await self._server.quit()

    async def hand_over(self, mail: EmailMessage) -> Outcome:
        """Send one mail. Once the server is away it stays so for this connection: the others need not wait for it."""
        if self._is_away:
            return Outcome.AWAY
        try:
            if not self._server.is_connected:
                await self._server.connect()
            await self._server.send_message(mail)
        except SMTPRecipientsRefused as error:
            return outcome_of([one.code for one in error.recipients])
        except SMTPDataError as error:
            return outcome_of([error.code])
        except (SMTPException, OSError) as error:
            self._is_away = True
            code = error.code if isinstance(error, SMTPResponseException) else None
            log.warning("smtp.away", error=type(error).__name__, code=code)
            return Outcome.AWAY
        return Outcome.TAKEN


def outcome_of(codes: Sequence[int]) -> Outcome:
    """A mail that its recipient's server will never take, or may take later."""
    return Outcome.REFUSED if all(code in PERMANENT for code in codes) else Outcome.BUSY
