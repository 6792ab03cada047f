"""Statements on change sets: what is held, and by which figures."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_identity.domain.change_sets import ChangeSet

COLUMNS = """
    tenant_id, id, org_id, source, kind, job_id, state, share_percent, of_people, would_deactivate, would_remove_roles,
    created_at, version
"""
ADD = text(f"""
    insert into change_set ({COLUMNS})
    values (:tenant_id, :id, :org_id, :source, :kind, :job_id, :state, :share_percent, :of_people, :would_deactivate,
        :would_remove_roles, :created_at, :version)
""")
SAVE = text("""
    update change_set s set state = new.state, version = new.version
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:states as text[]), cast(:versions as bigint[]))
        as new (tenant_id, id, state, version)
    where (s.tenant_id, s.id) = (new.tenant_id, new.id)
""")
LOAD = text(f"select {COLUMNS} from change_set where id = any(cast(:ids as uuid[])) order by id")
LOAD_FOR_UPDATE = text(f"select {COLUMNS} from change_set where id = any(cast(:ids as uuid[])) order by id for update")
LIST = text(f"""
    select {COLUMNS} from change_set
    where tenant_id = any(cast(:tenants as uuid[])) and (cast(:state as text) is null or state = :state)
        and (cast(:units as uuid[]) is null or org_id = any(cast(:units as uuid[])))
        and (cast(:before as uuid) is null or id < cast(:before as uuid))
    order by id desc limit :limit
""")
ROWS = text("""
    select set_id, state, count(distinct person_id) as people from held_change
    where set_id = any(cast(:ids as uuid[])) group by set_id, state
""")


async def add_change_sets(conn: AsyncConnection, sets: Sequence[ChangeSet]) -> None:
    """Write sets that are new."""
    if sets:
        await conn.execute(ADD, [{name: getattr(one, name) for name in ChangeSet.__slots__} for one in sets])


async def save_change_sets(conn: AsyncConnection, sets: Sequence[ChangeSet]) -> None:
    """Write the states and versions of these sets, which are locked."""
    if not sets:
        return
    await conn.execute(
        SAVE,
        {
            "tenants": [one.tenant_id for one in sets],
            "ids": [one.id for one in sets],
            "states": [one.state for one in sets],
            "versions": [one.version for one in sets],
        },
    )


async def load_change_sets(
    conn: AsyncConnection, ids: Sequence[UUID], *, for_update: bool = False
) -> dict[UUID, ChangeSet]:
    """These sets, as far as the transaction may see them; locked in order of id where asked."""
    rows = await conn.execute(LOAD_FOR_UPDATE if for_update else LOAD, {"ids": ids})
    return {row.id: from_row(row) for row in rows}


async def list_change_sets(
    conn: AsyncConnection,
    tenants: Sequence[UUID],
    units: Sequence[UUID] | None,
    state: str | None,
    before: UUID | None,
    limit: int,
) -> list[ChangeSet]:
    """Sets of these tenants, of `units` alone where these are given, the latest first."""
    asked = {"tenants": tenants, "units": units, "state": state, "before": before, "limit": limit}
    return [from_row(row) for row in await conn.execute(LIST, asked)]


async def count_rows(conn: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many people's rows of each set are in which state."""
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for row in await conn.execute(ROWS, {"ids": ids}):
        found[row.set_id][row.state] = row.people
    return found


def from_row(row: Row[Any]) -> ChangeSet:
    return ChangeSet(**row._mapping)  # noqa: SLF001 (public in SQLAlchemy, by a name with an underscore)
