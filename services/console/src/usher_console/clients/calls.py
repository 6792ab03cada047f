"""One call to a service: on whose behalf, how long it may take, and in which ways it may not answer."""

from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2
import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

log = structlog.get_logger()

NO_LONGER_SIGNED_IN = 401
NOT_FOUND = 404
SERVER_ERRORS = 500


class Answer(BaseModel):
    """A service's answer, as far as the console shows it. Unknown fields are ignored, so that services can grow."""

    model_config = ConfigDict(frozen=True, extra="ignore")


A = TypeVar("A", bound=Answer)
T = TypeVar("T")


class AwayError(Exception):
    """The service does not answer, or not in a way that can be read: what it knows is missing for now."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} is not answering")
        self.service = service


class RefusedError(Exception):
    """The service answered that it will not: `status` and its own words, fit to be shown."""

    def __init__(self, service: str, status: int, detail: str) -> None:
        super().__init__(f"{service} answered {status}: {detail}")
        self.status = status
        self.detail = detail


class SignedOutError(RefusedError):
    """The access token is no longer accepted: the person signs in again."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Stands where figures would, when their service is away."""

    service: str


@dataclass(frozen=True, slots=True)
class ServiceClient:
    """Calls one service on behalf of the person whose access token is given."""

    service: str
    http: httpx2.AsyncClient

    async def get(self, path: str, token: str | None, answer: type[A], **query: Any) -> A:
        """The answer at `path`; as nobody in particular without a token.

        Raises AwayError, RefusedError or SignedOutError.
        """
        params = {name: value if isinstance(value, list) else str(value) for name, value in query.items() if value}
        return await self._call("GET", path, token, answer, params=params)

    async def put(self, path: str, token: str, answer: type[A], body: Mapping[str, Any], *, version: int) -> A:
        """The answer to a write of what had `version`. Raises as `get` does."""
        return await self._call("PUT", path, token, answer, json=dict(body), headers={"if-match": f'"{version}"'})

    async def post(self, path: str, token: str | None, answer: type[A], body: Mapping[str, Any] | None = None) -> A:
        """The answer to an act, which may need no words. Raises as `get` does."""
        return await self._call("POST", path, token, answer, **({"json": dict(body)} if body else {}))

    async def stream(self, path: str, token: str) -> tuple[Mapping[str, str], AsyncIterator[bytes]]:
        """The headers of the answer at `path`, and what is in it as it comes. Raises as `get` does."""
        asked = self.http.build_request("GET", path, headers={"authorization": f"Bearer {token}"})
        try:
            response = await self.http.send(asked, stream=True)
            if not response.is_success:
                await response.aread()
        except httpx2.HTTPError as error:
            log.warning("service.away", service=self.service, error=type(error).__name__)
            raise AwayError(self.service) from error
        if not response.is_success:
            raise self._refusal(response)
        return response.headers, content_of(response)

    async def _call(self, method: str, path: str, token: str | None, answer: type[A], **request: Any) -> A:
        authorization = {"authorization": f"Bearer {token}"} if token else {}
        headers = {**authorization, **request.pop("headers", {})}
        try:
            response = await self.http.request(method, path, headers=headers, **request)
        except httpx2.HTTPError as error:
            log.warning("service.away", service=self.service, error=type(error).__name__)
            raise AwayError(self.service) from error
        if response.is_success:
            return self._read(response, answer)
        raise self._refusal(response)

    def _read(self, response: httpx2.Response, answer: type[A]) -> A:
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as error:
            places = [".".join(map(str, one["loc"])) for one in error.errors(include_input=False)]
            log.warning("service.unreadable", service=self.service, answer=answer.__name__, places=places[:5])
            raise AwayError(self.service) from error

    def _refusal(self, response: httpx2.Response) -> AwayError | RefusedError:
        status = response.status_code
        if status >= SERVER_ERRORS:
            log.warning("service.away", service=self.service, status=status)
            return AwayError(self.service)
        kind = SignedOutError if status == NO_LONGER_SIGNED_IN else RefusedError
        return kind(self.service, status, detail_of(response))


async def content_of(response: httpx2.Response) -> AsyncIterator[bytes]:
    """What is in an answer, which is closed in the end."""
    try:
        async for chunk in response.aiter_bytes():
            yield chunk
    finally:
        await response.aclose()


def detail_of(response: httpx2.Response) -> str:
    """What the problem document says was wrong; the status' name where it says nothing."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    detail = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
    return str(detail or response.reason_phrase)


async def or_missing(call: Awaitable[T]) -> T | Missing:
    """What was asked, or a mark that its service is away: for what a page can do without."""
    try:
        return await call
    except AwayError as error:
        return Missing(error.service)
