"""Statements on losses: staged by a job, judged, and held, taken or kept from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.losses import Loss

COLUMNS = "tenant_id, person_id, org_id, source, ref, status, standing, roles, gains"
ADD = text("""
    insert into held_change (tenant_id, job_id, person_id, ref, org_id, source, status, standing, roles, gains, state)
    select tenant_id, :job, person_id, ref, org_id, source, status, standing, roles, gains, 'staged'
    from unnest(cast(:tenants as uuid[]), cast(:people as uuid[]), cast(:refs as text[]), cast(:orgs as uuid[]),
        cast(:sources as text[]), cast(:statuses as text[]), cast(:standings as text[]), cast(:roles as text[]),
        cast(:gains as text[])) as loss (tenant_id, person_id, ref, org_id, source, status, standing, roles, gains)
    on conflict do nothing
""")
COUNT = text("""
    select org_id, count(distinct person_id) as people,
        count(distinct person_id) filter (where status is not null) as deactivated
    from held_change where job_id = :job and state = 'staged' group by org_id
""")
ADD_HELD = text("""
    insert into held_change (tenant_id, job_id, person_id, ref, org_id, source, status, standing, roles, gains, state,
        set_id)
    select tenant_id, job_id, person_id, ref, org_id, source, status, standing, roles, '', 'held', set_id
    from unnest(cast(:tenants as uuid[]), cast(:jobs as uuid[]), cast(:people as uuid[]), cast(:refs as text[]),
        cast(:orgs as uuid[]), cast(:sources as text[]), cast(:statuses as text[]), cast(:standings as text[]),
        cast(:roles as text[]), cast(:sets as uuid[]))
        as loss (tenant_id, job_id, person_id, ref, org_id, source, status, standing, roles, set_id)
    on conflict (tenant_id, job_id, person_id, ref) do update
    set (org_id, status, standing, roles, state) = (excluded.org_id, excluded.status, excluded.standing,
        excluded.roles, 'held')
""")
COUNT_HELD = text("""
    select set_id, count(distinct person_id) as people,
        count(distinct person_id) filter (where status is not null) as deactivated
    from held_change where set_id = any(cast(:sets as uuid[])) and state = 'held' group by set_id
""")
HOLD = text("""
    update held_change h set state = 'held', set_id = unit.set_id
    from unnest(cast(:orgs as uuid[]), cast(:sets as uuid[])) as unit (org_id, set_id)
    where h.job_id = :job and h.state = 'staged' and h.org_id = unit.org_id
""")
NEXT_STAGED = text(f"""
    select job_id, set_id, state, decided_by, {COLUMNS} from held_change
    where job_id = :job and (state = 'staged' or (state = 'held' and gains <> '')) order by person_id, ref limit :limit
    for update
""")
REMOVE = text("""
    delete from held_change h using unnest(cast(:people as uuid[]), cast(:refs as text[])) as taken (person_id, ref)
    where h.job_id = :job and (h.person_id, h.ref) = (taken.person_id, taken.ref) and h.state = 'staged'
""")
CLEAR_GAINS = text("""
    update held_change h set gains = ''
    from unnest(cast(:people as uuid[]), cast(:refs as text[])) as done (person_id, ref)
    where h.job_id = :job and (h.person_id, h.ref) = (done.person_id, done.ref)
""")
LIST_HELD = text("""
    select job_id, set_id, tenant_id, person_id, ref from held_change
    where state = 'held' and source = :source and tenant_id = any(cast(:tenants as uuid[])) and job_id <> :job
        and (cast(:refs as text[]) is null or ref = any(cast(:refs as text[])))
""")
MAKE_STALE = text("""
    update held_change h set state = 'stale'
    from unnest(cast(:jobs as uuid[]), cast(:people as uuid[]), cast(:refs as text[])) as old (job_id, person_id, ref)
    where (h.job_id, h.person_id, h.ref) = (old.job_id, old.person_id, old.ref) and h.state = 'held'
""")
DECIDE = text("""
    update held_change set state = :state, decided_by = :by, decided_at = :at
    where set_id = :set and state = 'held'
        and (cast(:people as uuid[]) is null or person_id = any(cast(:people as uuid[])))
    returning person_id
""")
DUE = "state in ('approved', 'rejected') and applied_at is null"
NEXT_DUE = text(f"""
    select job_id, set_id, state, decided_by, {COLUMNS} from held_change
    where set_id = :set and {DUE} order by decided_at, decided_by, person_id, ref limit :limit for update skip locked
""")
DUE_SETS = text(f"select distinct tenant_id, set_id from held_change where {DUE} limit 20")
APPLIED = text("""
    update held_change h set applied_at = cast(:at as timestamptz),
        state = case when done.is_stale then 'stale' else h.state end
    from unnest(cast(:jobs as uuid[]), cast(:people as uuid[]), cast(:refs as text[]), cast(:stale as boolean[]))
        as done (job_id, person_id, ref, is_stale)
    where (h.job_id, h.person_id, h.ref) = (done.job_id, done.person_id, done.ref)
""")
UNSAY = text("""
    update person_said s set roles = array_to_string(
        array(select role from unnest(string_to_array(s.roles, ',')) as said (role)
            where role <> all(string_to_array(gone.roles, ','))),
        ','
    )
    from unnest(cast(:tenants as uuid[]), cast(:sources as text[]), cast(:refs as text[]), cast(:roles as text[]))
        as gone (tenant_id, source, external_id, roles)
    where (s.tenant_id, s.source, s.external_id) = (gone.tenant_id, gone.source, gone.external_id)
""")
SHOW = text("""
    select h.person_id, h.ref, h.org_id, h.status, h.roles, h.state, h.decided_by, h.decided_at, p.user_name,
        p.display_name
    from held_change h left join person p on p.tenant_id = h.tenant_id and p.id = h.person_id
    where h.set_id = :set and (cast(:state as text) is null or h.state = :state)
        and (cast(:person as uuid) is null
            or (h.person_id, h.ref) > (cast(:person as uuid), cast(:ref as text) collate "C"))
    order by h.person_id, h.ref limit :limit
""")


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A loss with the job that it came from, the set that it is held in, and who decided on it."""

    job_id: UUID
    set_id: UUID | None
    state: str
    decided_by: str | None
    loss: Loss


@dataclass(frozen=True, slots=True)
class HeldRef:
    """Which row it is."""

    job_id: UUID
    set_id: UUID
    tenant_id: UUID
    person_id: UUID
    ref: str


@dataclass(frozen=True, slots=True)
class Losing:
    """People of one unit who would lose something, and those of them who would be deactivated."""

    people: int
    deactivated: int


async def stage(conn: AsyncConnection, job_id: UUID, losses: Sequence[Loss]) -> None:
    """Keep what a job would take until the whole of it is known; what was kept already is left as it is."""
    if not losses:
        return
    await conn.execute(
        ADD,
        {
            "job": job_id,
            "tenants": [one.tenant_id for one in losses],
            "people": [one.person_id for one in losses],
            "refs": [one.ref for one in losses],
            "orgs": [one.org_id for one in losses],
            "sources": [one.source for one in losses],
            "statuses": [one.status for one in losses],
            "standings": [one.standing for one in losses],
            "roles": [",".join(sorted(one.roles)) for one in losses],
            "gains": [",".join(sorted(one.gains)) for one in losses],
        },
    )


async def count_staged(conn: AsyncConnection, job_id: UUID) -> dict[UUID, Losing]:
    """What each unit would lose by a job."""
    rows = await conn.execute(COUNT, {"job": job_id})
    return {row.org_id: Losing(row.people, row.deactivated) for row in rows}


async def hold(conn: AsyncConnection, job_id: UUID, sets: Mapping[UUID, UUID]) -> None:
    """Hold what a job would take of these units, each in the set named beside it."""
    await conn.execute(HOLD, {"job": job_id, "orgs": list(sets), "sets": list(sets.values())})


async def add_held(conn: AsyncConnection, losses: Sequence[tuple[Loss, UUID, UUID]]) -> None:
    """Hold losses, each of a job and in a set; one that is held there already is as it is said now."""
    await conn.execute(
        ADD_HELD,
        {
            "tenants": [one.tenant_id for one, _, _ in losses],
            "jobs": [job for _, job, _ in losses],
            "sets": [set_ for _, _, set_ in losses],
            "people": [one.person_id for one, _, _ in losses],
            "refs": [one.ref for one, _, _ in losses],
            "orgs": [one.org_id for one, _, _ in losses],
            "sources": [one.source for one, _, _ in losses],
            "statuses": [one.status for one, _, _ in losses],
            "standings": [one.standing for one, _, _ in losses],
            "roles": [",".join(sorted(one.roles)) for one, _, _ in losses],
        },
    )


async def count_held(conn: AsyncConnection, set_ids: Sequence[UUID]) -> dict[UUID, Losing]:
    """What each of these sets holds."""
    rows = await conn.execute(COUNT_HELD, {"sets": set_ids})
    return {row.set_id: Losing(row.people, row.deactivated) for row in rows}


async def load_judged_for_update(conn: AsyncConnection, job_id: UUID, limit: int) -> list[HeldRow]:
    """The next losses of a job that were not held; and those that are, with roles beside that are still to be given."""
    return [from_row(row) for row in await conn.execute(NEXT_STAGED, {"job": job_id, "limit": limit})]


async def mark_taken(conn: AsyncConnection, job_id: UUID, losses: Sequence[Loss]) -> None:
    """Forget losses that were taken, and of those that are held the roles that were given."""
    taken = {"job": job_id, "people": [one.person_id for one in losses], "refs": [one.ref for one in losses]}
    await conn.execute(REMOVE, taken)
    await conn.execute(CLEAR_GAINS, taken)


async def list_held(
    conn: AsyncConnection, source: str, tenants: Sequence[UUID], job_id: UUID, refs: Sequence[str] | None = None
) -> list[HeldRef]:
    """What is held of a source's earlier jobs in these tenants; only of whom it names by `refs`, if these are given."""
    asked = {"source": source, "tenants": tenants, "job": job_id, "refs": refs}
    rows = await conn.execute(LIST_HELD, asked)
    return [HeldRef(row.job_id, row.set_id, row.tenant_id, row.person_id, row.ref) for row in rows]


async def make_stale(conn: AsyncConnection, rows: Sequence[HeldRef]) -> None:
    """Mark rows as overtaken."""
    jobs, people = [one.job_id for one in rows], [one.person_id for one in rows]
    await conn.execute(MAKE_STALE, {"jobs": jobs, "people": people, "refs": [one.ref for one in rows]})


async def decide(
    conn: AsyncConnection, set_id: UUID, people: Sequence[UUID] | None, state: str, by: str, at: datetime
) -> set[UUID]:
    """Decide on what a set still holds of these people, or of all. Answers of whom it held anything."""
    asked = {"set": set_id, "people": people, "state": state, "by": by, "at": at}
    return set((await conn.scalars(DECIDE, asked)).all())


async def load_due_for_update(conn: AsyncConnection, set_id: UUID, limit: int) -> list[HeldRow]:
    """The next rows that were decided on and are not done, but for those that somebody else is doing."""
    return [from_row(row) for row in await conn.execute(NEXT_DUE, {"set": set_id, "limit": limit})]


async def find_due_sets(conn: AsyncConnection) -> list[tuple[UUID, UUID]]:
    """Some (tenant, set) that were decided on and are not wholly done."""
    return [(row.tenant_id, row.set_id) for row in await conn.execute(DUE_SETS)]


async def mark_applied(conn: AsyncConnection, rows: Sequence[HeldRow], stale: Iterable[bool], at: datetime) -> None:
    """Mark rows as done, or as overtaken where they could not be."""
    await conn.execute(
        APPLIED,
        {
            "at": at,
            "jobs": [one.job_id for one in rows],
            "people": [one.loss.person_id for one in rows],
            "refs": [one.loss.ref for one in rows],
            "stale": list(stale),
        },
    )


async def unsay(conn: AsyncConnection, losses: Sequence[Loss]) -> None:
    """Keep it as said by these sources that they give these roles no more."""
    gone = [one for one in losses if one.roles]
    if not gone:
        return
    await conn.execute(
        UNSAY,
        {
            "tenants": [one.tenant_id for one in gone],
            "sources": [one.source for one in gone],
            "refs": [one.ref for one in gone],
            "roles": [",".join(sorted(one.roles)) for one in gone],
        },
    )


async def show_rows(
    conn: AsyncConnection, set_id: UUID, state: str | None, after: Sequence[Any] | None, limit: int
) -> Sequence[Row[Any]]:
    """A set's rows with the people's names, those after (person, ref)."""
    person, ref = after or (None, None)
    asked = {"set": set_id, "state": state, "person": person, "ref": ref, "limit": limit}
    return (await conn.execute(SHOW, asked)).all()


def from_row(row: Row[Any]) -> HeldRow:
    roles, gains = (frozenset(names.split(",") if names else ()) for names in (row.roles, row.gains))
    loss = Loss(row.tenant_id, row.person_id, row.org_id, row.source, row.ref, row.status, row.standing, roles, gains)
    return HeldRow(row.job_id, row.set_id, row.state, row.decided_by, loss)
