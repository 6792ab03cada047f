"""A browser that meets the system while Redis is away: what is kept there may be lost, and nothing else stops."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

import httpx2

WRONG = {"user_name": "nobody", "password": "not the right one"}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody on the way to sign in: `sign_in` is the address that the console sent them to."""

    browser: httpx2.Client
    sign_in: str

    @classmethod
    def come(cls, browser: httpx2.Client) -> "Visitor":
        """Begin to sign in at the console, which is `browser`'s base address; the session for it is in Redis."""
        answer = browser.get("/sign-in")
        assert answer.has_redirect_location, answer
        return cls(browser, answer.headers["location"])

    def find_amiss(self) -> Iterator[str]:
        """What is not as it must be while nobody can look up a session (architecture: The way of a message)."""
        page = self.browser.get("/licenses")
        if page.status_code != HTTPStatus.SERVICE_UNAVAILABLE:
            yield f"without Redis the console knows a session: it answered {page.status_code}, not 503"
        # The throttle fails open: a wrong password is told to be one, neither refused for now nor taken.
        tried = self.browser.post(self.sign_in, data=WRONG)
        if tried.status_code != HTTPStatus.UNAUTHORIZED:
            yield f"without Redis identity cannot judge a password: it answered {tried.status_code}, not 401"
