"""Statements on rebuilds: one at a time, what it waits for, and how far it is. All of it is the operators' tenant's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT

COLUMNS = """
    id, state, outcome, error, asked_by, asked_at, started_at, finished_at, marks_asked, marks_seen, tenants, exchanged,
    exchanged_until, corrected
"""
ADD = text("""
    insert into rebuild
        (tenant_id, id, state, asked_by, asked_at, marks_asked, marks_seen, tenants, exchanged, corrected)
    values (:tenant, :id, 'waiting', :asked_by, :at, 0, 0, 0, 0, 0)
    on conflict (tenant_id) where finished_at is null do nothing
""")
OPEN = text(f"select {COLUMNS} from rebuild where finished_at is null")
FIND = text(f"select {COLUMNS} from rebuild where id = :id")
LOCK = text(f"select {COLUMNS} from rebuild where id = :id for update")
LIST = text(f"""
    select {COLUMNS} from rebuild
    where tenant_id = :tenant and (cast(:before as uuid) is null or id < cast(:before as uuid))
    order by id desc limit :limit
""")
PARTS = text("""
    select rebuild_id, type, expected, arrived, told, ended_at from rebuild_part
    where rebuild_id = any(cast(:ids as uuid[])) order by type
""")
ADD_PARTS = text("""
    insert into rebuild_part (tenant_id, rebuild_id, type, expected, arrived)
    select :tenant, :id, type, expected, 0
    from unnest(cast(:types as text[]), cast(:expected as bigint[])) as part (type, expected)
""")
START = text("update rebuild set state = 'filling', started_at = :at where id = :id")
ARRIVED = text(
    "update rebuild_part set arrived = arrived + :facts where rebuild_id = cast(:id as uuid) and type = :type"
)
ENDED = text("""
    update rebuild_part p set ended_at = :at, told = said.facts
    from (select type from rebuild_part where rebuild_id = :id and starts_with(type, :owner)) own
    left join unnest(cast(:types as text[]), cast(:facts as bigint[])) as said (type, facts) using (type)
    where p.rebuild_id = :id and p.type = own.type
""")
ASK_MARK = text("update rebuild set marks_asked = marks_asked + 1 where id = :id returning marks_asked")
SEE_MARK = text("update rebuild set marks_seen = greatest(marks_seen, :number) where id = :id")
SEEN = text("select marks_seen from rebuild where id = :id")
FILLED = text("update rebuild set state = 'exchanging', tenants = :tenants where id = :id and state = 'filling'")
EXCHANGED = text("""
    update rebuild set exchanged = exchanged + 1, exchanged_until = :tenant_id, corrected = corrected + :corrected
    where id = :id
""")
NEXT_TENANT = text("""
    select id from tenant where cast(:after as uuid) is null or id > cast(:after as uuid) order by id limit 1
""")
CLOSE = text("""
    update rebuild set state = 'closing', outcome = :outcome, error = :error
    where id = :id and state <> 'closing' and finished_at is null
""")
FINISH = text("update rebuild set state = outcome, finished_at = :at where id = :id")
TAKE_TURN = text("select pg_try_advisory_xact_lock(hashtext('rebuild'))")
# Held until the batch is committed, so that the second model does not go from under it. Where there is none, facts go
# to the live one, which has applied them before.
TURN_TO_SECOND = text("""
    with going_on as materialized (
        select id from rebuild where finished_at is null and started_at is not null for share
    )
    select set_config(
        'search_path', case when exists (select from going_on) then 'rebuilding, public' else 'public' end, true)
""")


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One rebuild, as it stands."""

    id: UUID
    state: str
    outcome: str | None
    error: str | None
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    marks_asked: int
    marks_seen: int
    tenants: int
    exchanged: int
    exchanged_until: UUID | None
    corrected: int


@dataclass(frozen=True, slots=True)
class Part:
    """What a rebuild waits for of one type. `told` is none before its owner has said, or where it does not tell it."""

    rebuild_id: UUID
    type: str
    expected: int
    arrived: int
    told: int | None
    ended_at: datetime | None


async def take_turn(conn: AsyncConnection) -> bool:
    """Whether this transaction alone, of all processes', goes on with the rebuild."""
    return bool(await conn.scalar(TAKE_TURN))


async def turn_to_second(conn: AsyncConnection) -> None:
    """Let the rest of the transaction's statements mean the second model, as long as there is one."""
    await conn.execute(TURN_TO_SECOND)


async def add_rebuild(conn: AsyncConnection, id_: UUID, asked_by: str, at: datetime) -> bool:
    """Add a rebuild. Answers False where one is going on."""
    added = await conn.execute(ADD, {"tenant": OPERATORS_TENANT, "id": id_, "asked_by": asked_by, "at": at})
    return added.rowcount == 1


async def find_open(conn: AsyncConnection) -> Rebuild | None:
    """The rebuild that is going on."""
    return from_row((await conn.execute(OPEN)).one_or_none())


async def find_rebuild(conn: AsyncConnection, id_: UUID) -> Rebuild | None:
    """A rebuild by its id."""
    return from_row((await conn.execute(FIND, {"id": id_})).one_or_none())


async def lock_rebuild(conn: AsyncConnection, id_: UUID) -> Rebuild | None:
    """A rebuild, locked: no batch is being applied to its model until the end of the transaction."""
    return from_row((await conn.execute(LOCK, {"id": id_})).one_or_none())


async def list_rebuilds(conn: AsyncConnection, before: UUID | None, limit: int) -> list[Rebuild]:
    """Rebuilds, the latest first."""
    rows = await conn.execute(LIST, {"tenant": OPERATORS_TENANT, "before": before, "limit": limit})
    return [Rebuild(*row) for row in rows]


async def load_parts(conn: AsyncConnection, ids: Sequence[UUID]) -> list[Part]:
    """What these rebuilds wait for."""
    return [Part(*row) for row in await conn.execute(PARTS, {"ids": list(ids)})]


async def start(conn: AsyncConnection, id_: UUID, expected: Mapping[str, int], at: datetime) -> None:
    """Say what the rebuild waits for, and that it has begun."""
    parts = {"types": list(expected), "expected": list(expected.values())}
    await conn.execute(ADD_PARTS, {"tenant": OPERATORS_TENANT, "id": id_, **parts})
    await conn.execute(START, {"id": id_, "at": at})


async def add_arrived(conn: AsyncConnection, id_: str, type_: str, facts: int) -> None:
    """Count facts of one type that were told again."""
    await conn.execute(ARRIVED, {"id": id_, "type": type_, "facts": facts})


async def note_told(conn: AsyncConnection, id_: UUID, owner: str, told: Mapping[str, int], at: datetime) -> None:
    """Note how much an owner has told, of all that it was asked for."""
    said = {"types": list(told), "facts": list(told.values())}
    await conn.execute(ENDED, {"id": id_, "owner": f"usher.{owner}.", "at": at, **said})


async def ask_mark(conn: AsyncConnection, id_: UUID) -> int:
    """The number of a new mark."""
    number: int = (await conn.execute(ASK_MARK, {"id": id_})).scalar_one()
    return number


async def see_mark(conn: AsyncConnection, id_: UUID, number: int) -> None:
    await conn.execute(SEE_MARK, {"id": id_, "number": number})


async def last_mark_seen(conn: AsyncConnection, id_: UUID) -> int:
    return int(await conn.scalar(SEEN, {"id": id_}) or 0)


async def note_filled(conn: AsyncConnection, id_: UUID, tenants: int) -> None:
    """Everything has come: from here on, tenants are exchanged."""
    await conn.execute(FILLED, {"id": id_, "tenants": tenants})


async def next_tenant(conn: AsyncConnection, after: UUID | None) -> UUID | None:
    found: UUID | None = await conn.scalar(NEXT_TENANT, {"after": after})
    return found


async def note_exchanged(conn: AsyncConnection, id_: UUID, tenant_id: UUID, corrected: int) -> None:
    await conn.execute(EXCHANGED, {"id": id_, "tenant_id": tenant_id, "corrected": corrected})


async def close(conn: AsyncConnection, id_: UUID, outcome: str, error: str | None = None) -> bool:
    """Say how the rebuild ends: its model and its queue are to go. Answers False where that was said before."""
    return (await conn.execute(CLOSE, {"id": id_, "outcome": outcome, "error": error})).rowcount == 1


async def finish(conn: AsyncConnection, id_: UUID, at: datetime) -> None:
    await conn.execute(FINISH, {"id": id_, "at": at})


def from_row(row: Any) -> Rebuild | None:
    return None if row is None else Rebuild(*row)
