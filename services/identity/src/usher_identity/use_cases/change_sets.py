"""Deciding on what the guard holds: written down at once, and done a batch at a time by whoever comes to it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import SYSTEM_ACTOR, Cause
from usher_identity.domain.change_sets import ChangeSet, RowState
from usher_identity.domain.losses import keep, lose
from usher_identity.domain.refusals import AlreadyTaken
from usher_identity.store.change_sets import load_change_sets
from usher_identity.store.held_changes import decide, load_due_for_update, mark_applied, unsay
from usher_identity.store.people import load_people
from usher_identity.use_cases.guarding import do_each, merged, settle_sets
from usher_identity.use_cases.recording import Act, Expect, record_people


async def decide_on(
    conn: AsyncConnection,
    set_id: UUID,
    people: Sequence[UUID] | None,
    verdict: RowState,
    act: Act,
    expect: Expect[ChangeSet],
    address: str | None = None,
) -> ChangeSet:
    """Approve or reject what a set holds of these people, or all of it. Doing so is left to `do_decided`.

    Raises AlreadyTaken where it holds nothing of somebody named (of anybody).
    """
    before = (await load_change_sets(conn, [set_id], for_update=True))[set_id]
    expect(before)
    decided = await decide(conn, set_id, people, verdict, act.cause.actor, act.at)
    if not decided:
        raise AlreadyTaken("Nothing of this is held any more: it was decided on, or a newer import has overtaken it.")
    if unknown := set(people or ()) - decided:
        some = ", ".join(sorted(map(str, unknown))[:5])
        raise AlreadyTaken(f"Nothing is held of {some}: it was decided on, or overtaken.", "/user_ids")
    name = "change_set.approve" if verdict is RowState.APPROVED else "change_set.reject"
    return (await settle_sets(conn, name, [before], act, address))[0]


async def do_decided(conn: AsyncConnection, set_id: UUID, at: datetime, limit: int) -> bool:
    """Do the next rows of a set that were decided on, in the name of who decided. Answers whether there were any."""
    due = await load_due_for_update(conn, set_id, limit)
    rows = [row for row in due if row.decided_by == due[0].decided_by]
    if rows:
        act = Act(at, Cause(actor=rows[0].decided_by or SYSTEM_ACTOR, changeset=str(set_id)))
        people = await load_people(conn, {row.loss.person_id for row in rows}, for_update=True)
        approved = {row.loss for row in rows if row.state == RowState.APPROVED}
        done = do_each(people, [(row.loss, lose if row.loss in approved else keep) for row in rows], act)
        await record_people(conn, merged(people, done), act)
        await unsay(conn, [row.loss for row in rows])
        stale = [change is None and loss in approved for loss, change in done]
        await mark_applied(conn, rows, stale, at)
    return bool(rows)
