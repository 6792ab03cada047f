"""What an import would take, parted from what else its rows change (seats: A guard on mass loss)."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from usher_identity.domain.import_plan import Outcome, PersonChange
from usher_identity.domain.import_standing import leave
from usher_identity.domain.losses import Loss, loss_between, spared
from usher_identity.domain.people import Person, Status


def part(change: PersonChange, source: str) -> tuple[PersonChange, Loss | None]:
    """A row's change without its loss, and the loss. The source is kept as giving still what it would take."""
    before = change.before
    loss = loss_between(before, change.after, source, change.external_id) if before else None
    if before is None or loss is None:
        return change, None
    said = change.said and replace(change.said, roles=change.said.roles | loss.roles)
    return replace(change, after=spared(before, change.after, loss), said=said), loss


def let_go(
    people: Mapping[UUID, Person], gone: Iterable[tuple[UUID, str]], source: str, at: datetime
) -> tuple[dict[UUID, Person], list[Loss]]:
    """People whom a full set no longer lists, each by the ids that are gone: those who lose nothing by it, as they
    will be; and what the others would lose.
    """
    after: dict[UUID, Person] = {}
    losses: list[Loss] = []
    for person_id, external_id in gone:
        before = after.get(person_id) or people.get(person_id)
        if before is None:
            continue
        left = leave(before, source, external_id, at)
        loss = loss_between(before, left, source, external_id)
        if loss is None:
            after[person_id] = left
        else:
            losses.append(loss)
    return after, losses


def outcome_of_loss(loss: Loss) -> Outcome:
    """What becomes of a person's row once its loss is taken."""
    return Outcome.ARCHIVED if loss.status == Status.ARCHIVED else Outcome.CHANGED
