"""One call to a service: with whose token, and in which ways it may not answer."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias

import httpx2

from usher_cli.failure import Failure

Json: TypeAlias = dict[str, Any]
"""An answer as the API gave it: commands print it unchanged, and read of it what they show."""

PAGE = 500
TIMEOUT_SECONDS = 60.0
SHOWN_ERRORS = 3

HINTS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "Set USHER_TOKEN to a valid token, or unset it to use the credentials in .usher/env.",
    HTTPStatus.FORBIDDEN: "Use a token of somebody who may: `usher token --role …` makes one.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Try again in a moment; `usher status` shows what is down.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "`usher trace` with the trace id shows what happened.",
}


class AwayError(Failure):
    """The service does not answer at all."""


class RefusedError(Failure):
    """The service answered with a problem document, whose text this is; `status` is its HTTP status."""

    def __init__(self, service: str, status: int, problem: Json) -> None:
        super().__init__(told(service, status, problem))
        self.status = status
        self.problem = problem


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """Calls one service. `token` is asked for at each call; one that gives none sends none."""

    service: str
    url: str
    http: httpx2.Client
    token: Callable[[], str | None]

    def get(self, path: str, **query: Any) -> Json:
        """The answer at `path`; query values of None are left out. Raises AwayError or RefusedError."""
        answer: Json = self.send("GET", path, params=without_none(query)).json()
        return answer

    def post(self, path: str, body: Any, **headers: str) -> Json:
        """The answer to a POST of JSON. Raises as `get` does."""
        answer: Json = self.send("POST", path, json=body, headers=headers).json()
        return answer

    def put(self, path: str, body: Any, **headers: str) -> Json:
        """The answer to a PUT of JSON. Raises as `get` does."""
        answer: Json = self.send("PUT", path, json=body, headers=headers).json()
        return answer

    def pages(self, path: str, **query: Any) -> Iterator[Json]:
        """Every page of a list, by its cursor. Raises as `get` does."""
        cursor: str | None = None
        while True:
            page = self.get(path, **{**query, "cursor": cursor or query.get("cursor")})
            yield page
            cursor = page.get("next_cursor")
            if cursor is None:
                return

    def listed(self, path: str, *, every: bool = False, **query: Any) -> Json:
        """One page of a list, or `every` page as one, in the API's own form `{items, next_cursor}`."""
        if not every:
            return self.get(path, **query)
        items = [item for page in self.pages(path, **{**query, "limit": PAGE}) for item in page["items"]]
        return {"items": items, "next_cursor": None}

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **request: Any
    ) -> httpx2.Response:
        """The service's answer to any request. Raises AwayError, or RefusedError for every status that is not 2xx."""
        asked = {**self._authorization(), **(headers or {})}
        with self._asking():
            response = self.http.request(method, f"{self.url}{path}", headers=asked, **request)
        if not response.is_success:
            raise RefusedError(self.service, response.status_code, problem_of(response))
        return response

    def download(self, path: str, file: Path) -> None:
        """Write the answer at `path` to a file as it comes. Raises as `get` does."""
        with self._asking(), self.http.stream("GET", f"{self.url}{path}", headers=self._authorization()) as response:
            if not response.is_success:
                response.read()
                raise RefusedError(self.service, response.status_code, problem_of(response))
            with file.open("wb") as target:
                target.writelines(response.iter_bytes())

    def _authorization(self) -> dict[str, str]:
        token = self.token()
        return {"authorization": f"Bearer {token}"} if token else {}

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except httpx2.HTTPError as error:
            raise AwayError(
                f"{self.service} does not answer at {self.url} ({type(error).__name__}). "
                "`usher status` shows what runs, `usher up` starts it."
            ) from error


def new_trace_id() -> str:
    """A trace id for a call that is to be followed afterwards."""
    return secrets.token_hex(16)


def traceparent(trace_id: str) -> str:
    """The header that makes a call part of a trace, recorded all the way (W3C Trace Context)."""
    return f"00-{trace_id}-{secrets.token_hex(8)}-01"


def without_none(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def problem_of(response: httpx2.Response) -> Json:
    """The problem document of an answer; one made of its status where it carries none."""
    try:
        document = response.json()
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {"title": response.reason_phrase, "status": response.status_code}


def told(service: str, status: int, problem: Json) -> str:
    """A problem document as one paragraph: what was wrong, where, the trace to follow and what to do."""
    said = problem.get("detail") or problem.get("title") or problem.get("error_description") or problem.get("error")
    errors = [f"{one['pointer']}: {one['detail']}" for one in problem.get("errors") or [] if one["detail"] != said]
    where = errors[:SHOWN_ERRORS]
    trace = f"Trace {problem['trace_id']}." if problem.get("trace_id") else ""
    sentences = [f"{service} answered {status}: {said}", *where, trace, HINTS.get(status, "")]
    return " ".join(sentence for sentence in sentences if sentence)
