"""/oauth/providers/{id}: a browser goes to another provider to sign in, and comes back."""

import secrets
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from authlib.oauth2 import OAuth2Error
from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import OPERATORS_TENANT, Cause
from usher_identity.domain.identity_providers import IdentityProvider, arrival_of
from usher_identity.domain.refusals import Refusal
from usher_identity.http.beginning import asking, begin, end_former, send_back, to_response
from usher_identity.http.cookies import AWAY_SECONDS, read_away, read_cookie, set_away, set_cookie
from usher_identity.http.oauth import Keys
from usher_identity.http.pages import message
from usher_identity.http.proving import address_of
from usher_identity.oidc import opaque, throttle
from usher_identity.oidc.issuers import Issuers, NotThatIssuer, WrongToken
from usher_identity.oidc.provider import Asked
from usher_identity.oidc.relying import Attempt, RelyingParty
from usher_identity.oidc.sealing import unseal
from usher_identity.oidc.throttle import Pace
from usher_identity.store.identity_providers import add_attempt, find_provider, take_attempt
from usher_identity.use_cases.arriving import Arriving, arrive
from usher_identity.use_cases.recording import Act
from usher_kit.clock import SystemClock
from usher_kit.errors import UsherError
from usher_kit.outbound.fetching import AddressRefused, NotFetched
from usher_kit.runtime import Running, Runtime
from usher_kit.telemetry import names

SEE_OTHER = 303
SECRET_BYTES = 32
LONGEST_REQUEST = 4_000
CANNOT = "This sign-in cannot go on"
UP = "../../"
TOO_MANY = "Too many people sign in from this network right now. Try again in five minutes."
BACK = "Go back to where you came from and try again."
NOT_YOU = (
    "Your organization's sign-in worked, but it does not open Usher to you. Ask your administrator whether you are "
    "known here, and by which name."
)

router = APIRouter(prefix="/oauth/providers", include_in_schema=False)
log = structlog.get_logger()


def issuers_of(request: Request) -> Issuers:
    """What the process knows of other issuers."""
    found: Issuers = request.app.state.issuers
    return found


def redirect_uri(runtime: Runtime, provider_id: UUID) -> str:
    """Where a provider sends browsers back to: each its own address, so that no answer is taken for another's."""
    return f"{runtime.settings.token_issuer}/oauth/providers/{provider_id}/callback"


def relying_party(request: Request, runtime: Runtime, provider: IdentityProvider) -> RelyingParty:
    """Identity as a client of the provider. Others' tokens go by real time: they know nothing of a clock of ours."""
    secret = unseal(provider.client_secret, runtime.settings.key_secret.get_secret_value(), provider.id)
    now = int(SystemClock().now().timestamp())
    return RelyingParty(
        provider, secret, redirect_uri(runtime, provider.id), issuers_of(request), runtime.outbound, now
    )


@router.get("/{provider_id}/begin")
async def get_begin(
    request: Request,
    runtime: Running,
    keys: Keys,
    provider_id: UUID,
    login_hint: Annotated[str, Query(max_length=320)] = "",
) -> Response:
    """To the provider, for the authorization request in the query."""
    if not await Pace(runtime.redis, "begin", address_of(request), throttle.BEGINNINGS).count():
        return message(CANNOT, TOO_MANY, 429, up=UP)
    asked = Asked("GET", request.query_params.multi_items(), {})
    own = await asking(runtime, keys, asked)
    try:
        own.consent(asked)
    except OAuth2Error as error:
        return to_response(own.refuse(asked, error), up=UP)
    provider = await load(runtime, provider_id)
    if provider is None or len(request.url.query) > LONGEST_REQUEST:
        return message(CANNOT, f"There is no such way to sign in. {BACK}", 404, up=UP)
    attempt = Attempt(opaque.make(provider.tenant_id).text, read_away(request, runtime) or new_secret())
    try:
        address = await relying_party(request, runtime, provider).leads_to(attempt, login_hint)
    except UsherError as error:
        return away(provider, error)
    ends = runtime.clock.now() + timedelta(seconds=AWAY_SECONDS)
    async with runtime.database.transaction([provider.tenant_id]) as conn:
        await add_attempt(conn, provider, opaque.hash_secret(attempt.state), request.url.query, ends)
    response = RedirectResponse(address, SEE_OTHER, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
    set_away(response, attempt.browser_secret, runtime)
    return response


@router.get("/{provider_id}/callback")
async def get_callback(request: Request, runtime: Running, keys: Keys, provider_id: UUID) -> Response:
    """Back from the provider: a session of ours begins, and the browser goes on to the client with a code of ours."""
    brought = dict(request.query_params)
    query = await redeem_state(request, runtime, provider_id)
    provider = await load(runtime, provider_id)
    if query is None or provider is None:
        return refused(provider_id, "state", f"It took too long, or was begun in another browser. {BACK}")
    attempt = Attempt(brought["state"], read_away(request, runtime) or "")
    try:
        claims = await relying_party(request, runtime, provider).claims(attempt, brought)
    except WrongToken as error:
        return refused(provider_id, str(error), f"{provider.title} did not sign you in. {BACK}")
    except UsherError as error:
        return away(provider, error)
    return await let_in(request, runtime, keys, provider, claims, query)


async def redeem_state(request: Request, runtime: Runtime, provider_id: UUID) -> str | None:
    """The request to go back to, of a state that this very browser got for this provider; good once."""
    state = opaque.read(request.query_params.get("state"))
    if state is None or read_away(request, runtime) is None:
        return None
    async with runtime.database.transaction([state.tenant_id]) as conn:
        found = await take_attempt(conn, state.tenant_id, state.hash, runtime.clock.now())
    return found[1] if found and found[0] == provider_id else None


async def let_in(
    request: Request,
    runtime: Runtime,
    keys: Keys,
    provider: IdentityProvider,
    claims: Mapping[str, Any],
    query: str,
) -> Response:
    """The browser signed in as whom the claims name, and back at the client."""
    asked = Asked("GET", parse_qsl(query, keep_blank_values=True), {})
    own = await asking(runtime, keys, asked)
    former = read_cookie(request, runtime)
    try:
        grant = own.consent(asked)
        async with opened(runtime, provider) as conn:
            act = Act(own.desk.at, Cause(actor=f"identity_provider:{provider.id}"))
            person = await arrive(conn, Arriving(provider, arrival_of(claims, provider.claims), act))
            cookie = await begin(conn, runtime, request, own.desk, person.tenant_id, person.id, provider.id)
            response = await send_back(conn, own, asked, grant)
    except OAuth2Error as error:
        return to_response(own.refuse(asked, error), up=UP)
    except Refusal as refusal:
        return refused(provider.id, refusal.detail, NOT_YOU, 403)
    if former:
        async with runtime.database.transaction([former.tenant_id]) as conn:
            await end_former(conn, former, own.desk)
    names.SIGN_INS.labels("signed_in").inc()
    set_cookie(response, cookie, runtime)
    return response


def opened(runtime: Runtime, provider: IdentityProvider) -> AbstractAsyncContextManager[AsyncConnection]:
    """A transaction over the tenants whose people the provider signs in."""
    if provider.serves_all:
        return runtime.database.transaction_of_all()
    return runtime.database.transaction({OPERATORS_TENANT, provider.tenant_id})


async def load(runtime: Runtime, provider_id: UUID) -> IdentityProvider | None:
    async with runtime.database.transaction_of_all() as conn:
        return await find_provider(conn, provider_id)


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def refused(provider_id: UUID, reason: str, text: str, status: int = 400) -> Response:
    """Why, is for the log: who asks learns nothing of who is known here."""
    names.SIGN_INS.labels("refused").inc()
    log.info("sign_in.refused", provider=str(provider_id), reason=reason)
    return message(CANNOT, text, status, up=UP)


def away(provider: IdentityProvider, error: UsherError) -> Response:
    """The provider cannot be asked, or no more in the way that it was configured."""
    kind = type(error).__name__ if isinstance(error, AddressRefused | NotFetched | NotThatIssuer) else error.slug
    log.warning("identity_provider.away", provider=str(provider.id), error=kind)
    return message(CANNOT, f"{provider.title} does not answer just now. Try again in a moment.", 503, up=UP)
