"""/v1/bi-users: database logins for BI tools, each of which sees the views of one tenant and nothing else."""

import secrets
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, status
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_kit.access import Access, Authorized, units_below
from usher_kit.audit import Act, audited, record
from usher_kit.errors import Conflict, Invalid, NotFound
from usher_kit.ids import new_id
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_id, first_page
from usher_kit.runtime import Running
from usher_reporting.domain.scram import scram_verifier
from usher_reporting.http.places import TEXT
from usher_reporting.store.bi_users import (
    BiUser,
    add_user,
    find_user,
    is_taken,
    list_users,
    name_of_database,
    remove_user,
    rotate_user,
)

SCHEMA = "bi_v1"

router = APIRouter(prefix="/v1/bi-users", tags=["bi"])


class BiUserRequest(BaseModel):
    """What the user is called, and whose figures it sees: those of a whole tenant."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=100, pattern=TEXT)]
    org_id: UUID


class BiUserAnswer(BaseModel):
    """A login `role` at the server of reporting's database, which sees the views of `schema_name` there."""

    id: UUID
    name: str
    tenant_id: UUID
    role: str
    created_at: datetime
    created_by: str
    rotated_at: datetime | None


class BiUserWithPassword(BiUserAnswer):
    """The password is told here, and kept nowhere."""

    database: str
    schema_name: str = SCHEMA
    password: str


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[audited("bi_user.add")])
async def post_user(access: Authorized, runtime: Running, request: Request, body: BiUserRequest) -> BiUserWithPassword:
    """Make a login for a tenant. For system administrators."""
    access.require_system()
    at, password, settings = runtime.clock.now(), secrets.token_urlsafe(24), runtime.settings
    id_ = new_id()
    async with access.transaction() as conn:
        tenant_id = await tenant_named(conn, body.org_id)
        if await is_taken(conn, tenant_id, body.name):
            raise Conflict(
                f"This tenant has a user {body.name!r} already: rotate its password, or choose another name."
            )
        role = f"usher_bi_{secrets.token_hex(16)}"
        user = BiUser(tenant_id, id_, body.name, role, at, access.caller.actor)
        limits = {"connections": settings.bi_connections, "timeout_seconds": settings.bi_timeout_seconds}
        await add_user(conn, user, verifier_of(password), **limits)
        await write_down(conn, access, "bi_user.add", user, at)
        return await told_once(conn, request, user, password)


@router.get("")
async def get_users(
    access: Authorized,
    tenant_id: Annotated[UUID | None, Query(description="Whose; everybody's without it")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[BiUserAnswer]:
    """BI's logins, the latest first."""
    access.require_system()
    before = decode_id(cursor)
    async with access.transaction() as conn:
        found = await list_users(conn, tenant_id, before, limit + 1)
    shown, following = first_page(found, limit, lambda one: [one.id])
    return Page(items=[to_answer(one) for one in shown], next_cursor=following)


@router.post("/{bi_user_id}:rotate", dependencies=[audited("bi_user.rotate")])
async def rotate(access: Authorized, runtime: Running, request: Request, bi_user_id: UUID) -> BiUserWithPassword:
    """Give a login another password; sessions under the former one end."""
    access.require_system()
    at, password = runtime.clock.now(), secrets.token_urlsafe(24)
    async with access.transaction() as conn:
        user = (await user_for(conn, bi_user_id))._replace(rotated_at=at)
        await rotate_user(conn, user, verifier_of(password), at)
        await write_down(conn, access, "bi_user.rotate", user, at)
        return await told_once(conn, request, user, password)


@router.delete("/{bi_user_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[audited("bi_user.remove")])
async def delete_user(access: Authorized, runtime: Running, bi_user_id: UUID) -> None:
    """Remove a login; its sessions end."""
    access.require_system()
    async with access.transaction() as conn:
        user = await user_for(conn, bi_user_id)
        await remove_user(conn, user)
        await write_down(conn, access, "bi_user.remove", user, runtime.clock.now())


async def tenant_named(conn: AsyncConnection, org_id: UUID) -> UUID:
    """The tenant that an organization is. Raises NotFound for none, Invalid for a unit."""
    found = {unit: tenant for tenant, unit in await units_below(conn, org_id)}
    if org_id not in found:
        raise NotFound("No such organization, or it is not yours to see.")
    if found[org_id] != org_id:
        raise Invalid("This is a unit, and a login sees a whole tenant: give the root's id.", pointer="/org_id")
    return org_id


async def user_for(conn: AsyncConnection, bi_user_id: UUID) -> BiUser:
    found = await find_user(conn, bi_user_id)
    if found is None:
        raise NotFound("No such login of BI.")
    return found


def verifier_of(password: str) -> str:
    return scram_verifier(password, secrets.token_bytes(16))


async def told_once(conn: AsyncConnection, request: Request, user: BiUser, password: str) -> BiUserWithPassword:
    """The answer with the password, which is kept nowhere, not for who repeats the request either."""
    request.state.idempotency_key = None
    database = await name_of_database(conn)
    return BiUserWithPassword(**dict(to_answer(user)), database=database, password=password)


async def write_down(conn: AsyncConnection, access: Access, name: str, user: BiUser, at: datetime) -> None:
    """Write the act into the audit log."""
    after: dict[str, JsonValue] = {"role": user.role_name}
    act = Act(name, str(user.id), user.tenant_id, user.tenant_id, after=after)
    await record(conn, "reporting", [act], at=at, cause=access.cause(), address=access.address)


def to_answer(user: BiUser) -> BiUserAnswer:
    return BiUserAnswer(
        id=user.id,
        name=user.name,
        tenant_id=user.tenant_id,
        role=user.role_name,
        created_at=user.created_at,
        created_by=user.created_by,
        rotated_at=user.rotated_at,
    )
