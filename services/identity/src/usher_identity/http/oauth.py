"""/oauth/token, the discovery documents and userinfo: what programs ask of the OpenID provider."""

from base64 import b64decode
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import unquote
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT
from usher_identity.domain.machines import MachineName
from usher_identity.domain.sign_in import Client, Reach
from usher_identity.http.me import own_person
from usher_identity.http.proving import address_of
from usher_identity.oidc import opaque, throttle
from usher_identity.oidc.desk import Desk, load_for_code, load_for_refresh, save_desk
from usher_identity.oidc.grants import EXCHANGE, user_info
from usher_identity.oidc.keys import ALGORITHM, KeyRing
from usher_identity.oidc.parties import OPENID_SCOPES
from usher_identity.oidc.provider import Asked, Provider
from usher_identity.oidc.throttle import Pace
from usher_identity.oidc.tokens import Signer
from usher_identity.settings import IdentitySettings
from usher_identity.store.clients import load_client
from usher_identity.store.machines import find_named, use_machine
from usher_identity.store.people import load_people
from usher_kit.access import Authorized
from usher_kit.runtime import Running, Runtime

router = APIRouter(tags=["oauth"])

GRANTS = ("authorization_code", "refresh_token", "client_credentials", EXCHANGE)


async def key_ring(request: Request) -> KeyRing:
    """FastAPI dependency: the process's keys, by which its guard checks tokens too."""
    found = request.app.state.guard.verifier.keys
    assert isinstance(found, KeyRing)  # noqa: S101 (main composes it so)
    return found


Keys = Annotated[KeyRing, Depends(key_ring)]


@router.get("/.well-known/jwks.json")
async def jwks(keys: Keys) -> JSONResponse:
    """The keys that tokens are signed by, the next one published ahead."""
    return JSONResponse(await keys.published(), headers={"Cache-Control": "public, max-age=300"})


@router.get("/.well-known/openid-configuration")
async def configuration(runtime: Running) -> dict[str, Any]:
    """What the provider can do, and where."""
    issuer = runtime.settings.token_issuer
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "userinfo_endpoint": f"{issuer}/oauth/userinfo",
        "end_session_endpoint": f"{issuer}/oauth/logout",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GRANTS,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "scopes_supported": sorted(OPENID_SCOPES),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["sub", "name", "preferred_username", "email", "auth_time", "sid"],
    }


class TokenAnswer(BaseModel):
    """A token (RFC 6749, 5.1); `refresh_token` and `id_token` where the grant gives them."""

    model_config = ConfigDict(extra="allow")

    access_token: str
    token_type: str
    expires_in: int


class TokenRefusal(BaseModel):
    """Why there is none (RFC 6749, 5.2)."""

    model_config = ConfigDict(extra="allow")

    error: str
    error_description: str | None = None


TOKEN_FORM = {
    "type": "object",
    "properties": {
        "grant_type": {"type": "string", "enum": list(GRANTS)},
        **{
            name: {"type": "string"}
            for name in (
                "client_id",
                "client_secret",
                "scope",
                "code",
                "redirect_uri",
                "code_verifier",
                "refresh_token",
                "subject_token",
                "subject_token_type",
            )
        },
    },
    "required": ["grant_type"],
}
"""What a token request may say; which of it, goes by the grant."""


@router.post(
    "/oauth/token",
    response_model=TokenAnswer,
    responses={status: {"model": TokenRefusal} for status in (400, 401, 429)},
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": TOKEN_FORM}}}
    },
)
async def token(request: Request, runtime: Running, keys: Keys) -> JSONResponse:
    """A token for a code, a refresh token, a client's own credentials, or (RFC 8693) a person's id."""
    wrong = Pace(runtime.redis, "secrets", address_of(request), throttle.ADDRESS_TRIES)
    if await wrong.is_spent():
        return slow_down("There were too many wrong secrets from this address.")
    form = [(name, str(value)) for name, value in (await request.form()).multi_items()]
    asked = Asked("POST", form, {"Authorization": request.headers.get("Authorization", "")})
    provider = await provider_for(runtime, keys)
    desk = provider.desk
    async with runtime.database.transaction(await tenants_of(runtime, asked)) as conn:
        desk.client = await find_client(conn, client_id_of(asked), desk.at)
        grant = asked.payload.grant_type
        if grant == "authorization_code" and (code := opaque.read(asked.form.get("code"))):
            await load_for_code(conn, desk, code)
        elif grant == "refresh_token" and (refresh := opaque.read(asked.form.get("refresh_token"))):
            await load_for_refresh(conn, desk, refresh)
        elif grant == EXCHANGE and (user_id := as_id(asked.form.get("subject_token"))):
            desk.person = (await load_people(conn, [user_id])).get(user_id)
        reply = provider.token(asked)
        await save_desk(conn, desk)
        name = MachineName.read(desk.client.id) if desk.client and reply.status == HTTPStatus.OK else None
        if name:
            await use_machine(conn, name, desk.at)
    if reply.body.get("error") == "invalid_client":
        await wrong.count()
    if name and not await Pace(runtime.redis, "tokens", name.text, throttle.TOKENS).count():
        return slow_down("This client asks for more tokens than it can need: keep one for as long as it lives.")
    return JSONResponse(reply.body, reply.status, headers=dict(reply.headers))


async def find_client(conn: AsyncConnection, client_id: str, at: datetime) -> Client | None:
    """The deployment's client of this id, or a tenant's machine. None for one that is disabled."""
    name = MachineName.read(client_id)
    if name is None:
        return await load_client(conn, client_id)
    machine = await find_named(conn, name)
    hashes = machine.hashes(at) if machine else ()
    if machine is None or not hashes:
        return None
    reach = Reach(machine.tenant_id, machine.org_id)
    grants, former = frozenset({"client_credentials"}), next(iter(hashes[1:]), None)
    scopes = frozenset(machine.scopes)
    return Client(machine.client_id, machine.name, hashes[0], scopes, grants, former_hash=former, reach=reach)


def slow_down(why: str) -> JSONResponse:
    body = {"error": "slow_down", "error_description": f"{why} Wait five minutes, then try again."}
    return JSONResponse(body, 429, headers={"Retry-After": str(throttle.WINDOW_SECONDS), "Cache-Control": "no-store"})


@router.get("/oauth/userinfo")
async def userinfo(access: Authorized) -> dict[str, Any]:
    """The claims about the person whose token asks."""
    return user_info(await own_person(access), " ".join(OPENID_SCOPES))


async def provider_for(runtime: Runtime, ring: KeyRing) -> Provider:
    """The provider of a request made now, its desk still empty."""
    at = runtime.clock.now()
    settings: IdentitySettings = runtime.settings
    lives = timedelta(seconds=settings.access_token_seconds)
    signer = Signer(await ring.signing(at), settings.token_issuer, lives, at)
    return Provider(Desk(at), signer, await ring(look_again=False), timedelta(hours=settings.sign_in_hours))


async def tenants_of(runtime: Runtime, asked: Asked) -> list[UUID]:
    """The tenants that a token request concerns: the clients', and those that its secret and its client id name."""
    if asked.payload.grant_type == EXCHANGE:
        return await runtime.database.all_tenants()
    named = opaque.read(asked.form.get("code") or asked.form.get("refresh_token"))
    machine = MachineName.read(client_id_of(asked))
    return [OPERATORS_TENANT, *(one.tenant_id for one in (named, machine) if one)]


def client_id_of(asked: Asked) -> str:
    """The client that a request says it is; whether it is, Authlib decides."""
    kind, _, credentials = asked.headers["Authorization"].partition(" ")
    if kind.lower() == "basic":
        try:
            return unquote(b64decode(credentials).decode().partition(":")[0])
        except ValueError:
            return ""
    return str(asked.payload.client_id or "")


def as_id(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None
