"""/v1/identity-providers: other OpenID providers that people sign in by; whom each serves, and what its claims mean."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.identity_providers import ClaimNames, IdentityProvider
from usher_identity.domain.organizations import Organization
from usher_identity.http.acts import act_of, write_down
from usher_identity.http.organizations import organization_for
from usher_identity.http.provider_forms import (
    DiscoveryAnswer,
    ProviderAnswer,
    ProviderPatch,
    ProviderRequest,
    state,
    to_answer,
)
from usher_identity.http.providers import issuers_of
from usher_identity.oidc.issuers import Issuer
from usher_identity.oidc.sealing import seal
from usher_identity.store.identity_providers import find_provider, list_providers
from usher_identity.use_cases.identity_providers import add_provider, change_provider, drop_provider
from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited
from usher_kit.conditional import IfMatch, check_match, etag
from usher_kit.errors import Forbidden, Invalid, NotFound
from usher_kit.ids import new_id
from usher_kit.outbound.fetching import AddressRefused, NotFetched
from usher_kit.paging import DEFAULT_LIMIT, CursorParameter, Limit, Page, decode_cursor, encode_cursor
from usher_kit.runtime import Running, Runtime

router = APIRouter(prefix="/v1/identity-providers", tags=["identity-providers"])


@router.get("")
async def get_providers(
    access: Authorized,
    runtime: Running,
    org_id: UUID | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorParameter = None,
) -> Page[ProviderAnswer]:
    """The providers of an organization and its units, by name."""
    after = decode_cursor(cursor, 2) or (str(UUID(int=0)), "")
    async with access.transaction() as conn:
        scope = await access.scope(conn, org_id, "org_admin")
        found = await list_providers(conn, scope.tenants, scope.units, after, limit + 1)
    last = found[limit - 1] if len(found) > limit else None
    items = [to_answer(one, runtime) for one in found[:limit]]
    return Page(items=items, next_cursor=encode_cursor([last.tenant_id, last.name]) if last else None)


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[audited("identity_provider.add")])
async def post_provider(
    access: Authorized, runtime: Running, request: Request, response: Response, body: ProviderRequest
) -> ProviderAnswer:
    """Connect a provider: its discovery document is read at once. An administrator of the whole tenant may."""
    async with access.transaction() as conn:
        organization = await administered(access, conn, body.org_id)
    refuse_system_choices(access, body.domains, is_offered=body.is_offered, serves_all=body.serves_all)
    if body.serves_all and organization.tenant_id != OPERATORS_TENANT:
        raise Invalid("What serves all is the operators' own: give their organization.", pointer="/org_id")
    await meet(request, runtime, body.issuer)
    act = act_of(access, runtime)
    new = to_provider(body, organization, runtime, act.at)
    async with access.transaction() as conn:
        made = await add_provider(conn, new)
        done = Act("identity_provider.add", str(made.id), made.tenant_id, made.org_id, None, state(made))
        await write_down(conn, access, act, [done])
    response.headers["ETag"] = etag(made.version)
    return to_answer(made, runtime)


@router.get("/{provider_id}")
async def get_provider(access: Authorized, runtime: Running, response: Response, provider_id: UUID) -> ProviderAnswer:
    """One provider."""
    async with access.transaction() as conn:
        found = await provider_for(access, conn, provider_id, for_update=False)
    response.headers["ETag"] = etag(found.version)
    return to_answer(found, runtime)


@router.get("/{provider_id}/discovery")
async def get_discovery(access: Authorized, runtime: Running, request: Request, provider_id: UUID) -> DiscoveryAnswer:
    """What the provider says of itself and its keys, read anew: whether it would be found by who signs in now."""
    async with access.transaction() as conn:
        found = await provider_for(access, conn, provider_id, for_update=False)
    met = await meet(request, runtime, found.issuer)
    said = met.discovery
    return DiscoveryAnswer(
        issuer=said.issuer,
        authorization_endpoint=said.authorization_endpoint,
        token_endpoint=said.token_endpoint,
        jwks_uri=said.jwks_uri,
        keys=len(met.keys.keys),
    )


@router.patch("/{provider_id}", dependencies=[audited("identity_provider.change")])
async def patch_provider(
    access: Authorized,
    runtime: Running,
    response: Response,
    provider_id: UUID,
    body: ProviderPatch,
    if_match: IfMatch = None,
) -> ProviderAnswer:
    """Change a provider. It holds for whoever signs in from now on."""
    async with access.transaction() as conn:
        before = await provider_for(access, conn, provider_id)
        after = patched(before, body, runtime)
        refuse_system_choices(access, set(after.domains) ^ set(before.domains), is_offered=bool(body.is_offered))
        change = await change_provider(conn, before, after, lambda one: check_match(if_match, etag(one.version)))
        act = Act("identity_provider.change", str(before.id), before.tenant_id, before.org_id, state(before))
        done = [replace(act, after=state(change.after))] if change.is_one else []
        await write_down(conn, access, act_of(access, runtime), done)
    response.headers["ETag"] = etag(change.after.version)
    return to_answer(change.after, runtime)


@router.delete(
    "/{provider_id}", status_code=status.HTTP_204_NO_CONTENT, dependencies=[audited("identity_provider.remove")]
)
async def delete_provider(access: Authorized, runtime: Running, provider_id: UUID, if_match: IfMatch = None) -> None:
    """Let nobody sign in by a provider any more; who did is signed out. People, and roles that it gave, stay."""
    async with access.transaction() as conn:
        found = await provider_for(access, conn, provider_id)
        act = act_of(access, runtime)
        await drop_provider(conn, found, act, lambda one: check_match(if_match, etag(one.version)))
        done = Act("identity_provider.remove", str(found.id), found.tenant_id, found.org_id, state(found))
        await write_down(conn, access, act, [done])


async def administered(access: Access, conn: AsyncConnection, org_id: UUID) -> Organization:
    """An organization whose tenant the caller administers whole. Raises NotFound or Forbidden."""
    organization = await organization_for(access, conn, org_id, "org_admin")
    if organization.tenant_id != access.caller.org_id and not access.caller.is_system:
        raise Forbidden("Only an administrator of the whole tenant says who signs its people in.")
    return organization


async def provider_for(
    access: Access, conn: AsyncConnection, id_: UUID, *, for_update: bool = True
) -> IdentityProvider:
    """A provider that the caller may see, or change where it is locked. Raises NotFound or Forbidden."""
    found = await find_provider(conn, id_, for_update=for_update)
    if not await access.sees(conn, found.org_id if found else None, "org_admin") or found is None:
        raise NotFound("No such identity provider, or it is not yours to see.")
    if for_update:
        await administered(access, conn, found.org_id)
    return found


def refuse_system_choices(access: Access, domains: Any, *, is_offered: bool, serves_all: bool = False) -> None:
    """Raises Forbidden where somebody else than a system administrator chooses what concerns other tenants."""
    if (domains or is_offered or serves_all) and not access.caller.is_system:
        raise Forbidden(
            "Domains, and what everybody's sign-in page shows, concern other tenants: a system administrator sets them."
        )


async def meet(request: Request, runtime: Runtime, issuer: str) -> Issuer:
    """The issuer, read anew. Raises Invalid, as something that is wrong with `/issuer`."""
    try:
        return await issuers_of(request).meet(runtime.outbound, issuer, anew=True)
    except (AddressRefused, NotFetched) as error:
        raise Invalid(error.detail, pointer="/issuer") from error


def to_provider(body: ProviderRequest, organization: Organization, runtime: Runtime, at: datetime) -> IdentityProvider:
    id_ = new_id()
    return IdentityProvider(
        tenant_id=organization.tenant_id,
        name=body.name,
        id=id_,
        org_id=organization.id,
        title=body.title or body.name,
        issuer=body.issuer,
        client_id=body.client_id,
        client_secret=seal(body.client_secret.get_secret_value(), secret_of(runtime), id_),
        created_at=at,
        scopes=body.scopes,
        claims=ClaimNames(**body.claims.model_dump()),
        mapping=body.mapping,
        links_by=tuple(dict.fromkeys(body.links_by)),
        creates_people=body.creates_people,
        domains=tuple(sorted(set(body.domains))),
        is_offered=body.is_offered,
        serves_all=body.serves_all,
    )


def patched(before: IdentityProvider, body: ProviderPatch, runtime: Runtime) -> IdentityProvider:
    """The provider as the body wants it; what it does not name stays."""
    wanted: dict[str, Any] = {
        name: getattr(body, name)
        for name in body.model_fields_set - {"claims", "client_secret", "domains"}
        if getattr(body, name) is not None
    }
    if body.claims is not None:
        wanted["claims"] = ClaimNames(**body.claims.model_dump())
    if body.domains is not None:
        wanted["domains"] = tuple(sorted(set(body.domains)))
    if body.client_secret is not None:
        wanted["client_secret"] = seal(body.client_secret.get_secret_value(), secret_of(runtime), before.id)
    return replace(before, **wanted)


def secret_of(runtime: Runtime) -> str:
    found: str = runtime.settings.key_secret.get_secret_value()
    return found
