"""The console's program: its pages, its clients of the other services, and the stream of changes."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from types import FrameType

import httpx2
from fastapi import FastAPI
from opentelemetry.instrumentation.httpx import HTTPX2ClientInstrumentor

from usher_console.clients.calls import ServiceClient
from usher_console.clients.entitlements import Entitlements
from usher_console.clients.identity import Identity
from usher_console.clients.reporting import Reporting
from usher_console.clients.usage import Usage
from usher_console.headers import page_policy
from usher_console.http import entrance, exports, keeping, licenses, live, people, person, reports, seat_history
from usher_console.http.failures import add_failure_pages, sent_by_another_site, sessions_away
from usher_console.http.pages import Console
from usher_console.live import Hub, listen
from usher_console.own_site import OwnSite
from usher_console.sessions import SessionCookie, Sessions
from usher_console.settings import ConsoleSettings
from usher_console.sign_in import sign_in
from usher_console.visitors import Visitors
from usher_kit.runtime import Runtime
from usher_kit.service import Service, run

TIMEOUT = httpx2.Timeout(5.0, connect=1.0)
"""A page waits this long for a service at most, then says what is missing."""


@asynccontextmanager
async def beside(runtime: Runtime, app: FastAPI) -> AsyncIterator[None]:
    """The clients, and the listener to pools; both end with the process."""
    settings: ConsoleSettings = runtime.settings
    async with AsyncExitStack() as stack:

        async def client(service: str, url: str) -> ServiceClient:
            http = await stack.enter_async_context(httpx2.AsyncClient(base_url=url, timeout=TIMEOUT))
            HTTPX2ClientInstrumentor.instrument_client(http)  # type: ignore[arg-type]  # its stub names httpx's client
            return ServiceClient(service, http)

        identity = Identity(await client("identity", settings.identity_url))
        app.state.console = Console(
            settings=settings,
            identity=identity,
            entitlements=Entitlements(await client("entitlements", settings.entitlements_url)),
            reporting=Reporting(await client("reporting", settings.reporting_url)),
            usage=Usage(await client("usage", settings.usage_url)),
            visitors=Visitors(identity),
            sign_in=sign_in(settings, runtime.clock, timeout=TIMEOUT),
            hub=Hub(),
        )
        await stack.enter_async_context(following(runtime, app))
        yield


@asynccontextmanager
async def following(runtime: Runtime, app: FastAPI) -> AsyncIterator[None]:
    """Listen to pools in the background, and say so in readiness."""
    hub: Hub = app.state.console.hub

    async def broker() -> str | None:
        return None if hub.is_listening else "not consuming news of pools"

    async def sessions() -> str | None:
        await runtime.redis.ping()
        return None

    app.state.checks.update({"broker": broker, "sessions": sessions})
    on_signal(hub.close)
    task = asyncio.create_task(listen(runtime.settings.rabbitmq_url, hub), name="pools")
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def on_signal(act: Callable[[], None]) -> None:
    """Act before the server's own handler does: it waits for open streams, and nothing else would end them."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        servers_own = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None, servers_own: object = servers_own) -> None:
            loop.call_soon_threadsafe(act)
            if callable(servers_own):
                servers_own(number, frame)

        if callable(servers_own):
            signal.signal(number, handle)


def configure(app: FastAPI) -> None:
    """The middleware around every page; the last added is the outermost."""
    settings = ConsoleSettings()
    cookie = SessionCookie(settings.session_secret, settings.console_url)
    app.add_middleware(Sessions, cookie=cookie, away=sessions_away)
    app.add_middleware(OwnSite, url=settings.console_url, refused=sent_by_another_site)
    add_failure_pages(app)


SERVICE = Service(
    name="console",
    settings=ConsoleSettings,
    routers=[
        entrance.router,
        keeping.router,
        licenses.router,
        people.router,
        person.router,
        seat_history.router,
        reports.router,
        exports.router,
        live.router,
    ],
    beside=beside,
    page_policy=page_policy,
    configure=configure,
)


def main() -> None:
    run(SERVICE)
