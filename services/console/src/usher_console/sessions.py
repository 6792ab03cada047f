"""Sessions: a signed cookie holds an id and nothing else; what it stands for is in Redis, or it stands for nothing.

Redis away fails closed: nobody is taken for signed in.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import orjson
from itsdangerous import BadSignature, Signer
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usher_console.settings import SESSION_SECONDS
from usher_kit.telemetry.names import SESSIONS_AWAY

SALT = "usher.console.session"
WITHOUT_SESSION = ("/assets/", "/healthz", "/readyz", "/metrics")


class SessionsAwayError(Exception):
    """Redis does not answer, so nobody can be known to be signed in."""


class Session(dict[str, Any]):
    """One browser's session. `renew` gives it another id, so that an id known before signing in is worth nothing."""

    def __init__(self, id_: str | None = None, content: dict[str, Any] | None = None) -> None:
        super().__init__(content or {})
        self.id = id_
        self.left_behind: list[str] = []

    def renew(self) -> None:
        """Begin anew, empty, under another id."""
        self.clear()
        if self.id is not None:
            self.left_behind.append(self.id)
        self.id = None


@dataclass(frozen=True, slots=True)
class SessionStore:
    """Sessions in Redis, under a digest of their id: who reads Redis cannot take a session over."""

    redis: Redis

    async def load(self, id_: str) -> Session:
        """The session of that id; an empty one where there is none. Raises SessionsAwayError."""
        try:
            content = await self.redis.get(key_of(id_))
        except (RedisError, OSError) as error:
            raise self._away() from error
        return Session(id_, orjson.loads(content)) if content else Session()

    async def save(self, session: Session) -> None:
        """Keep what the session holds now, forget what it left behind. A session that was ended stays ended."""
        try:
            for id_ in session.left_behind:
                await self.redis.delete(key_of(id_))
            if session.id is not None:
                await self.redis.set(key_of(session.id), orjson.dumps(session), xx=True, keepttl=True)
            elif session:
                session.id = secrets.token_urlsafe(32)
                await self.redis.set(key_of(session.id), orjson.dumps(session), ex=SESSION_SECONDS)
        except (RedisError, OSError) as error:
            raise self._away() from error

    def _away(self) -> SessionsAwayError:
        SESSIONS_AWAY.inc()
        return SessionsAwayError("Redis does not answer")


def key_of(id_: str) -> str:
    return f"console:session:{hashlib.sha256(id_.encode()).hexdigest()}"


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie: the id, signed. Over HTTPS its name makes browsers refuse one that a subdomain has set."""

    secret: str
    is_secure: bool

    @property
    def name(self) -> str:
        return "__Host-usher" if self.is_secure else "usher"

    def read(self, connection: HTTPConnection) -> str | None:
        """The id, if the cookie is ours."""
        try:
            return Signer(self.secret, SALT).unsign(connection.cookies.get(self.name, "")).decode()
        except BadSignature:
            return None

    def header(self, id_: str | None) -> str:
        """The Set-Cookie header that gives the id to the browser, or takes it away."""
        value = Signer(self.secret, SALT).sign(id_).decode() if id_ else ""
        age = SESSION_SECONDS if id_ else 0
        secure = "; Secure" if self.is_secure else ""
        return f"{self.name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"


class Sessions:
    """ASGI middleware: `request.session` is the browser's session; what a request changes is kept before its answer.

    `away` answers instead, when Redis does not.
    """

    def __init__(self, app: ASGIApp, cookie: SessionCookie, away: ASGIApp) -> None:
        self._app = app
        self._cookie = cookie
        self._away = away

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(WITHOUT_SESSION):
            await self._app(scope, receive, send)
            return
        try:
            await self._with_session(scope, receive, send)
        except SessionsAwayError:
            await self._away(scope, receive, send)

    async def _with_session(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        store = SessionStore(connection.app.state.runtime.redis)
        id_ = self._cookie.read(connection)
        session = await store.load(id_) if id_ else Session()
        scope["session"] = session
        before = dict(session)

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and (session != before or session.left_behind):
                await store.save(session)
                MutableHeaders(scope=message).append("Set-Cookie", self._cookie.header(session.id))
            await send(message)

        await self._app(scope, receive, send_with_cookie)
