"""The history of one seat, version by version: what happened, why, and by what."""

from collections.abc import Sequence
from dataclasses import dataclass

from usher_console.clients.reporting import Claim
from usher_console.views.wording import NOTHING, SEAT_STATES, Badge, acted_by, moment, spelled


@dataclass(frozen=True, slots=True)
class Turn:
    """One version. `by_href` leads to the person who did it; empty where it was no person. `undone`: by a restore."""

    version: int
    at: str
    what: str
    state: Badge
    reason: str
    by: str
    by_href: str
    change_set: str
    message: str
    trace: str
    undone: bool


def turns(claims: Sequence[Claim]) -> list[Turn]:
    return [turn(claim) for claim in claims]


def turn(claim: Claim) -> Turn:
    by, by_href = acted_by(claim.actor)
    return Turn(
        version=claim.version,
        at=moment(claim.at),
        what=spelled(claim.kind),
        state=SEAT_STATES.get(claim.state, Badge(spelled(claim.state))),
        reason=spelled(claim.reason),
        by=by,
        by_href=by_href,
        change_set=claim.changeset or "",
        message=claim.causation_id or "",
        trace=claim.trace_id or NOTHING,
        undone=claim.is_void,
    )
