"""What a service tells again: of each type, what it holds now or all that it ever told (messages: Telling again)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Fact, routing_key

NIL = str(UUID(int=0))
"""Before every id."""

Page = Callable[[AsyncConnection, Sequence[str], int], Awaitable[Sequence[Any]]]
"""The facts after a place, so many at most, in the order of their key; a place is that key, as text."""


@dataclass(frozen=True, slots=True)
class Current:
    """All that a service holds of one type now, each as the fact that its last change told, with that version.

    Pages follow a key that never changes. What is changed meanwhile is told by itself, and what is made behind the
    place too; so nothing is passed over, and what comes twice comes with its version.
    """

    fact: type[Fact]
    page: Page
    key: Sequence[str]
    """The fact's fields that are its key, in the order of the pages."""
    start: Sequence[str]
    """A place before every key."""

    def place_of(self, fact: Any) -> list[str]:
        return [str(getattr(fact, name)) for name in self.key]


@dataclass(frozen=True, slots=True)
class History:
    """All that a service ever told of one type: its relay keeps it. The last that was told of a thing is its state."""

    fact: type[Fact]
    unkept: Sequence[str] = ()
    """The JSON path in the fact of what is not kept, since it may be personal."""

    @property
    def routing_key(self) -> str:
        return routing_key(self.fact.type)

    @property
    def left_out(self) -> tuple[str, str]:
        """What is not kept, as PostgreSQL writes a path, and how a fact is written that has nothing of it."""
        return "{" + ",".join(self.unkept) + "}", f'"{self.unkept[-1]}":null' if self.unkept else "{"


Source = Current | History
