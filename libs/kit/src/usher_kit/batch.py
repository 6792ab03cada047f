"""A batch: messages that wait to be applied together, as a value apart from the loop that applies it."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from usher_contracts.topology import BATCH_CONTENT_TYPE
from usher_kit.wire import Message, Read, Refused

ENOUGH = 20
"""Messages that make a batch worth its transaction."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that was delivered, with the future that its handler awaits."""

    message: Message
    delivery: Any
    done: "asyncio.Future[None]"


@dataclass(frozen=True, slots=True)
class Linger:
    """How long the first message of a batch waits for others, so that what one change causes is applied together.

    Nobody waits for what a service lingers over, and a lingering service leaves the processors to who is waited for.
    """

    seconds: float = 0.0
    urgent: frozenset[str] = frozenset()
    """Routing keys of what is never lingered over, nor anything that waits before it."""

    def is_over(self, message: Message, waiting: int) -> bool:
        """Whether this message, with which so many wait, is applied at once: many come together without waiting."""
        is_many = message.content_type == BATCH_CONTENT_TYPE or waiting >= ENOUGH
        return not self.seconds or is_many or message.routing_key in self.urgent


AT_ONCE = Linger()


@dataclass(frozen=True, slots=True)
class Drained:
    """What one transaction applies: facts or commands, refusals, and the messages that they came in."""

    events: Sequence[Any]
    refused: Sequence[Refused]
    messages: Sequence[Waiting]


@dataclass(slots=True)
class Batch:
    """Messages in the order of their delivery. It is ready as soon as it holds one."""

    max_facts: int
    read: Read
    _waiting: deque[Waiting] = field(default_factory=deque)

    def add(self, waiting: Waiting) -> None:
        self._waiting.append(waiting)

    def __len__(self) -> int:
        return len(self._waiting)

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
