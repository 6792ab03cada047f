"""/v1/upstreams: systems that say who people are, by AMQP and other ways; where each may act and in which words."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.topology import UPSTREAM, outcome_queue
from usher_identity.domain.upstreams import QUOTA, Kind, Upstream
from usher_identity.http.acts import act_of, write_down
from usher_identity.http.imports import record_start
from usher_identity.http.jobs import JobAnswer
from usher_identity.http.jobs import to_answer as to_job
from usher_identity.http.organizations import organization_for
from usher_identity.http.upstream_ways import KeycloakSettings, OneRosterSettings, OneRosterShown
from usher_identity.importing.rosters.schedule import READING
from usher_identity.oidc.sealing import seal
from usher_identity.store.rosters import find_sync_for_update
from usher_identity.store.tallies import list_tallies
from usher_identity.store.upstreams import find_upstream_for_update, list_upstreams
from usher_identity.use_cases.roster_syncs import start_reading
from usher_identity.use_cases.upstreams import Way, add_upstream, change_upstream, drop_upstream
from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited
from usher_kit.conditional import IfMatch, check_match, etag
from usher_kit.errors import Conflict, Forbidden, NotFound
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, encode_cursor
from usher_kit.runtime import Running, Runtime

router = APIRouter(prefix="/v1/upstreams", tags=["upstreams"])

UpstreamName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
RoleGiven = Annotated[str, StringConstraints(max_length=40)]
Mapping = Annotated[
    dict[Word, Annotated[tuple[RoleGiven, ...], Field(max_length=10)]],
    Field(max_length=500, description="Its own words for roles, each with the roles that it gives"),
]
Quota = Annotated[int, Field(ge=1, le=1_000_000, description="Commands a minute; what is more is refused")]


class UpstreamAnswer(BaseModel):
    """An upstream. One over AMQP sends to `exchange` by `routing_keys`, and reads `outcome_queue`."""

    id: UUID
    tenant_id: UUID
    name: str
    kind: Kind
    org_id: UUID
    mapping: dict[str, list[str]]
    quota: int
    created_at: datetime
    exchange: str | None
    routing_keys: str | None
    outcome_queue: str | None
    keycloak: KeycloakSettings | None = None
    oneroster: OneRosterShown | None = None
    version: int


class UpstreamRequest(BaseModel):
    """`name` is the source of all that it says; it acts on `org_id` and its units."""

    model_config = ConfigDict(extra="forbid")

    name: UpstreamName
    kind: Kind = "amqp"
    org_id: UUID
    mapping: Mapping = Field(default_factory=dict)
    quota: Quota = QUOTA
    keycloak: Annotated[KeycloakSettings | None, Field(description="For the kind `keycloak`, and needed there")] = None

    oneroster: Annotated[OneRosterSettings | None, Field(description="For the kind `oneroster`, and needed there")] = (
        None
    )

    @model_validator(mode="after")
    def _has_its_settings(self) -> Self:
        given = {"keycloak": self.keycloak, "oneroster": self.oneroster}
        wrong = [name for name, told in given.items() if (self.kind == name) != (told is not None)]
        if wrong:
            msg = f"the kind {wrong[0]}, and no other, needs `{wrong[0]}`"
            raise ValueError(msg)
        return self


class TallyAnswer(BaseModel):
    """Events that came to the same: `ignored_…` say nothing here; `detail` is of the latest one, `last_id`."""

    outcome: str
    what: str
    events: int
    detail: str
    last_id: str
    last_at: datetime


class Tallies(BaseModel):
    """What became of an upstream's events."""

    items: list[TallyAnswer]


class SyncRequest(BaseModel):
    """How a roster is to be read: without `full`, what changed since the last time, unless everything is due."""

    model_config = ConfigDict(extra="forbid")

    full: bool = False
    dry_run: bool = False


class UpstreamPatch(BaseModel):
    """What is to be different; a mapping is given whole."""

    model_config = ConfigDict(extra="forbid")

    mapping: Mapping | None = None
    quota: Quota | None = None


@router.get("")
async def get_upstreams(
    access: Authorized, org_id: UUID | None = None, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
) -> Page[UpstreamAnswer]:
    """The upstreams of an organization and its units, by name."""
    after = decode_cursor(cursor, 2) or (str(UUID(int=0)), "")
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin")
        found = await list_upstreams(conn, scope.tenants, scope.units, after, limit + 1)
        items = [to_answer(one) for one in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return Page(items=items, next_cursor=encode_cursor([last.tenant_id, last.name]) if last else None)


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[audited("upstream.add")])
async def post_upstream(
    access: Authorized, runtime: Running, response: Response, body: UpstreamRequest
) -> UpstreamAnswer:
    """Connect an upstream. It is heard from now on, once the broker knows it: `usher upstream add` does both."""
    async with access.transaction() as conn:
        organization = await organization_for(access, conn, body.org_id, "org_admin")
        act = act_of(access, runtime)
        way = way_of(access, runtime, body, organization.tenant_id)
        made = await add_upstream(conn, organization, body.name, body.mapping, body.quota, act, way)
        answer = to_answer(made)
        done = Act("upstream.add", str(made.id), made.tenant_id, made.org_id, None, state(answer))
        await write_down(conn, access, act, [done])
    response.headers["ETag"] = etag(made.version)
    return answer


@router.get("/{upstream_id}")
async def get_upstream(access: Authorized, response: Response, upstream_id: UUID) -> UpstreamAnswer:
    """One upstream."""
    async with access.transaction() as conn:
        found = await upstream_for(access, conn, upstream_id)
        answer = to_answer(found)
    response.headers["ETag"] = etag(found.version)
    return answer


@router.patch("/{upstream_id}", dependencies=[audited("upstream.change")])
async def patch_upstream(
    access: Authorized,
    runtime: Running,
    response: Response,
    upstream_id: UUID,
    body: UpstreamPatch,
    if_match: IfMatch = None,
) -> UpstreamAnswer:
    """Change an upstream's words or quota. Words hold for what it says from now on."""
    async with access.transaction() as conn:
        found = await upstream_for(access, conn, upstream_id)
        before = to_answer(found)
        change = await change_upstream(
            conn, found, body.mapping, body.quota, lambda one: check_match(if_match, etag(one.version))
        )
        after = to_answer(change.after)
        done = Act("upstream.change", str(found.id), found.tenant_id, found.org_id, state(before), state(after))
        await write_down(conn, access, act_of(access, runtime), [done] if change.is_one else [])
    response.headers["ETag"] = etag(after.version)
    return after


@router.delete("/{upstream_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[audited("upstream.remove")])
async def delete_upstream(access: Authorized, runtime: Running, upstream_id: UUID, if_match: IfMatch = None) -> None:
    """Hear an upstream no more. People, and the roles that it gave them, stay."""
    async with access.transaction() as conn:
        found = await upstream_for(access, conn, upstream_id)
        before = to_answer(found)
        act = act_of(access, runtime)
        await drop_upstream(conn, found, act, lambda one: check_match(if_match, etag(one.version)))
        done = Act("upstream.remove", str(found.id), found.tenant_id, found.org_id, state(before))
        await write_down(conn, access, act, [done])


@router.get("/{upstream_id}/tally")
async def get_tally(access: Authorized, upstream_id: UUID) -> Tallies:
    """What became of the events of an upstream that reads no outcomes, counted."""
    async with access.transaction() as conn:
        found = await upstream_for(access, conn, upstream_id)
        counted = await list_tallies(conn, found.tenant_id, found.name)
    return Tallies(items=[TallyAnswer(**asdict(one)) for one in counted])


@router.post("/{upstream_id}:sync", status_code=status.HTTP_202_ACCEPTED, dependencies=[audited("import.start")])
async def post_sync(
    access: Authorized, runtime: Running, response: Response, upstream_id: UUID, body: SyncRequest
) -> JobAnswer:
    """Read an upstream's roster now. Answers at once with the job that does it; a dry run changes nothing."""
    async with access.transaction() as conn:
        found = await upstream_for(access, conn, upstream_id)
        sync = await find_sync_for_update(conn, found.tenant_id, found.name)
        if found.roster is None or sync is None:
            raise Conflict("This upstream sends by itself what it has to say; only rosters over REST are read.")
        act = act_of(access, runtime)
        job = await start_reading(
            conn, found, sync, access.caller.actor, act.at, is_whole=body.full, is_dry_run=body.dry_run
        )
        await record_start(conn, access, job)
    runtime.wake(READING)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return to_job(job)


def way_of(access: Access, runtime: Runtime, body: UpstreamRequest, tenant_id: UUID) -> Way:
    """Raises Forbidden for a realm by who is no system administrator (its name is taken over all tenants), and Invalid
    for a secret that cannot be kept.
    """
    if body.keycloak and not access.caller.is_system:
        raise Forbidden("Only a system administrator says whose a realm of Keycloak is.")
    realm = body.keycloak.to_realm() if body.keycloak else None
    if body.oneroster is None:
        return Way(body.kind, realm)
    secret, key = body.oneroster.client_secret.get_secret_value(), runtime.settings.key_secret.get_secret_value()
    sealed = seal(secret, key, tenant_id, pointer="/oneroster/client_secret")
    return Way(body.kind, realm, body.oneroster.to_roster(), sealed)


async def upstream_for(access: Access, conn: AsyncConnection, id_: UUID) -> Upstream:
    """An upstream of an organization that the caller administers, locked. Raises NotFound or Forbidden."""
    found = await find_upstream_for_update(conn, id_)
    if not await access.sees(conn, found.org_id if found else None, "org_admin") or found is None:
        raise NotFound("No such upstream, or it is not yours to see.")
    return found


def to_answer(one: Upstream) -> UpstreamAnswer:
    by_amqp = one.kind == "amqp"
    return UpstreamAnswer(
        id=one.id,
        tenant_id=one.tenant_id,
        name=one.name,
        kind=one.kind,
        org_id=one.org_id,
        mapping={word: list(roles) for word, roles in one.words.roles.items()},
        quota=one.quota,
        created_at=one.created_at,
        exchange=UPSTREAM if by_amqp else None,
        routing_keys=f"{one.tenant_id}.{one.name}.upstream.#" if by_amqp else None,
        outcome_queue=outcome_queue(one.tenant_id, one.name).name if by_amqp else None,
        keycloak=KeycloakSettings.of(one.realm) if one.realm else None,
        oneroster=OneRosterShown.of(one.roster) if one.roster else None,
        version=one.version,
    )


def state(answer: UpstreamAnswer) -> dict[str, JsonValue]:
    """What is written down of an upstream: ids and figures."""
    return {
        "kind": answer.kind,
        "org_id": str(answer.org_id),
        "quota": answer.quota,
        "words": len(answer.mapping),
        "version": answer.version,
    }
