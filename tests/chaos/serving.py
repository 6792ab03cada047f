"""A service's real program in a process of its own, which kills itself at the point that it is armed for.

Nothing in the product knows of it: the kit's functions are wrapped from outside, in this process alone.
"""

import ctypes
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import aiormq.channel
from sqlalchemy import Connection, Engine, event

import usher_identity.importing.claims
import usher_kit.leases
import usher_kit.service
import usher_kit.subscriber
from usher_kit.consuming import Applier
from usher_kit.database import FACTS_ADDED
from usher_kit.idempotency import WRITES, AnswerKeeper
from usher_kit.loops import Loop, Loops
from usher_kit.relay import Relay

from .points import Charge, Fuse, Point

PROGRAMS = {
    name: import_module(f"usher_{name}.main")
    for name in ("identity", "entitlements", "usage", "notifications", "reporting", "console")
}
"""All are loaded before any process is forked: loading is what starting costs."""

PATIENCE_SECONDS = 3.0
"""How long a batch is held while the database is away, instead of a minute: so that giving it back is seen too."""

LEASE = timedelta(seconds=4)
RENEW_SECONDS = 1
"""How long an import whose worker died waits for another, instead of a minute."""

DIE_WITH_PARENT = 1
"""`PR_SET_PDEATHSIG` of prctl(2)."""

WHERE: ContextVar[str] = ContextVar("where", default="")
"""Which part of the program the present task is in: `apply`, `relay`, `claimed` (by the relay), `http` or `loop`."""

SAVED: Mapping[str, Point] = {
    "apply": Point.APPLY_SAVED,
    "claimed": Point.RELAY_DELETED,
    "http": Point.HTTP_SAVED,
    "loop": Point.LOOP_SAVED,
}


@dataclass(slots=True)
class Trigger:
    """Counts passages of the point that the process is armed for."""

    fuse: Fuse
    armed: Charge | None = None
    passed: int = field(default=0)

    def pass_by(self, point: Point) -> None:
        """Die here, if this is the passage that the process is armed for."""
        charge = self.fuse.read()
        if charge != self.armed:
            self.armed, self.passed = charge, 0
        if charge is None or charge.point is not point:
            return
        self.passed += 1
        if self.passed >= charge.count:
            self.fuse.charge.rename(self.fuse.struck)
            os.kill(os.getpid(), signal.SIGKILL)


def serve(service: str, role: str, environment: Mapping[str, str], fuse: Fuse, log: Path) -> None:
    """The process's whole life: `usher-<service> <role>` with this environment and no other."""
    ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    os.setsid()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.clear()
    os.environ.update(environment)
    mine(Trigger(fuse))
    usher_kit.service.run(PROGRAMS[service].SERVICE, [role])


def mine(trigger: Trigger) -> None:
    """Lay the trigger at every point."""
    mine_consumer(trigger)
    mine_relay(trigger)
    mine_http(trigger)
    mine_loops()
    mine_database(trigger)


def mine_consumer(trigger: Trigger) -> None:
    acknowledge = usher_kit.subscriber.acknowledge

    async def acknowledge_unless_struck(delivery: Any) -> None:
        trigger.pass_by(Point.APPLY_COMMITTED)
        await acknowledge(delivery)

    put(usher_kit.subscriber, "acknowledge", acknowledge_unless_struck)
    within(Applier, "_in_one_transaction", "apply")
    put(usher_kit.service, "Applier", partial(Applier, patience=PATIENCE_SECONDS))


def mine_relay(trigger: Trigger) -> None:
    within(Relay, "publish_once", "relay")
    publish = Relay._publish_groups
    take_confirm = aiormq.channel.Channel._on_confirm_frame

    async def publish_groups(relay: Relay, groups: Any) -> set[int]:
        unconfirmed = await publish(relay, groups)
        WHERE.set("claimed")
        trigger.pass_by(Point.RELAY_CONFIRMED)
        return unconfirmed

    async def confirm(channel: aiormq.channel.Channel, frame: Any) -> None:
        # The broker has the message, and has said so; the relay does not know yet.
        trigger.pass_by(Point.RELAY_SENT)
        await take_confirm(channel, frame)

    put(Relay, "_publish_groups", publish_groups)
    put(aiormq.channel.Channel, "_on_confirm_frame", confirm)


def mine_http(trigger: Trigger) -> None:
    handle = AnswerKeeper.__call__

    async def handle_unless_struck(keeper: AnswerKeeper, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["method"] not in WRITES or scope["path"].startswith("/oauth"):
            await handle(keeper, scope, receive, send)
            return

        async def answer(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and message["status"] < 300:
                trigger.pass_by(Point.HTTP_COMMITTED)
            await send(message)

        WHERE.set("http")
        await handle(keeper, scope, receive, answer)

    put(AnswerKeeper, "__call__", handle_unless_struck)


def mine_loops() -> None:
    start = Loops.start

    def start_within(loops: Loops[Any], loop: Loop[Any], runtime: Any) -> None:
        async def run(runtime: Any) -> bool:
            WHERE.set("loop")
            return await loop.run(runtime)

        start(loops, replace(loop, run=run), runtime)

    put(Loops, "start", start_within)
    put(usher_identity.importing.claims, "LEASE", LEASE)
    put(usher_kit.leases, "RENEW_SECONDS", RENEW_SECONDS)


def mine_database(trigger: Trigger) -> None:
    """The points inside transactions. A request or a loop counts where its transaction tells facts."""

    def before_commit(conn: Connection) -> None:
        where = WHERE.get()
        if where in ("apply", "claimed") or (where in ("http", "loop") and conn.info.get(FACTS_ADDED)):
            trigger.pass_by(SAVED[where])

    def before_statement(*_: Any) -> None:
        if WHERE.get() == "apply":
            trigger.pass_by(Point.APPLY_BEGUN)

    event.listen(Engine, "commit", before_commit)
    event.listen(Engine, "before_cursor_execute", before_statement)


def within(owner: type, name: str, where: str) -> None:
    """Have a method's tasks know that they are in it."""
    method: Callable[..., Awaitable[Any]] = getattr(owner, name)

    async def marked(*arguments: Any, **named: Any) -> Any:
        token = WHERE.set(where)
        try:
            return await method(*arguments, **named)
        finally:
            WHERE.reset(token)

    put(owner, name, marked)


def put(owner: object, name: str, value: object) -> None:
    """Put something else in the place of a name that is there."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name} any more: the faults are laid in the wrong place")
    setattr(owner, name, value)
