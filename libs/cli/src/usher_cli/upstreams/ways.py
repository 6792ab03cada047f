"""A way by which upstreams come: what is made for one beside its entry in identity, and what to configure there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from usher_cli.clients.calls import Json
from usher_cli.clients.session import Session

Settings = Sequence[tuple[str, str]]
"""What to configure at the upstream, each with its value."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for beside what all ways need."""

    realm: str | None = None
    realm_id: str | None = None
    clients: Sequence[str] = ()
    organization_attribute: str | None = None
    exchange: str | None = None
    url: str | None = None
    token_url: str | None = None
    client_id: str | None = None


class Way(Protocol):
    """One kind of upstream. Each step raises Failure where it cannot be done."""

    hint: str
    """How to go on, for whoever connected one."""

    def prepare(self, session: Session) -> None:
        """Look whether all that is needed is there, before identity is told."""

    def needs(self, asked: Asked, /) -> Json:
        """What identity is told beside what all ways need."""

    def connect(self, session: Session, made: Json) -> Json:
        """Make what is needed beside the entry; the answer carries secrets that are shown once."""

    def disconnect(self, session: Session, removed: Json) -> None:
        """Remove what `connect` made; what is gone already is no fault."""

    def settings(self, answer: Json) -> Settings:
        """What `connect` answered, for whoever configures the upstream."""
