"""Writes over HTTP that are sent until they are answered: one Idempotency-Key an act, however often it is sent."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from usher_cli.clients.calls import AwayError, Json, RefusedError
from usher_cli.clients.session import Session
from usher_cli.failure import Failure

PATIENCE_SECONDS = 120.0
"""How long one act is sent again and again before it counts as never answered."""

PAUSE_SECONDS = 0.15
ANSWER_LOST = "This was done before, but its answer was not kept"
BESIDE = "was done at the same time"


@dataclass(slots=True)
class Tally:
    """What became of all acts; several threads count."""

    acknowledged: int = 0
    """Acts that HTTP answered with 2xx."""
    unanswered: int = 0
    """Acts that were done, as a later try was told, but whose answer was lost with the process that did them."""
    sent_again: int = 0
    failures: list[str] = field(default_factory=list)
    """Acts that were refused, or never answered: there are to be none."""
    is_over: bool = False
    """Whether the run is: nothing is sent again any more."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, **more: int) -> None:
        with self._lock:
            for name, value in more.items():
                setattr(self, name, getattr(self, name) + value)

    def fail(self, what: str) -> None:
        with self._lock:
            self.failures.append(what)


@dataclass(frozen=True, slots=True)
class Caller:
    """Acts as a system administrator, from one thread."""

    session: Session
    tally: Tally

    def write(
        self, service: str, method: str, path: str, key: str, *, until_found: bool = False, **request: Any
    ) -> Json | None:
        """The answer to an act; None where it was done and the answer was lost.

        `until_found` sends again what names something that the service may not have heard of yet. Raises Failure for
        an act that is refused, or that is not answered in time; the tally has it then.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        headers = {"Idempotency-Key": key}
        while True:
            try:
                answer: Json = self.session.service(service).send(method, path, headers=headers, **request).json()
            except (AwayError, RefusedError) as error:
                if is_done(error):
                    self.tally.count(unanswered=1)
                    return None
                passes = is_passing(error) or (until_found and getattr(error, "status", 0) == HTTPStatus.NOT_FOUND)
                if not passes or self.tally.is_over or time.monotonic() > deadline:
                    self.tally.fail(f"{method} {path} ({key}): {error}")
                    raise
                self.tally.count(sent_again=1)
                time.sleep(PAUSE_SECONDS)
            else:
                self.tally.count(acknowledged=1)
                return answer

    def read(self, service: str, path: str, **query: Any) -> Json:
        """The answer to a question, asked until it is answered."""
        return self.ask(lambda: self.session.service(service).get(path, **query))

    def read_all(self, service: str, path: str, **query: Any) -> list[Json]:
        """All items of a list."""
        items: list[Json] = self.ask(lambda: self.session.service(service).listed(path, every=True, **query))["items"]
        return items

    def ask(self, question: Callable[[], Json]) -> Json:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return question()
            except (AwayError, RefusedError) as error:
                if not is_passing(error) or self.tally.is_over or time.monotonic() > deadline:
                    raise
                time.sleep(PAUSE_SECONDS)


def is_done(error: Failure) -> bool:
    """Whether the act was done at an earlier try."""
    return isinstance(error, RefusedError) and error.status == HTTPStatus.CONFLICT and ANSWER_LOST in detail_of(error)


def is_passing(error: Failure) -> bool:
    """Whether to send the same again: nobody answered, a server is away, or an earlier try is still being done.

    A 500 is a finding: an outage is to be told as what it is.
    """
    if isinstance(error, RefusedError):
        beside = error.status == HTTPStatus.CONFLICT and BESIDE in detail_of(error)
        return beside or error.status == HTTPStatus.SERVICE_UNAVAILABLE
    return isinstance(error, AwayError)


def detail_of(error: RefusedError) -> str:
    problem: Mapping[str, Any] = error.problem
    return str(problem.get("detail", ""))
