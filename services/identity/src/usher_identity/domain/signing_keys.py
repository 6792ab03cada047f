"""Signing keys: one signs, the next is published ahead, so that a rotation refuses nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

KEPT_AFTER = timedelta(days=1)
"""How long a key that no longer signs is published: longer than any token lives."""


@dataclass(frozen=True, slots=True)
class KeyTimes:
    """A key and since when it signs; it does until another's time comes."""

    id: str
    signs_from: datetime


@dataclass(frozen=True, slots=True)
class KeyPlan:
    """When new keys are to sign from, and which old ones to remove."""

    create: tuple[datetime, ...]
    remove: tuple[str, ...]


def signing(keys: Sequence[KeyTimes], at: datetime) -> KeyTimes:
    """The key that signs at `at`: the latest whose time has come. A clock set back before all finds the earliest."""
    ordered = sorted(keys, key=lambda key: (key.signs_from, key.id))
    come = [key for key in ordered if key.signs_from <= at]
    return come[-1] if come else ordered[0]


def plan(keys: Sequence[KeyTimes], period: timedelta, at: datetime) -> KeyPlan:
    """What to do so that a key signs now and one is published for when a `period` has passed."""
    if not keys:
        return KeyPlan((at, at + period), ())
    now = signing(keys, at)
    create = () if any(key.signs_from > at for key in keys) else (at + period,)
    ordered = sorted(keys, key=lambda key: (key.signs_from, key.id))
    # Each is kept for as long as tokens last that it may have signed until the next one took over.
    retired = [key.id for key, following in pairwise(ordered) if key != now and following.signs_from + KEPT_AFTER < at]
    return KeyPlan(create, tuple(sorted(retired)))
