"""/scim/v2: SCIM 2.0 for the upstream whose token is sent (RFC 7643, 7644).

It describes itself to clients by its own discovery, and is no part of the OpenAPI document: its paths, media type and
errors are those of the RFCs, and their own tester looks at them.
"""

from collections.abc import Mapping
from datetime import timedelta
from math import ceil

import orjson
from fastapi import APIRouter, Request, Response
from scim2_models import NotFoundException, PayloadTooLargeException, SCIMException, UnauthorizedException
from scim2_server.requests import ScimRequest
from scim2_server.responses import ScimResponse
from scim2_server.routing import Operation

from usher_identity.domain.scim import Space as Owner
from usher_identity.domain.upstreams import Upstream
from usher_identity.oidc import opaque
from usher_identity.scim.catching_up import LOOP
from usher_identity.scim.handler import Handler
from usher_identity.scim.resources import MAX_BULK_BYTES
from usher_identity.scim.rounds import write
from usher_identity.scim.service import SERVICE, decoded, listed
from usher_identity.scim.shown import Asked, add_related
from usher_identity.scim.space import Space
from usher_identity.store.organizations import lock_trees
from usher_identity.use_cases.scim_tokens import let_in
from usher_kit.errors import TooLarge
from usher_kit.runtime import Running, Runtime

PATH = "/scim/v2"
BULK = f"{PATH}/Bulk"
MAX_BYTES = MAX_BULK_BYTES
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
WRITES = frozenset({Operation.create, Operation.replace, Operation.patch, Operation.delete, Operation.bulk})
SHOWS = frozenset(
    {
        Operation.create,
        Operation.replace,
        Operation.patch,
        Operation.query,
        Operation.search,
        Operation.search_with_body,
    }
)

router = APIRouter(prefix=PATH, include_in_schema=False)


class TooManyRequests(SCIMException):
    """The quota of the minute is used up."""

    status = 429

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, ceil(wait.total_seconds()))
        super().__init__(detail=f"More than this upstream's quota a minute; send it again in {self.seconds} s")


@router.api_route("", methods=METHODS)
@router.api_route("/{rest:path}", methods=METHODS)
async def scim(request: Request, runtime: Running, rest: str = "") -> Response:
    """Whatever a client asks for by SCIM."""
    try:
        return to_response(await serve(runtime, request, f"/{rest}"))
    except TooManyRequests as error:
        return to_response(SERVICE.error_response(error), {"Retry-After": str(error.seconds)})
    except SCIMException as error:
        return to_response(SERVICE.error_response(error))
    except TooLarge as error:
        return to_response(SERVICE.error_response(PayloadTooLargeException(detail=error.detail)))


async def serve(runtime: Runtime, request: Request, path: str) -> ScimResponse:
    """Raises SCIMException for what is refused, in the order: who asks, what, how often, and how."""
    secret = opaque.read(bearer(request.headers.get("Authorization")))
    if secret is None:
        raise UnauthorizedException(detail="Send the token of a SCIM upstream: Authorization: Bearer …")
    asked = await to_scim(runtime, request, path)
    async with runtime.database.transaction([secret.tenant_id]) as conn:
        let = await let_in(conn, secret.tenant_id, secret.hash, weight(asked), runtime.clock.now())
    if let is None:
        raise UnauthorizedException(detail="The token is not one of a SCIM upstream, or is valid no more")
    if let.wait is not None:
        raise TooManyRequests(let.wait)
    return await answer(runtime, let.upstream, asked)


async def answer(runtime: Runtime, upstream: Upstream, asked: ScimRequest) -> ScimResponse:
    """One transaction in which all that is asked is done, or none of it; but a bulk's operations each by itself."""
    operation = SERVICE.match(asked).operation
    at, owner = runtime.clock.now(), Owner(upstream.tenant_id, upstream.name)
    async with runtime.database.transaction([upstream.tenant_id]) as conn:
        if operation in WRITES:
            await lock_trees(conn, [upstream.tenant_id])
            found = await write(conn, upstream, asked, at)
        else:
            found = await Handler(Space(conn, owner, at)).handle(asked)
        if operation in SHOWS and found.body is not None:
            is_search = operation is Operation.search_with_body
            wanted = Asked.of(asked.query, asked.body, is_search=is_search)
            await add_related(conn, owner, asked.base_url, found.body, wanted)
    if operation in WRITES:
        runtime.wake(LOOP)
    return found


async def to_scim(runtime: Runtime, request: Request, path: str) -> ScimRequest:
    """Raises NotFoundException for an address that no text can be."""
    if "\x00" in path:
        raise NotFoundException(detail="No SCIM endpoint is here")
    return ScimRequest(
        method=request.method,
        base_url=f"{runtime.settings.token_issuer}{PATH}",
        path=path,
        query=dict(request.query_params),
        headers=request.headers.items(),
        body=await request.body(),
    )


def bearer(header: str | None) -> str | None:
    kind, _, token = (header or "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def weight(asked: ScimRequest) -> int:
    """How much a request counts: a bulk as its operations, any other as one."""
    if asked.path.strip("/") != "Bulk":
        return 1
    return max(1, len(listed(decoded(asked.body))))


def to_response(found: ScimResponse, headers: Mapping[str, str] | None = None) -> Response:
    content = b"" if found.body is None else orjson.dumps(found.body)
    return Response(content, found.status, {**found.headers, **(headers or {})})
