"""The console as a browser meets it, with the other services played by one world in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from usher_console.clients.calls import ServiceClient
from usher_console.clients.entitlements import Entitlements
from usher_console.clients.identity import Identity
from usher_console.clients.reporting import Reporting
from usher_console.clients.usage import Usage
from usher_console.http.pages import Console
from usher_console.live import Hub
from usher_console.main import SERVICE
from usher_console.settings import ConsoleSettings
from usher_console.sign_in import sign_in
from usher_console.visitors import Visitors
from usher_kit.runtime import make_runtime
from usher_kit.service import make_app

from .house import IDENTITY, SECRET, World

HOME = "http://console.test"
COOKIE = "usher-80"
SESSION_SECRET = "signs the cookies of these tests"


@dataclass
class Hands:
    """A moment that a test moves by hand."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class MovedClock:
    """The machine's clock, moved on by hand."""

    by: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by

    def move_by(self, **time: float) -> None:
        self.by += timedelta(**time)


@dataclass
class Browser:
    """One browser: follows redirects within the console, and plays identity's part where it is sent there."""

    http: httpx2.AsyncClient
    world: World
    app: FastAPI
    hands: Hands
    clock: MovedClock

    async def sign_in(self) -> httpx2.Response:
        """From the console's start to the page that signing in leads to."""
        return await self.get("/sign-in")

    async def get(self, address: str, **headers: str) -> httpx2.Response:
        answer = await self.http.get(address, headers=headers)
        while answer.is_redirect:
            answer = await self._follow(answer.headers["location"])
        return answer

    async def _follow(self, address: str) -> httpx2.Response:
        if urlsplit(address).netloc != urlsplit(IDENTITY).netloc:
            return await self.http.get(address)
        async with httpx2.AsyncClient(transport=self.world.transport("identity")) as identity:
            return await identity.get(address)

    async def post(self, address: str, **form: str | list[str]) -> httpx2.Response:
        return await self.http.post(address, data={"csrf": await self.csrf(), **form})

    @property
    def session_id(self) -> str:
        return self.http.cookies[COOKIE].rpartition(".")[0]

    def comes_with(self, cookie: str) -> None:
        """This session cookie, and no other."""
        self.http.cookies.clear()
        self.http.cookies.set(COOKIE, cookie)

    def use_redis(self, redis: Redis) -> None:
        self.app.state.runtime = replace(self.app.state.runtime, redis=redis)

    async def csrf(self) -> str:
        """The token that the pages of this session carry."""
        page = await self.get("/users/" + str(self.world.me.id))
        return page.text.split('name="csrf" value="', 1)[1].split('"', 1)[0]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def browser(world: World, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    """A browser that has not signed in yet."""
    async with house(world, redis_url, monkeypatch) as found:
        yield found


@asynccontextmanager
async def house(world: World, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Browser]:
    monkeypatch.setenv("USHER_CONSOLE_CLIENT_SECRET", SECRET)
    monkeypatch.setenv("USHER_SESSION_SECRET", SESSION_SECRET)
    monkeypatch.setenv("USHER_CONSOLE_URL", HOME)
    monkeypatch.setenv("USHER_IDENTITY_URL", IDENTITY)
    monkeypatch.setenv("USHER_REDIS_URL", redis_url)
    settings = ConsoleSettings()
    app = make_app(SERVICE, "api")
    runtime = make_runtime("console", settings)
    hands, clock = Hands(), MovedClock()

    def client(service: str) -> ServiceClient:
        http = httpx2.AsyncClient(transport=world.transport(service), base_url=f"http://{service}.test")
        return ServiceClient(service, http)

    identity = Identity(client("identity"))
    app.state.runtime = runtime
    app.state.console = Console(
        settings=settings,
        identity=identity,
        entitlements=Entitlements(client("entitlements")),
        reporting=Reporting(client("reporting")),
        usage=Usage(client("usage")),
        visitors=Visitors(identity, hands),
        sign_in=sign_in(settings, clock, transport=world.transport("identity")),
        hub=Hub(),
    )
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app, raise_app_exceptions=False), base_url=HOME
    ) as http:
        yield Browser(http, world, app, hands, clock)
    await runtime.redis.aclose()
