"""The guard on mass loss over an upstream's stream: what it takes within an hour counts together (seats)."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.change_sets import ChangeSet, RowState
from usher_identity.domain.changes import Change
from usher_identity.domain.guard import Excess, find_excess
from usher_identity.domain.losses import Loss
from usher_identity.domain.upstream_units import Units
from usher_identity.domain.versions import raised
from usher_identity.store.change_sets import add_change_sets, load_change_sets, load_open_sets_for_update
from usher_identity.store.held_changes import Losing, add_held, count_held, list_held, make_stale
from usher_identity.store.settings import load_shares
from usher_identity.store.sources import count_people
from usher_identity.store.upstream_losses import count_recent, save_recent
from usher_identity.use_cases.guarding import settle_sets, tell
from usher_identity.use_cases.recording import Act
from usher_kit.ids import new_id
from usher_kit.versions import epoch_of

KIND = "upstream"
WINDOW = timedelta(hours=1)
NO_JOB = UUID(int=0)


async def guard(
    conn: AsyncConnection, units: Units, said_anew: Collection[str], losses: Sequence[Loss], act: Act
) -> Mapping[Loss, UUID]:
    """The losses that are too much beside those of the last hour, each with the change set that holds it from now on.

    What was held of people of whom something is said anew is overtaken. The transaction holds their locks.
    """
    tenant_id, source = units.upstream.tenant_id, units.upstream.name
    overtaken = await list_held(conn, source, [tenant_id], NO_JOB, sorted(said_anew))
    if overtaken:
        await make_stale(conn, overtaken)
    held = await hold(conn, units, await judge(conn, units, losses, act), losses, act) if losses else {}
    left = sorted({one.set_id for one in overtaken} - set(held.values()))
    sets = await load_change_sets(conn, left, for_update=True) if left else {}
    await settle_sets(conn, "change_set.overtake", list(sets.values()), act)
    return held


async def judge(conn: AsyncConnection, units: Units, losses: Sequence[Loss], act: Act) -> list[Excess]:
    """The organizations that would lose too much within the hour; who is gone by then counts among their people."""
    tenant_id, source = units.upstream.tenant_id, units.upstream.name
    recent = await count_recent(conn, tenant_id, source, act.at - WINDOW, {one.person_id for one in losses})
    people = Counter(await count_people(conn, [tenant_id]))
    people.update({org: one.gone for org, one in recent.items()})
    losing = Counter({org: one.people for org, one in recent.items()})
    losing.update({one.person_id: one.org_id for one in losses}.values())
    found = find_excess(units.parents, people, losing, await load_shares(conn, [tenant_id]))
    held = {unit for one in found for unit in one.units}
    each = {one.person_id: one for one in losses}.values()
    await save_recent(conn, [(one, one.status is not None and one.org_id not in held) for one in each], act.at)
    return found


async def hold(
    conn: AsyncConnection, units: Units, found: Sequence[Excess], losses: Sequence[Loss], act: Act
) -> dict[Loss, UUID]:
    """Hold what is too much, in the set of the hour where there is one."""
    tenant_id, source = units.upstream.tenant_id, units.upstream.name
    open_sets = await load_open_sets_for_update(conn, tenant_id, source, KIND, act.at - WINDOW)
    sets = {one.org_id: open_sets.get(one.org_id) or new_set(units, one, act) for one in found}
    by_unit = {unit: sets[one.org_id] for one in found for unit in one.units}
    held = {one: by_unit[one.org_id] for one in losses if one.org_id in by_unit}
    if not held:
        return {}
    await add_held(conn, [(one, in_.job_id, in_.id) for one, in_ in held.items()])
    counts = await count_held(conn, [one.id for one in held.values()])
    now = [with_figures(sets[one.org_id], one, counts) for one in found if sets[one.org_id].id in counts]
    new = [replace(one, version=raised(0, epoch_of(conn))) for one in now if not one.version]
    await add_change_sets(conn, new)
    await tell(conn, "change_set.hold", [Change(None, one) for one in new], act)
    await settle_sets(conn, "change_set.hold", [one for one in now if one.version], act)
    return {one: in_.id for one, in_ in held.items()}


def new_set(units: Units, excess: Excess, act: Act) -> ChangeSet:
    """A set that holds nothing yet."""
    id_ = new_id()
    return ChangeSet(
        tenant_id=units.upstream.tenant_id,
        id=id_,
        org_id=excess.org_id,
        source=units.upstream.name,
        kind=KIND,
        job_id=id_,
        state=RowState.HELD,
        share_percent=excess.percent,
        of_people=excess.heads.people,
        would_deactivate=0,
        would_remove_roles=0,
        created_at=act.at,
    )


def with_figures(one: ChangeSet, excess: Excess, counts: Mapping[UUID, Losing]) -> ChangeSet:
    count = counts[one.id]
    return replace(
        one,
        of_people=excess.heads.people,
        would_deactivate=count.deactivated,
        would_remove_roles=count.people - count.deactivated,
    )
