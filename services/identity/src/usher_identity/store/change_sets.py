"""Statements on change sets: what is held, and by which figures."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
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
    update change_set s
    set (state, version, of_people, would_deactivate, would_remove_roles)
        = (new.state, new.version, new.of_people, new.would_deactivate, new.would_remove_roles)
    from unnest(cast(:tenants as uuid[]), cast(:ids as uuid[]), cast(:states as text[]), cast(:versions as bigint[]),
        cast(:people as bigint[]), cast(:deactivations as bigint[]), cast(:removals as bigint[]))
        as new (tenant_id, id, state, version, of_people, would_deactivate, would_remove_roles)
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
OPEN = text(f"""
    select {COLUMNS} from change_set
    where tenant_id = :tenant and source = :source and kind = :kind and state = 'held' and created_at > :since
    order by id for update
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
    """Write the states, figures and versions of these sets, which are locked."""
    if not sets:
        return
    await conn.execute(
        SAVE,
        {
            "tenants": [one.tenant_id for one in sets],
            "ids": [one.id for one in sets],
            "states": [one.state for one in sets],
            "versions": [one.version for one in sets],
            "people": [one.of_people for one in sets],
            "deactivations": [one.would_deactivate for one in sets],
            "removals": [one.would_remove_roles for one in sets],
        },
    )


async def load_change_sets(
    conn: AsyncConnection, ids: Sequence[UUID], *, for_update: bool = False
) -> dict[UUID, ChangeSet]:
    """These sets, as far as the transaction may see them; locked in order of id where asked."""
    rows = await conn.execute(LOAD_FOR_UPDATE if for_update else LOAD, {"ids": ids})
    return {row.id: from_row(row) for row in rows}


async def load_open_sets_for_update(
    conn: AsyncConnection, tenant_id: UUID, source: str, kind: str, since: datetime
) -> dict[UUID, ChangeSet]:
    """The sets of a source that were made since and still hold something, the latest of each organization, by it."""
    asked = {"tenant": tenant_id, "source": source, "kind": kind, "since": since}
    return {row.org_id: from_row(row) for row in await conn.execute(OPEN, asked)}


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
