"""The guard at work: what a job would take is staged, judged as a whole, and then taken or held."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.change_sets import ChangeSet, RowState, state_of
from usher_identity.domain.changes import Change
from usher_identity.domain.guard import Excess, find_excess
from usher_identity.domain.jobs import Job
from usher_identity.domain.losses import Loss, Stale, gain, lose
from usher_identity.domain.people import Person
from usher_identity.domain.versions import raised
from usher_identity.store.change_sets import add_change_sets, count_rows, load_change_sets, save_change_sets
from usher_identity.store.held_changes import (
    HeldRef,
    Losing,
    count_staged,
    hold,
    list_held,
    load_judged_for_update,
    make_stale,
    mark_taken,
    unsay,
)
from usher_identity.store.organizations import load_forest, load_organizations
from usher_identity.store.people import load_people
from usher_identity.store.settings import load_shares
from usher_identity.store.sources import count_people
from usher_identity.use_cases.recording import Act, change_set_held, record_people, to_event
from usher_kit import audit, outbox
from usher_kit.ids import new_id
from usher_kit.versions import epoch_of

How: TypeAlias = Callable[[Person, Loss, str, datetime], Person]
"""What is made of a person with a loss, by whom and when; raises Stale."""


Done: TypeAlias = tuple[Loss, Change[Person] | None]
"""A loss, and what it came to; None where it was overtaken."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the guard holds of one organization with its units."""

    excess: Excess
    name: str
    set_id: UUID | None
    """None in a dry run."""

    @property
    def reason(self) -> str:
        heads, percent = self.excess.heads, self.excess.percent
        what = f"{heads.losing} of the {heads.people} people of {self.name!r} would lose access or roles"
        where = f"approve or reject it as change set {self.set_id}" if self.set_id else "it would be held"
        return f"{what}, and more than {percent} % may not at once: nothing of that was done; {where}"


def count_losses(losses: Sequence[Loss]) -> dict[UUID, Losing]:
    """What each unit would lose, as `count_staged` says it of those that are staged."""
    people: dict[UUID, set[UUID]] = {}
    gone: dict[UUID, set[UUID]] = {}
    for one in losses:
        people.setdefault(one.org_id, set()).add(one.person_id)
        if one.status is not None:
            gone.setdefault(one.org_id, set()).add(one.person_id)
    return {org: Losing(len(some), len(gone.get(org, ()))) for org, some in people.items()}


async def judge(
    conn: AsyncConnection,
    job: Job,
    tenants: Sequence[UUID],
    act: Act,
    *,
    dry: Sequence[Loss] = (),
    is_empty: bool = False,
) -> list[Held]:
    """Hold what is too much of what the job has staged (of `dry` in a dry run), tell and write down that it is held.

    The transaction is open for `tenants`. `is_empty`: the job is a full set that lists nobody.
    """
    losing = count_losses(dry) if job.is_dry_run else await count_staged(conn, job.id)
    if not losing:
        return []
    found = find_excess(
        await load_forest(conn, tenants),
        await count_people(conn, tenants),
        {org: count.people for org, count in losing.items()},
        await load_shares(conn, tenants),
        is_empty=is_empty,
    )
    organizations = await load_organizations(conn, [one.org_id for one in found])
    if job.is_dry_run:
        return [Held(one, organizations[one.org_id].name, None) for one in found]
    held = [Held(one, organizations[one.org_id].name, new_id()) for one in found]
    sets = [made_set(job, one, organizations[one.excess.org_id].tenant_id, losing, act, epoch_of(conn)) for one in held]
    await hold(
        conn, job.id, {unit: one.id for one, held_ in zip(sets, held, strict=True) for unit in held_.excess.units}
    )
    await add_change_sets(conn, sets)
    await tell(conn, "change_set.hold", [Change(None, one) for one in sets], act)
    return held


def made_set(job: Job, held: Held, tenant_id: UUID, losing: Mapping[UUID, Losing], act: Act, epoch: int) -> ChangeSet:
    """What is held of one organization, with the figures that made it too much."""
    of_units = [losing[unit] for unit in held.excess.units]
    deactivated = sum(one.deactivated for one in of_units)
    return ChangeSet(
        tenant_id=tenant_id,
        id=held.set_id or new_id(),
        org_id=held.excess.org_id,
        source=job.source,
        kind=job.kind,
        job_id=job.id,
        state=RowState.HELD,
        share_percent=held.excess.percent,
        of_people=held.excess.heads.people,
        would_deactivate=deactivated,
        would_remove_roles=held.excess.heads.losing - deactivated,
        created_at=act.at,
        version=raised(0, epoch),
    )


async def take_judged(conn: AsyncConnection, job: Job, act: Act, limit: int) -> tuple[list[Done], bool]:
    """Take the next losses that were not held, and give what came with those that are.

    Answers what each loss taken came to, and whether there was anything to do.
    """
    rows = await load_judged_for_update(conn, job.id, limit)
    taken = {row.loss for row in rows if row.state == RowState.STAGED}
    people = await load_people(conn, {row.loss.person_id for row in rows}, for_update=True)
    done = do_each(people, [(row.loss, lose if row.loss in taken else gain) for row in rows], act)
    saved = {person.id: person for person in await record_people(conn, merged(people, done), act)}
    await unsay(conn, list(taken))
    await mark_taken(conn, job.id, [row.loss for row in rows])
    after = [(loss, change and Change(change.before, saved[loss.person_id])) for loss, change in done if loss in taken]
    return after, bool(rows)


def do_each(people: Mapping[UUID, Person], losses: Sequence[tuple[Loss, How]], act: Act) -> list[Done]:
    """What each loss comes to, one after the other where several are one person's; None for one that is overtaken."""
    now = dict(people)
    done: list[Done] = []
    for loss, how in losses:
        before = now.get(loss.person_id)
        try:
            after = how(before, loss, act.cause.actor, act.at) if before else None
        except Stale:
            after = None
        done.append((loss, Change(before, after) if after else None))
        if after:
            now[loss.person_id] = after
    return done


def merged(people: Mapping[UUID, Person], done: Sequence[Done]) -> list[Change[Person]]:
    """One change a person."""
    after = {change.after.id: change.after for _, change in done if change}
    return [Change(people[id_], person) for id_, person in after.items()]


async def overtake(
    conn: AsyncConnection,
    job: Job,
    tenants: Sequence[UUID],
    is_said: Callable[[HeldRef], bool],
    act: Act,
) -> None:
    """Make stale what is held of the source's earlier imports and is said anew, one way or the other, by this one."""
    rows = [one for one in await list_held(conn, job.source, tenants, job.id) if is_said(one)]
    if not rows:
        return
    sets = await load_change_sets(conn, sorted({one.set_id for one in rows}), for_update=True)
    await make_stale(conn, rows)
    await settle_sets(conn, "change_set.overtake", list(sets.values()), act)


async def settle_sets(
    conn: AsyncConnection, name: str, sets: Sequence[ChangeSet], act: Act, address: str | None = None
) -> list[ChangeSet]:
    """Give locked sets, of which rows have changed, the state that follows and their next version; tell of it."""
    counts = await count_rows(conn, [one.id for one in sets])
    epoch = epoch_of(conn)
    changes = [
        Change(one, replace(one, state=state_of(counts.get(one.id, {})), version=raised(one.version, epoch)))
        for one in sets
    ]
    await save_change_sets(conn, [change.after for change in changes])
    await tell(conn, name, changes, act, address)
    return [change.after for change in changes]


async def tell(
    conn: AsyncConnection, name: str, changes: Sequence[Change[ChangeSet]], act: Act, address: str | None = None
) -> None:
    """Tell others of sets, and write down the act."""
    await outbox.add(conn, [to_event(change_set_held(change), act) for change in changes])
    acts = [
        audit.Act(
            name,
            str(change.after.id),
            change.after.tenant_id,
            change.after.org_id,
            {"state": str(change.before.state), "version": change.before.version} if change.before else None,
            {
                "state": str(change.after.state),
                "version": change.after.version,
                "would_deactivate": change.after.would_deactivate,
                "would_remove_roles": change.after.would_remove_roles,
                "of_people": change.after.of_people,
            },
        )
        for change in changes
    ]
    await audit.record(conn, "identity", acts, at=act.at, cause=act.cause, address=address)
