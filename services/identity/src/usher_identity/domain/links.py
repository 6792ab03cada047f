"""Links: the names by which sources know an organization or a person (seats: Words)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Link:
    """One (source, external id). `standing` is what the source last said of a person: active, suspended, absent."""

    source: str
    external_id: str
    linked_at: datetime
    standing: str = "active"


SIGN_IN = "idp:"
"""How sources begin that are providers to sign in by: what they know people by is no name for anybody else."""


def foremost(links: Iterable[Link]) -> str | None:
    """The external id that facts carry: that of the oldest link, so that a later source does not change it."""
    named = (link for link in links if not link.source.startswith(SIGN_IN))
    oldest = min(named, key=lambda link: (link.linked_at, link.source, link.external_id), default=None)
    return oldest.external_id if oldest else None
