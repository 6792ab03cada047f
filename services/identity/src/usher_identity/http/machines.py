"""/v1/clients: machine clients, a tenant's own programs; what each may do and where, and secrets that are told once."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.machines import Machine
from usher_identity.http.acts import act_of, write_down
from usher_identity.http.organizations import organization_for
from usher_identity.oidc.opaque import hash_secret, random_secret
from usher_identity.store.machines import find_machine, list_machines
from usher_identity.use_cases.machines import add_machine, change_machine, drop_machine, rotate_secret
from usher_identity.use_cases.recording import Expect
from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited
from usher_kit.conditional import IfMatch, check_match, etag
from usher_kit.errors import Invalid, NotFound
from usher_kit.ids import new_id
from usher_kit.machines import SCOPES
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_id, first_page
from usher_kit.runtime import Running, Runtime

router = APIRouter(prefix="/v1/clients", tags=["clients"])

GRACE_HOURS = 24
MAX_GRACE_HOURS = 24 * 30


def known_scope(name: str) -> str:
    if name not in SCOPES:
        raise ValueError(f"{name!r} is no scope of machine clients; there are {', '.join(SCOPES)}")
    return name


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Scope = Annotated[str, AfterValidator(known_scope), Field(json_schema_extra={"enum": list(SCOPES)})]
Scopes = Annotated[frozenset[Scope], Field(max_length=len(SCOPES), description="What it may ask for")]


class ClientAnswer(BaseModel):
    """A machine client. A secret of before opens it until `former_until`."""

    id: UUID
    client_id: str
    tenant_id: UUID
    org_id: UUID
    name: str
    scopes: list[str]
    created_at: datetime
    used_at: datetime | None = Field(description="When it last asked for a token, to the minute")
    former_until: datetime | None
    disabled_at: datetime | None
    version: int


class ClientWithSecret(ClientAnswer):
    """With its secret, which nobody can read again, and where it gets its tokens."""

    client_secret: str
    token_endpoint: str


class ClientRequest(BaseModel):
    """A client that acts on `org_id` and its units."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    org_id: UUID
    scopes: Scopes


class ClientPatch(BaseModel):
    """What is to be different; scopes are given whole."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    scopes: Scopes | None = None
    is_disabled: bool | None = None


class RotateRequest(BaseModel):
    """The secret of before stays valid for `grace_hours`; 0 ends it at once."""

    model_config = ConfigDict(extra="forbid")

    grace_hours: Annotated[int, Field(ge=0, le=MAX_GRACE_HOURS)] = GRACE_HOURS


@router.get("")
async def get_clients(
    access: Authorized, org_id: UUID | None = None, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
) -> Page[ClientAnswer]:
    """The clients of an organization and its units, the oldest first."""
    after = decode_id(cursor)
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin")
        found = await list_machines(conn, scope.tenants, scope.units, after, limit + 1)
    shown, following = first_page(found, limit, lambda one: [one.id])
    return Page(items=[to_answer(one) for one in shown], next_cursor=following)


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[audited("machine_client.add")])
async def post_client(
    access: Authorized, runtime: Running, request: Request, response: Response, body: ClientRequest
) -> ClientWithSecret:
    """Make a client. Sent again with the same Idempotency-Key, its secret is not told again."""
    secret = random_secret()
    async with access.transaction() as conn:
        organization = await organization_for(access, conn, body.org_id, "org_admin")
        if organization.tenant_id == OPERATORS_TENANT:
            raise Invalid("Clients of the deployment itself are set in its environment.", pointer="/org_id")
        act = act_of(access, runtime)
        new = Machine(
            tenant_id=organization.tenant_id,
            id=new_id(),
            org_id=organization.id,
            name=body.name,
            scopes=tuple(sorted(body.scopes)),
            secret_hash=hash_secret(secret),
            created_at=act.at,
        )
        made = await add_machine(conn, new)
        await write_down(conn, access, act, [about("machine_client.add", None, made)])
    return told_once(request, response, runtime, made, secret)


@router.get("/{machine_id}")
async def get_client(access: Authorized, response: Response, machine_id: UUID) -> ClientAnswer:
    """One client."""
    async with access.transaction() as conn:
        found = await machine_for(access, conn, machine_id, for_update=False)
    response.headers["ETag"] = etag(found.version)
    return to_answer(found)


@router.patch("/{machine_id}", dependencies=[audited("machine_client.change")])
async def patch_client(
    access: Authorized,
    runtime: Running,
    response: Response,
    machine_id: UUID,
    body: ClientPatch,
    if_match: IfMatch = None,
) -> ClientAnswer:
    """Change a client. A token that it has says what it said until it ends, ten minutes later at most."""
    async with access.transaction() as conn:
        before, act = await machine_for(access, conn, machine_id), act_of(access, runtime)
        change = await change_machine(conn, before, wanted(before, body, act.at), is_at(if_match))
        done = [about("machine_client.change", before, change.after)] if change.is_one else []
        await write_down(conn, access, act, done)
    response.headers["ETag"] = etag(change.after.version)
    return to_answer(change.after)


@router.post(
    "/{machine_id}:rotate", status_code=status.HTTP_201_CREATED, dependencies=[audited("machine_client.rotate")]
)
async def rotate(
    access: Authorized,
    runtime: Running,
    request: Request,
    response: Response,
    machine_id: UUID,
    body: RotateRequest,
    if_match: IfMatch = None,
) -> ClientWithSecret:
    """Give a client a new secret. Sent again with the same Idempotency-Key, it is not told again."""
    secret = random_secret()
    async with access.transaction() as conn:
        before, act = await machine_for(access, conn, machine_id), act_of(access, runtime)
        grace = timedelta(hours=body.grace_hours)
        after = await rotate_secret(conn, before, hash_secret(secret), grace, act, is_at(if_match))
        done = replace(about("machine_client.rotate", before, after), reason=f"grace_hours={body.grace_hours}")
        await write_down(conn, access, act, [done])
    return told_once(request, response, runtime, after, secret)


@router.delete("/{machine_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[audited("machine_client.remove")])
async def delete_client(access: Authorized, runtime: Running, machine_id: UUID, if_match: IfMatch = None) -> None:
    """Remove a client: it gets no token any more, and the last one ends within ten minutes."""
    async with access.transaction() as conn:
        found = await machine_for(access, conn, machine_id)
        await drop_machine(conn, found, is_at(if_match))
        await write_down(conn, access, act_of(access, runtime), [about("machine_client.remove", found, None)])


async def machine_for(access: Access, conn: AsyncConnection, id_: UUID, *, for_update: bool = True) -> Machine:
    """A client of an organization that the caller administers. Raises NotFound or Forbidden."""
    found = await find_machine(conn, id_, for_update=for_update)
    if not await access.sees(conn, found.org_id if found else None, "org_admin") or found is None:
        raise NotFound("No such client, or it is not yours to see.")
    return found


def wanted(before: Machine, body: ClientPatch, at: datetime) -> Machine:
    """The machine as the body wants it; what it does not name stays."""
    found = before if body.is_disabled is None else before.switched(at, disabled=body.is_disabled)
    scopes = before.scopes if body.scopes is None else tuple(sorted(body.scopes))
    return replace(found, name=body.name or before.name, scopes=scopes)


def is_at(if_match: str | None) -> Expect[Machine]:
    return lambda one: check_match(if_match, etag(one.version))


def told_once(
    request: Request, response: Response, runtime: Runtime, machine: Machine, secret: str
) -> ClientWithSecret:
    """The answer with the secret, which is kept nowhere, not for who repeats the request either."""
    request.state.idempotency_key = None
    response.headers["ETag"] = etag(machine.version)
    response.headers["Cache-Control"] = "no-store"
    endpoint = f"{runtime.settings.token_issuer}/oauth/token"
    return ClientWithSecret(**to_answer(machine).model_dump(), client_secret=secret, token_endpoint=endpoint)


def to_answer(one: Machine) -> ClientAnswer:
    return ClientAnswer(
        id=one.id,
        client_id=one.client_id,
        tenant_id=one.tenant_id,
        org_id=one.org_id,
        name=one.name,
        scopes=list(one.scopes),
        created_at=one.created_at,
        used_at=one.used_at,
        former_until=one.former_until,
        disabled_at=one.disabled_at,
        version=one.version,
    )


def about(name: str, before: Machine | None, after: Machine | None) -> Act:
    """What was done to a machine; neither its name nor its secrets."""
    one = after or before
    assert one is not None  # noqa: S101 (something was done to something)
    return Act(name, str(one.id), one.tenant_id, one.org_id, state(before), state(after))


def state(one: Machine | None) -> dict[str, JsonValue] | None:
    if one is None:
        return None
    return {
        "org_id": str(one.org_id),
        "scopes": list(one.scopes),
        "is_disabled": one.disabled_at is not None,
        "version": one.version,
    }
