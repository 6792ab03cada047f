"""Telling again: who lacks facts asks their owners, and hears them on a queue of its own (messages: Telling again)."""

from collections.abc import Mapping, Sequence
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from usher_contracts.envelope import Fact, StateFact


class ReEmissionRequested(StateFact):
    """A service asks every owner to tell again what it holds of these types, to this queue alone.

    Each of them tells what it owns. `wanted` turns false where the service has given up asking.
    """

    id: UUID
    queue: Annotated[str, Field(max_length=100)]
    types: tuple[str, ...]
    wanted: bool = True

    @property
    def subject(self) -> str:
        return str(self.id)


class ReportingReEmissionRequested(ReEmissionRequested):
    """Reporting asks for a rebuild of its read models."""

    type: ClassVar[str] = "usher.reporting.re_emission.requested.v1"


class TypeCount(BaseModel):
    """How many facts of one type were told."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    facts: Annotated[int, Field(ge=0)]


class ReEmissionEnded(Fact):
    """An owner has told again all that it holds; this is the last on the asker's queue, after the facts themselves.

    Types that the owner was asked for, and does not tell again, are not among the `told`.
    """

    id: UUID
    """The request's."""
    told: tuple[TypeCount, ...] = ()

    @property
    def subject(self) -> str:
        return str(self.id)


class IdentityReEmissionEnded(ReEmissionEnded):
    """Identity has told again what it was asked for."""

    type: ClassVar[str] = "usher.identity.re_emission.ended.v1"


class EntitlementsReEmissionEnded(ReEmissionEnded):
    """Entitlements has told again what it was asked for."""

    type: ClassVar[str] = "usher.entitlements.re_emission.ended.v1"


class UsageReEmissionEnded(ReEmissionEnded):
    """Usage has told again what it was asked for."""

    type: ClassVar[str] = "usher.usage.re_emission.ended.v1"


REQUESTS: Sequence[type[ReEmissionRequested]] = (ReportingReEmissionRequested,)
"""The requests, by whoever asks."""

ENDED: Mapping[str, type[ReEmissionEnded]] = {
    fact.type.split(".")[1]: fact
    for fact in (IdentityReEmissionEnded, EntitlementsReEmissionEnded, UsageReEmissionEnded)
}
"""The services that tell again, each with what it says in the end."""
