"""Statements on BI's logins: each is a role of the database, made by functions of its owner."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

COLUMNS = "tenant_id, id, name, role_name, created_at, created_by, rotated_at"
HOLD_NAMES = text("select pg_advisory_xact_lock(hashtextextended('bi_user/' || cast(:tenant as text), 0))")
TAKEN = text("select exists (select from bi_user where tenant_id = :tenant and name = :name)")
ADD = text(f"""
    insert into bi_user ({COLUMNS}) values (:tenant_id, :id, :name, :role_name, :created_at, :created_by, :rotated_at)
""")
ADD_LOGIN = text("select add_bi_login(:role_name, :verifier, :connections, :timeout_seconds)")
ROTATE = text("update bi_user set rotated_at = :at where tenant_id = :tenant and id = :id")
ROTATE_LOGIN = text("select rotate_bi_login(:role_name, :verifier)")
REMOVE = text("delete from bi_user where tenant_id = :tenant and id = :id")
DROP_LOGIN = text("select drop_bi_login(:role_name)")
FIND = text(f"select {COLUMNS} from bi_user where id = :id for update")
LIST = text(f"""
    select {COLUMNS} from bi_user
    where (cast(:tenant as uuid) is null or tenant_id = :tenant)
        and (cast(:before as uuid) is null or id < cast(:before as uuid))
    order by id desc limit :limit
""")
DATABASE = text("select current_database()")
END_OVERLONG = text("select end_overlong_bi(:timeout_seconds)")


class BiUser(NamedTuple):
    """A login that sees its tenant's views of BI. `role_name` says nothing of the tenant: every login may read it."""

    tenant_id: UUID
    id: UUID
    name: str
    role_name: str
    created_at: datetime
    created_by: str
    rotated_at: datetime | None = None


async def is_taken(conn: AsyncConnection, tenant_id: UUID, name: str) -> bool:
    """Whether a tenant has a user of that name. Until the transaction's end nobody else adds one there."""
    await conn.execute(HOLD_NAMES, {"tenant": str(tenant_id)})
    found: bool = (await conn.execute(TAKEN, {"tenant": tenant_id, "name": name})).scalar_one()
    return found


async def add_user(
    conn: AsyncConnection, user: BiUser, verifier: str, *, connections: int, timeout_seconds: int
) -> None:
    """Write a user, and make its login."""
    limits = {"connections": connections, "timeout_seconds": timeout_seconds}
    await conn.execute(ADD, user._asdict())
    await conn.execute(ADD_LOGIN, {"role_name": user.role_name, "verifier": verifier, **limits})


async def rotate_user(conn: AsyncConnection, user: BiUser, verifier: str, at: datetime) -> None:
    """Give a user another password, and end the sessions that the former one began."""
    await conn.execute(ROTATE, {"tenant": user.tenant_id, "id": user.id, "at": at})
    await conn.execute(ROTATE_LOGIN, {"role_name": user.role_name, "verifier": verifier})


async def remove_user(conn: AsyncConnection, user: BiUser) -> None:
    """Forget a user, and its login with its sessions."""
    await conn.execute(REMOVE, {"tenant": user.tenant_id, "id": user.id})
    await conn.execute(DROP_LOGIN, {"role_name": user.role_name})


async def find_user(conn: AsyncConnection, id_: UUID) -> BiUser | None:
    """A user that the transaction sees, locked."""
    row = (await conn.execute(FIND, {"id": id_})).one_or_none()
    return BiUser(*row) if row else None


async def list_users(
    conn: AsyncConnection, tenant_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[BiUser]:
    """Users of a tenant, or of all that the transaction sees; the latest first."""
    return [BiUser(*row) for row in await conn.execute(LIST, {"tenant": tenant_id, "before": before, "limit": limit})]


async def name_of_database(conn: AsyncConnection) -> str:
    """What a BI tool has to connect to on the server."""
    name: str = (await conn.execute(DATABASE)).scalar_one()
    return name


async def end_overlong(conn: AsyncConnection, timeout_seconds: int) -> int:
    """End the sessions of BI that lifted their timeout and have gone on for longer. Answers how many."""
    ended: Any = await conn.scalar(END_OVERLONG, {"timeout_seconds": timeout_seconds})
    return int(ended)
