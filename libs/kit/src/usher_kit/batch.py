"""A batch: messages that wait to be applied together, as a value apart from the loop that applies it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from usher_kit.wire import Message, Read, Refused


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that was delivered, with the future that its handler awaits."""

    message: Message
    delivery: Any
    done: "asyncio.Future[None]"


@dataclass(frozen=True, slots=True)
class Drained:
    """What one transaction applies: facts or commands, refusals, and the messages that they came in."""

    events: Sequence[Any]
    refused: Sequence[Refused]
    messages: Sequence[Waiting]


@dataclass(slots=True)
class Batch:
    """Messages in the order of their delivery. It is ready as soon as it holds one: nothing waits to become a batch."""

    max_facts: int
    read: Read
    _waiting: deque[Waiting] = field(default_factory=deque)

    def add(self, waiting: Waiting) -> None:
        self._waiting.append(waiting)

    @property
    def is_ready(self) -> bool:
        return bool(self._waiting)

    def drain(self) -> Drained:
        """Take messages until their facts fill a transaction; the last one is taken whole."""
        events: list[Any] = []
        refused: list[Refused] = []
        messages: list[Waiting] = []
        while self._waiting and len(events) < self.max_facts:
            waiting = self._waiting.popleft()
            messages.append(waiting)
            taken, bad = self.read(waiting.message)
            events.extend(taken)
            refused.extend(bad)
        return Drained(events, refused, messages)

    def abandon(self) -> list[Waiting]:
        """Give up what waits: unacknowledged, it goes back to the queue when the channel closes."""
        given_up = list(self._waiting)
        self._waiting.clear()
        return given_up
