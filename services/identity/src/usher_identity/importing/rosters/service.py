"""One roster service: its token, its pages, and patience with it (OneRoster 1.2, Rostering REST; OAuth 2)."""

import asyncio
import random
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import httpx
import orjson

from usher_identity.domain.rosters import Roster
from usher_kit.errors import Invalid
from usher_kit.outbound.fetching import NotFetched, Outbound
from usher_kit.telemetry import names

PATH = "/ims/oneroster/rostering/v1p2"
TRIES = 6
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 10.0
"""Longer waits are not sat out: the job is left until then."""
MOST_BYTES = 32 * 1024**2
PAGE_SECONDS = 60.0
SHOWN = 200

AGAIN = frozenset({429, 500, 502, 503, 504})
NEXT_LINK = re.compile(r"<([^<>]*)>[^,<]*;\s*rel=\"?next\"?", re.IGNORECASE)


class RosterFailure(Exception):
    """A service that cannot be read: a stable code, and why in words."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Postponed(Exception):
    """A service that asks for time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it asks for {seconds:.0f} seconds")
        self.seconds = seconds


class Rejected(Exception):
    """A request that the service does not take, by status."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status
        self.said = said


@dataclass(frozen=True, slots=True)
class Answer:
    """A collection's rows in one answer, and what it says of the others."""

    items: list[Any]
    total: int | None
    next_offset: int | None
    next_url: str | None


class RosterService:
    """Reads from one service, with one token at a time."""

    def __init__(self, roster: Roster, secret: str, outbound: Outbound) -> None:
        self._roster = roster
        self._secret = secret
        self._outbound = outbound
        self._token: str | None = None

    async def page(self, collection: str, params: Mapping[str, str], url: str | None = None) -> Answer:
        """One page: by parameters, or at the address that the one before named.

        Raises Rejected, Postponed, or RosterFailure once patience is over.
        """
        address = url or f"{base_of(self._roster.url)}/{collection}"
        said, is_renewed = "nothing", False
        for attempt in range(TRIES):
            try:
                answer = await self._get(address, params if url is None else {})
            except NotFetched as lost:
                said, wait = lost.detail, None
            else:
                if answer.status_code == httpx.codes.OK:
                    if found := self._read(collection, address, answer):
                        names.ROSTER_ANSWERS.labels("read").inc()
                        return found
                    said, wait = f"what is no answer of OneRoster's for {collection}", None
                elif answer.status_code in AGAIN:
                    said, wait = told(answer), retry_after(answer)
                elif answer.status_code == httpx.codes.UNAUTHORIZED and not is_renewed:
                    self._token, is_renewed, said, wait = None, True, told(answer), 0.0
                else:
                    raise Rejected(answer.status_code, told(answer))
            names.ROSTER_ANSWERS.labels("tried_again").inc()
            await pause(wait, attempt)
        raise RosterFailure("roster_unreachable", f"the service gave no answer that could be taken, but {said}")

    async def _get(self, address: str, params: Mapping[str, str]) -> httpx.Response:
        if self._token is None:
            self._token = await self._ask_token()
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        return await self._fetch(address, params=params, headers=headers, seconds=PAGE_SECONDS, most_bytes=MOST_BYTES)

    async def _ask_token(self) -> str:
        """Raises NotFetched where it may be had later, RosterFailure where it may not."""
        named = f"{quote(self._roster.client_id, safe='')}:{quote(self._secret, safe='')}"
        headers = {"Authorization": f"Basic {b64encode(named.encode()).decode()}", "Accept": "application/json"}
        form = {"grant_type": "client_credentials", "scope": self._roster.scope}
        answer = await self._fetch(self._roster.token_url, method="POST", form=form, headers=headers)
        if answer.status_code in AGAIN:
            raise NotFetched(f"the token's address answered {answer.status_code}")
        try:
            token = orjson.loads(answer.content)["access_token"] if answer.is_success else None
        except (orjson.JSONDecodeError, KeyError, TypeError):
            token = None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise RosterFailure("no_token", f"the service gives this client no token: it answered {told(answer)}")
        return token

    async def _fetch(self, url: str, **request: Any) -> httpx.Response:
        try:
            return await self._outbound.fetch(url, **request)
        except Invalid as refused:
            raise RosterFailure("address_refused", refused.detail) from refused

    def _read(self, collection: str, address: str, answer: httpx.Response) -> Answer | None:
        """None for what is no answer of this kind, as one that was cut short."""
        try:
            items = orjson.loads(answer.content)[collection]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return None
        if not isinstance(items, list):
            return None
        total = answer.headers.get("x-total-count", "")
        following = NEXT_LINK.search(answer.headers.get("link", ""))
        next_url = urljoin(address, following[1]) if following else None
        if next_url and origin(next_url) != origin(self._roster.url):
            raise RosterFailure("leads_elsewhere", "the next page is said to be on another host; no token goes there")
        offset = parse_qs(urlsplit(next_url).query).get("offset", [""])[0] if next_url else ""
        return Answer(
            items,
            int(total) if total.isascii() and total.isdigit() and len(total) < 16 else None,  # noqa: PLR2004
            int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 16 else None,  # noqa: PLR2004
            next_url,
        )


def base_of(url: str) -> str:
    """Where the collections are: the service's address with the standard's path, unless it has one."""
    return url.rstrip("/") if "/ims/oneroster/" in url else url.rstrip("/") + PATH


def origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return (parts.scheme.lower(), parts.netloc.lower())


async def pause(wait: float | None, attempt: int) -> None:
    """Wait as long as the service asks, or longer each time. Raises Postponed for what is too long to sit out."""
    longest = FIRST_WAIT_SECONDS * 2**attempt
    seconds = random.uniform(longest / 2, longest) if wait is None else wait  # noqa: S311 (jitter, no secret)
    if seconds > LONGEST_WAIT_SECONDS:
        raise Postponed(seconds)
    await asyncio.sleep(seconds)


def retry_after(answer: httpx.Response) -> float | None:
    """The seconds that the service asks for, at most a day; None where it does not say."""
    written = answer.headers.get("retry-after", "").strip()
    if written.isascii() and written.isdigit():
        return float(min(int(written[:9]), 86_400))
    try:
        at = parsedate_to_datetime(written)
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max(0.0, (at - datetime.now(UTC)).total_seconds()), 86_400.0)


def told(answer: httpx.Response) -> str:
    """What a service says of a failure, as OneRoster has it: in few printable characters."""
    try:
        body = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        body = {}
    said = ""
    if isinstance(body, dict):
        said = str(body.get("imsx_description") or body.get("error_description") or body.get("error") or "")
    words = "".join(one if one.isprintable() else " " for one in said)[:SHOWN]
    return f"status {answer.status_code}" + (f" ({words})" if words else "")
