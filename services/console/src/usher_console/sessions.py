"""Sessions: a signed cookie holds an id and nothing else; what it stands for is in Redis, or it stands for nothing.

Redis keeps each session under a digest of its id, encrypted by the id: who reads Redis can take no session over.
Redis away fails closed: nobody is taken for signed in.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from cryptography.fernet import Fernet, InvalidToken
from itsdangerous import BadSignature, Signer
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usher_console.settings import SESSION_SECONDS, SIGN_IN_SECONDS
from usher_kit.telemetry.names import SESSIONS_AWAY

SALT = "usher.console.session"
HTTP_PORT = 80
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
    """Sessions in Redis. `secret` is the deployment's."""

    redis: Redis
    secret: str

    async def load(self, id_: str) -> Session:
        """The session of that id; an empty one where there is none. Raises SessionsAwayError."""
        try:
            sealed = await self.redis.get(key_of(id_))
        except (RedisError, OSError) as error:
            raise self._away() from error
        if sealed is None:
            return Session()
        try:
            return Session(id_, orjson.loads(self._seal(id_).decrypt(sealed)))
        except InvalidToken:
            return Session()

    async def save(self, session: Session) -> None:
        """Keep what the session holds now, forget what it left behind. A session that was ended stays ended."""
        try:
            for id_ in session.left_behind:
                await self.redis.delete(key_of(id_))
            if session.id is not None:
                await self._write(session.id, session, xx=True, keepttl=True)
            elif session:
                session.id = secrets.token_urlsafe(32)
                await self._write(session.id, session, ex=lasts(session))
        except (RedisError, OSError) as error:
            raise self._away() from error

    async def _write(self, id_: str, session: Session, **how: Any) -> None:
        await self.redis.set(key_of(id_), self._seal(id_).encrypt(orjson.dumps(session)), **how)

    def _seal(self, id_: str) -> Fernet:
        return Fernet(urlsafe_b64encode(hmac.digest(self.secret.encode(), id_.encode(), "sha256")))

    def _away(self) -> SessionsAwayError:
        SESSIONS_AWAY.inc()
        return SessionsAwayError("Redis does not answer")


def key_of(id_: str) -> str:
    return f"console:session:{hashlib.sha256(id_.encode()).hexdigest()}"


def lasts(session: Session) -> int:
    """Seconds that a session lasts: long once somebody has signed in, else as long as signing in may take."""
    return SESSION_SECONDS if "token" in session else SIGN_IN_SECONDS


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie: the id, signed. `url` is the console's address as browsers see it."""

    secret: str
    url: str

    @property
    def is_secure(self) -> bool:
        return self.url.startswith("https://")

    @property
    def name(self) -> str:
        """Over HTTPS a name that no subdomain can set; else one with the port, which browsers do not tell apart."""
        return "__Host-usher" if self.is_secure else f"usher-{urlsplit(self.url).port or HTTP_PORT}"

    def read(self, connection: HTTPConnection) -> str | None:
        """The id, if the cookie is ours."""
        try:
            return Signer(self.secret, SALT).unsign(connection.cookies.get(self.name, "")).decode()
        except BadSignature:
            return None

    def header(self, session: Session) -> str:
        """The Set-Cookie header that gives the session's id to the browser, or takes it away."""
        value = Signer(self.secret, SALT).sign(session.id).decode() if session.id else ""
        age = lasts(session) if session.id else 0
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
        store = SessionStore(connection.app.state.runtime.redis, self._cookie.secret)
        id_ = self._cookie.read(connection)
        session = await store.load(id_) if id_ else Session()
        scope["session"] = session
        before = dict(session)

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start" and (session != before or session.left_behind):
                await store.save(session)
                MutableHeaders(scope=message).append("Set-Cookie", self._cookie.header(session))
            await send(message)

        await self._app(scope, receive, send_with_cookie)
