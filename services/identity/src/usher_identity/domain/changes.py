"""A change: an entity as it was loaded and as it was decided, so that what differs alone is saved and told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """`before` is none for what did not exist."""

    before: T | None
    after: T

    @property
    def is_one(self) -> bool:
        """Whether anything differs."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class Difference(Generic[T, P]):
    """What of entities' parts has gone, and what is new, each with its entity."""

    gone: list[tuple[T, P]]
    new: list[tuple[T, P]]


def difference(changes: Iterable[Change[T]], parts: Callable[[T], Iterable[P]]) -> Difference[T, P]:
    """How the parts of the entities differ; one that says something else has gone and is new."""
    gone: list[tuple[T, P]] = []
    new: list[tuple[T, P]] = []
    for change in changes:
        had = list(parts(change.before)) if change.before is not None else []
        has = list(parts(change.after))
        gone += [(change.after, part) for part in had if part not in has]
        new += [(change.after, part) for part in has if part not in had]
    return Difference(gone, new)
