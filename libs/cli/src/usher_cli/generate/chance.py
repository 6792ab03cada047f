"""Seeded chance: the same seed and purpose, the same numbers, on any machine."""

from random import Random


def chance(seed: int, purpose: str) -> Random:
    """Numbers for one purpose, independent of those for any other."""
    return Random(f"{seed}:{purpose}")  # noqa: S311 (repeatable on purpose; no secret comes of it)
