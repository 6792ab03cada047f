"""How long people waited: lengths in steps that grow with them, so that any number of waits is a few rows."""

from collections.abc import Mapping
from math import ceil, log

STEP = 1.05
"""Each length is this many times the one before it: what is answered is within 2.5 % of the true wait."""


def length_of(seconds: float) -> int:
    """The step that a wait belongs to; 0 is up to a second."""
    return ceil(log(seconds) / log(STEP)) if seconds > 1 else 0


def seconds_of(length: int) -> float:
    """The wait that stands for a step, in seconds: the middle of it, as ratios go."""
    return STEP ** (length - 0.5) if length else 0.0


def waited(people: Mapping[int, int], share: float) -> float | None:
    """The seconds within which at least `share` of those who waited were seated; `people` are counted by length.

    None where nobody was. Source of the rank: the nearest one, as PostgreSQL's `percentile_disc` has it.
    """
    rank, passed = share * sum(people.values()), 0
    for length in sorted(people):
        passed += people[length]
        if passed >= rank and passed:
            return seconds_of(length)
    return None
