"""The other services as the console knows them: small apps that answer from one world, which a test changes."""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import httpx2
from fastapi import FastAPI, Form, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import ECKey

from usher_console.clients.entitlements import Explanation, Seat
from usher_console.clients.identity import Me, Organization, Person
from usher_console.clients.reporting import Claim, Dashboard, UnitFigures
from usher_console.clients.usage import KeptSeat

from . import story

IDENTITY = "http://identity.test"
HISTORY_PAGE = 3
MOST_EXPORTS = 3
SECRET = "a secret of at least sixteen letters"


@dataclass
class World:
    """What the services know; `away` names those that do not answer."""

    me: Me = field(default_factory=story.administrator)
    people: dict[UUID, Person] = field(default_factory=lambda: {p.id: p for p in map(story.person, range(1, 9))})
    organizations: list[Organization] = field(default_factory=story.organizations)
    dashboard: Dashboard = field(default_factory=story.dashboard)
    units: list[UnitFigures] = field(default_factory=story.units)
    seats: list[Seat] = field(default_factory=story.seats)
    explanations: dict[str, Explanation] = field(default_factory=story.explanations)
    history: list[Claim] = field(default_factory=list)
    links: dict[str, KeptSeat] = field(default_factory=dict)
    files: dict[UUID, bytes] = field(default_factory=dict)
    reports: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    questions: list[dict[str, str]] = field(default_factory=list)
    exports: list[dict[str, Any]] = field(default_factory=list)
    applied: int = 10_000
    away: set[str] = field(default_factory=set)
    takes_tokens: bool = True
    refuses_renewal: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def transport(self, service: str) -> httpx2.AsyncBaseTransport:
        """A way to the service that does not leave this process."""
        return Wire(self, service, httpx2.ASGITransport(APPS[service](self)))


@dataclass
class Wire(httpx2.AsyncBaseTransport):
    world: World
    service: str
    inner: httpx2.AsyncBaseTransport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.service in self.world.away:
            raise httpx2.ConnectError("nobody listens")
        self.world.asked.append(f"{request.method} {request.url.path}")
        return await self.inner.handle_async_request(request)


def require(world: World, authorization: str) -> None:
    if not authorization.startswith("Bearer access-") or not world.takes_tokens:
        raise HTTPException(401)


def identity(world: World) -> FastAPI:
    app = FastAPI()
    add_sign_in(app, world, ECKey.generate_key("P-256", {"kid": "k1", "use": "sig", "alg": "ES256"}))
    add_people(app, world)
    return app


def add_sign_in(app: FastAPI, world: World, key: ECKey) -> None:
    """An OIDC provider that signs in at once whoever comes, and insists on PKCE and on the client's secret."""

    @app.get("/.well-known/openid-configuration")
    def discovery() -> dict[str, Any]:
        return {
            "issuer": IDENTITY,
            "authorization_endpoint": f"{IDENTITY}/oauth/authorize",
            "token_endpoint": f"{IDENTITY}/oauth/token",
            "jwks_uri": f"{IDENTITY}/.well-known/jwks.json",
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }

    @app.get("/.well-known/jwks.json")
    def keys() -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False)]}

    @app.get("/oauth/authorize")
    def authorize(request: Request) -> Response:
        asked = dict(request.query_params)
        code = secrets.token_urlsafe(8)
        world.codes[code] = asked
        query = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302)

    @app.post("/oauth/token")
    def token(
        authorization: Annotated[str, Header()],
        grant_type: Annotated[str, Form()],
        code: Annotated[str, Form()] = "",
        code_verifier: Annotated[str, Form()] = "",
        refresh_token: Annotated[str, Form()] = "",
    ) -> Any:
        if grant_type == "refresh_token":
            if world.refuses_renewal or not refresh_token:
                return JSONResponse({"error": "invalid_grant"}, 400)
            return tokens()
        asked = world.codes.pop(code)
        digest = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        basic = base64.b64encode(f"console:{SECRET}".encode()).decode()
        if digest != asked["code_challenge"] or authorization != f"Basic {basic}":
            raise HTTPException(400)
        now = int(time.time())
        claims = {
            "iss": IDENTITY,
            "sub": str(world.me.id),
            "aud": "console",
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 600,
        }
        return {**tokens(), "id_token": jwt.encode({"alg": "ES256", "kid": "k1"}, claims, key)}


def tokens() -> dict[str, Any]:
    secret = secrets.token_hex(4)
    return {"access_token": f"access-{secret}", "refresh_token": f"refresh-{secret}", "expires_in": 600}


def add_people(app: FastAPI, world: World) -> None:
    @app.get("/v1/me")
    def me(authorization: Annotated[str, Header()]) -> Me:
        require(world, authorization)
        return world.me

    @app.get("/v1/organizations")
    def organizations() -> dict[str, Any]:
        return {"items": [o.model_dump(mode="json") for o in world.organizations], "next_cursor": None}

    @app.get("/v1/organizations/{org_id}")
    def organization(org_id: UUID) -> Organization:
        return next(o for o in world.organizations if o.id == org_id)

    @app.get("/v1/users")
    def users(q: str = "", limit: int = 50, cursor: str = "0") -> dict[str, Any]:
        found = [p for p in world.people.values() if q.lower() in p.display_name.lower()]
        start, end = int(cursor), int(cursor) + limit
        items = [p.model_dump(mode="json") for p in found[start:end]]
        return {"items": items, "next_cursor": str(end) if end < len(found) else None}

    @app.get("/v1/users/{user_id}")
    def user(user_id: UUID) -> Person:
        if user_id == world.me.id:
            return world.me
        if user_id not in world.people:
            raise HTTPException(404)
        return world.people[user_id]

    @app.put("/v1/users/{user_id}/roles")
    async def set_roles(user_id: UUID, request: Request, if_match: Annotated[str, Header()]) -> Person:
        before = world.people[user_id]
        if if_match != f'"{before.version}"':
            raise HTTPException(412)
        roles = (await request.json())["roles"]
        world.people[user_id] = before.model_copy(update={"roles": roles, "version": before.version + 1})
        return world.people[user_id]


def reporting(world: World) -> FastAPI:
    app = FastAPI()

    @app.get("/v1/dashboard")
    def dashboard(org_id: UUID | None = None) -> Dashboard:
        if org_id is not None and org_id not in story.NAMES:
            raise HTTPException(404)
        return world.dashboard

    @app.get("/v1/users/{user_id}/seats/{product}/history")
    def history(user_id: UUID, product: str, cursor: int = 0) -> dict[str, Any]:
        if user_id not in world.people:
            raise HTTPException(404)
        items = [claim.model_dump(mode="json") for claim in world.history if product in world.explanations]
        more = cursor + HISTORY_PAGE < len(items)
        return {
            "items": items[cursor : cursor + HISTORY_PAGE],
            "next_cursor": str(cursor + HISTORY_PAGE) if more else None,
        }

    @app.get("/v1/exports/{export_id}/file")
    def file(export_id: UUID, authorization: Annotated[str, Header()] = "") -> Response:
        require(world, authorization)
        if export_id not in world.files:
            raise HTTPException(410, "The file was kept for its days, and has expired.")
        headers = {"content-disposition": 'attachment; filename="usher-claims.csv"', "etag": '"one"', "x-own": "1"}
        return Response(world.files[export_id], media_type="text/csv", headers=headers)

    @app.get("/v1/dashboard/organizations")
    def units(limit: int, cursor: int = 0) -> dict[str, Any]:
        items = [u.model_dump(mode="json") for u in world.units[cursor : cursor + limit]]
        return {"items": items, "next_cursor": str(cursor + limit) if cursor + limit < len(world.units) else None}

    add_reports(app, world)
    return app


def add_reports(app: FastAPI, world: World) -> None:
    """Reports that answer what the world holds at their paths, and note what they were asked."""

    @app.get("/v1/exports")
    def exports() -> dict[str, Any]:
        return {"items": world.exports[::-1], "next_cursor": None}

    @app.post("/v1/exports", status_code=202)
    async def start(request: Request) -> dict[str, Any]:
        asked = await request.json()
        if len(world.exports) == MOST_EXPORTS:
            raise HTTPException(409, "3 of your exports are not done yet.")
        world.exports.append({**story.export(len(world.exports)), **asked})
        return world.exports[-1]

    @app.get("/v1/{path:path}")
    def report(path: str, request: Request, cursor: int = 0, limit: int = 50) -> dict[str, Any]:
        asked = dict(request.query_params)
        world.questions.append(asked)
        if asked.get("since", "") > asked.get("until", "9"):
            raise HTTPException(422, "The first day is after the last.")
        found = world.reports.get(path, [])
        return {
            "items": found[cursor : cursor + limit],
            "next_cursor": str(cursor + limit) if cursor + limit < len(found) else None,
        }


def entitlements(world: World) -> FastAPI:
    app = FastAPI()

    @app.get("/v1/products")
    def products() -> dict[str, Any]:
        return {"items": [{"product": product, "name": product.capitalize()} for product in world.explanations]}

    @app.get("/v1/users/{user_id}/seats")
    def seats(user_id: UUID) -> dict[str, Any]:
        if user_id not in world.people:
            raise HTTPException(404)
        return {"items": [seat.model_dump(mode="json") for seat in world.seats], "next_cursor": None}

    @app.get("/v1/explain")
    def explain(product: str, user_version: int = 0) -> Explanation:
        return world.explanations[product] if user_version <= world.applied else story.on_its_way(product)

    return app


OLD = "old"
"""A link whose time is over."""


def usage(world: World) -> FastAPI:
    app = FastAPI()

    def find(token: str, request: Request) -> KeptSeat:
        assert "authorization" not in request.headers
        if token == OLD:
            raise HTTPException(410)
        if token not in world.links:
            raise HTTPException(404)
        return world.links[token]

    @app.get("/v1/keeps/{token}")
    def look(token: str, request: Request) -> KeptSeat:
        return find(token, request)

    @app.post("/v1/keeps/{token}")
    def keep(token: str, request: Request) -> KeptSeat:
        seat = find(token, request)
        if seat.state != "held":
            raise HTTPException(409)
        world.links[token] = seat.model_copy(update={"reclaim_due": None, "kept_until": story.FAR_AHEAD})
        return world.links[token]

    return app


APPS: dict[str, Callable[[World], FastAPI]] = {
    "identity": identity,
    "reporting": reporting,
    "entitlements": entitlements,
    "usage": usage,
}
