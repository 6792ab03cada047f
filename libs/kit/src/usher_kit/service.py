"""A service as one program with roles, and with acts of its database's owner (interfaces: Processes and ports)."""

import argparse
import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import structlog
import uvicorn
from fastapi import APIRouter, FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from sqlalchemy import Connection, MetaData
from starlette.types import ASGIApp

from usher_contracts.topology import requests_queue
from usher_kit import asyncapi, dead_letters_http, health
from usher_kit.access import Guard, Lookup, find_in_directory
from usher_kit.batch import AT_ONCE, Linger
from usher_kit.body_limit import BodyLimit
from usher_kit.broker import Consumer, Messaging, connect
from usher_kit.consuming import Applier, Apply
from usher_kit.docs_page import add_docs_page
from usher_kit.documented import document_problems
from usher_kit.ended_sessions import EndedSessions
from usher_kit.idempotency import AnswerKeeper, forget
from usher_kit.logging import set_up as set_up_logging
from usher_kit.loops import Loop
from usher_kit.migrations import migrate, pending, raise_epoch
from usher_kit.outbox_watch import WATCH_OUTBOX
from usher_kit.ports import PORTS
from usher_kit.problems import add_problem_handlers
from usher_kit.re_emission.requests import taking
from usher_kit.re_emission.sources import History, Source
from usher_kit.re_emission.telling import telling
from usher_kit.relay import Relay
from usher_kit.runtime import Runtime, make_runtime
from usher_kit.security_headers import Policy, SecurityHeaders, nothing
from usher_kit.settings import ServiceSettings, database_url
from usher_kit.telemetry.tracing import goes_by_otlp, instrument_engine, shut_down
from usher_kit.telemetry.tracing import set_up as set_up_telemetry
from usher_kit.tokens import KeySource, PublishedKeys, Verifier
from usher_kit.wire import Read, decode

API_ROLES = frozenset({"api", "all"})
WORKER_ROLES = frozenset({"worker", "all"})
COLLECT = (50_000, 20, 20)
"""When to look for circles of garbage. A batch makes tens of thousands of objects and no circle: by the usual 700, the
looking takes as long as the work."""

log = structlog.get_logger()

UNTRACED = "healthz,readyz,metrics,docs,docs-assets,openapi.json"


async def forget_keys(runtime: Runtime) -> bool:
    """Idempotency keys serve for a day."""
    await forget(runtime.database)
    return False


FORGET_KEYS = Loop("forget keys", 3_600.0, forget_keys)


@dataclass(frozen=True)
class Service:
    """What is a service's own: the composition root of its program."""

    name: str
    settings: Callable[[], ServiceSettings]
    metadata: MetaData | None = None
    apply: Apply | Callable[[Runtime], Apply] = field(default_factory=dict)
    """What the service listens to; made of the runtime where a use case goes by a setting."""
    linger: Linger = AT_ONCE
    """How long what it listens to may wait for more of it."""
    read: Read = decode
    """How it reads what it listens to: facts, unless it says otherwise."""
    sources: Sequence[Source] = ()
    """What it tells again when it is asked to, in this order."""
    routers: Sequence[APIRouter] = ()
    loops: Sequence[Loop[Runtime]] = ()
    prepare: Callable[[Runtime], Awaitable[None]] | None = None
    """Brings in what the service cannot do without; runs at each start, before it is ready."""
    beside: Callable[[Runtime, FastAPI], AbstractAsyncContextManager[None]] | None = None
    """Runs beside the HTTP server as long as the process does; may add to `app.state.checks`."""
    lookup: Lookup = find_in_directory
    keys: Callable[[Runtime], KeySource] | None = None
    """Where signing keys come from; identity's JWKS unless the service is identity."""
    body_limits: Mapping[str, int] = field(default_factory=dict)
    own_error_forms: Sequence[str] = ()
    """Paths below which errors have another form than the problems of all else."""
    untraced: Sequence[str] = ()
    """Paths, as patterns, whose requests make no spans."""
    page_policy: Policy = nothing
    """What browsers may load for its pages; a page's own policy stands."""
    configure: Callable[[FastAPI], None] | None = None
    """Adds what only this service's app has: static files, middleware."""


def make_app(service: Service, role: str = "all") -> FastAPI:
    """The program of `role` as an ASGI application; starting it starts the role's background work."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = make_runtime(service.name, service.settings())
        async with running(service, role, runtime, app):
            yield

    app = FastAPI(
        title=f"Usher {service.name}",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    add_docs_page(app)
    document_problems(app)
    add_problem_handlers(app)
    app.add_middleware(AnswerKeeper)
    app.add_middleware(BodyLimit, limits=service.body_limits, own_form=service.own_error_forms)
    app.include_router(health.router)
    if role in API_ROLES:
        for router in (asyncapi.router, *service.routers):
            app.include_router(router)
        if service.apply:
            app.include_router(dead_letters_http.router)
        if service.configure:
            service.configure(app)
    untraced = ",".join([UNTRACED, *service.untraced])
    FastAPIInstrumentor.instrument_app(app, excluded_urls=untraced, exclude_spans=["receive", "send"])
    put_headers_around(app, service)
    return app


def put_headers_around(app: FastAPI, service: Service) -> None:
    """Put security headers around all else: middleware that is added as usual stands within what answers failures."""
    within, own = app.build_middleware_stack, cache(service.settings)

    def settings() -> ServiceSettings:
        """The running program's; the environment's where it was not started."""
        runtime: Runtime | None = getattr(app.state, "runtime", None)
        return own() if runtime is None else runtime.settings

    def build() -> ASGIApp:
        return SecurityHeaders(within(), settings, service.page_policy)

    app.build_middleware_stack = build  # type: ignore[method-assign]  # as the framework's instrumentation does


@asynccontextmanager
async def running(service: Service, role: str, runtime: Runtime, app: FastAPI) -> AsyncIterator[None]:
    """Everything that a process of `role` runs beside its HTTP server, from start to an orderly stop."""
    app.state.runtime = runtime
    app.state.role = role
    app.state.guard = make_guard(service, runtime)
    app.state.checks = {}
    async with AsyncExitStack() as stack:
        stack.push_async_callback(runtime.redis.aclose)
        stack.push_async_callback(runtime.outbound.aclose)
        stack.push_async_callback(runtime.database.close)
        if service.metadata is not None:
            await stack.enter_async_context(messaging(service, role, runtime, app))
        if service.beside:
            await stack.enter_async_context(service.beside(runtime, app))
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT)
        yield


@asynccontextmanager
async def messaging(service: Service, role: str, runtime: Runtime, app: FastAPI) -> AsyncIterator[None]:
    """The database's facts on their way: the relay and, in a worker, the loops and the subscriber."""
    settings: ServiceSettings = runtime.settings
    if goes_by_otlp() or settings.span_store is not None:
        instrument_engine(runtime.database.engine)
    if service.prepare:
        await service.prepare(runtime)
    connection = await connect(settings.rabbitmq_url, f"usher-{service.name} {role}")
    app.state.broker = connection
    kept = {source.routing_key: source.left_out for source in service.sources if isinstance(source, History)}
    own = Messaging(connection, Relay(runtime.database, connection, service.name, kept))
    runtime.database.on_facts = own.start_relay()
    if role in WORKER_ROLES:
        await start_work(service, runtime, own)
    app.state.checks.update(checks(service, runtime, own))
    try:
        yield
    finally:
        await runtime.loops.stop()
        await own.stop()


async def start_work(service: Service, runtime: Runtime, own: Messaging) -> None:
    """What a worker does: the loops, and the service's queues."""
    settings: ServiceSettings = runtime.settings
    for loop in (FORGET_KEYS, WATCH_OUTBOX, *service.loops):
        runtime.loops.start(loop, runtime)
    if service.apply:
        apply = service.apply(runtime) if callable(service.apply) else service.apply
        applier = Applier(service.name, apply, runtime.database, runtime.clock, read=service.read)
        await own.start_consumer(
            Consumer(
                settings.rabbitmq_url,
                applier,
                prefetch=settings.prefetch,
                max_facts=settings.batch_facts,
                linger=service.linger,
            )
        )
    if service.sources:
        runtime.loops.start(telling(service.sources), runtime)
        applier = Applier(service.name, taking(service.sources), runtime.database, runtime.clock)
        queue = requests_queue(service.name).name
        await own.start_consumer(Consumer(settings.rabbitmq_url, applier, prefetch=10, max_facts=100, queue=queue))


def make_guard(service: Service, runtime: Runtime) -> Guard:
    """How this service knows its callers."""
    keys = service.keys(runtime) if service.keys else PublishedKeys(runtime.settings.identity_url)
    verifier = Verifier(keys, runtime.settings.token_issuer, runtime.clock)
    return Guard(runtime.database, verifier, service.lookup, EndedSessions(runtime.redis))


def checks(service: Service, runtime: Runtime, own: Messaging) -> dict[str, health.Check]:
    """What readiness looks at."""

    async def database() -> str | None:
        def is_behind(conn: Connection) -> bool:
            return pending(conn, service.name)

        async with runtime.database.engine.connect() as conn:
            behind = await conn.run_sync(is_behind)
        return f"migrations are missing; run usher-{service.name} migrate" if behind else None

    async def broker() -> str | None:
        return None if own.is_ready else "not connected, or the consumer does not consume"

    return {"database": database, "broker": broker}


def make_parser(name: str) -> argparse.ArgumentParser:
    """What the program of a service may be asked to do."""
    parser = argparse.ArgumentParser(prog=f"usher-{name}")
    roles = parser.add_subparsers(dest="role", required=True)
    for role in ("api", "worker", "all", "migrate"):
        roles.add_parser(role)
    epoch = roles.add_parser("raise-epoch", help="after the database was restored, before anything is written there")
    epoch.add_argument(
        "--above", type=int, default=0, help="the highest epoch that it was in, if later than the backup"
    )
    return parser


def listening(name: str, settings: ServiceSettings) -> dict[str, Any]:
    """How the server of a service listens, as uvicorn's settings. By its own defaults it would believe any neighbor."""
    return {
        "host": settings.host,
        "port": settings.port or PORTS[name],
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "log_config": None,  # its lines go where libraries' go, as JSON
        "timeout_graceful_shutdown": 10,
    }


def run(service: Service, arguments: Sequence[str] | None = None) -> None:
    """The program's entry: `usher-<service> api|worker|all|migrate|raise-epoch`."""
    asked = make_parser(service.name).parse_args(arguments)
    role: str = asked.role
    settings = service.settings()
    set_up_logging(service.name)
    if role == "migrate":
        asyncio.run(migrate(service.name, database_url(settings, service.name)))
        return
    if role == "raise-epoch":
        number = asyncio.run(raise_epoch(database_url(settings, service.name), above=asked.above))
        log.info("epoch.raised", service=service.name, epoch=number)
        return
    set_up_telemetry(service.name, settings.span_store)
    try:
        uvicorn.run(make_app(service, role), **listening(service.name, settings))
    finally:
        shut_down()
