"""/v1/dead-letters: what a service could not apply, for those on call."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from aio_pika.abc import AbstractConnection
from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator

from usher_contracts.envelope import OPERATORS_TENANT
from usher_kit import dead_letters
from usher_kit.access import Access, Authorized
from usher_kit.audit import Act, audited, record
from usher_kit.dead_letters import Choice, Letter
from usher_kit.errors import NotFound
from usher_kit.runtime import Running, Runtime

router = APIRouter(prefix="/v1/dead-letters", tags=["dead letters"])


async def connection(request: Request) -> AbstractConnection:
    """The process's connection to the broker."""
    found: AbstractConnection = request.app.state.broker
    return found


Broker = Annotated[AbstractConnection, Depends(connection)]


class CauseAnswer(BaseModel):
    """Letters that failed alike."""

    cause: str
    reason: str
    type: str
    detail: str
    letters: int


class LetterAnswer(BaseModel):
    """One letter, whole."""

    id: str
    cause: str
    type: str
    subject: str | None
    tenant_id: str | None
    reason: str
    detail: str
    trace_id: str | None
    at: datetime | None
    content_type: str
    body: str


class DeadLetters(BaseModel):
    """What lies in the service's dead letters."""

    causes: list[CauseAnswer]
    items: list[LetterAnswer]
    next_cursor: None = None


class Selection(BaseModel):
    """Which letters: some by id, those of one cause, or all of them."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[frozenset[str], Field(max_length=1_000)] = frozenset()
    cause: str | None = None
    all: bool = False

    @model_validator(mode="after")
    def choose_somehow(self) -> "Selection":
        if sum((bool(self.ids), self.cause is not None, self.all)) != 1:
            raise ValueError("say which letters by exactly one of: ids, cause, all")
        return self

    def choice(self) -> Choice:
        return lambda letter: self.all or letter.id in self.ids or letter.cause == self.cause


class Dealt(BaseModel):
    """How many letters were dealt with."""

    letters: int


@router.get("")
async def list_dead_letters(
    access: Authorized, broker: Broker, runtime: Running, cause: Annotated[str | None, Query(max_length=20)] = None
) -> DeadLetters:
    """The letters, and how many there are of each cause."""
    access.require_system()
    letters = await dead_letters.look(broker, runtime.service)
    return DeadLetters(
        causes=[CauseAnswer(**asdict(one)) for one in dead_letters.by_cause(letters)],
        items=[to_answer(one) for one in letters if cause in (None, one.cause)],
    )


@router.post(":replay", dependencies=[audited("dead_letters.replay")])
async def replay(access: Authorized, broker: Broker, runtime: Running, selection: Selection) -> Dealt:
    """Send letters to the service again."""
    return await deal(dead_letters.replay, access, broker, runtime, selection)


@router.post(":discard", dependencies=[audited("dead_letters.discard")])
async def discard(access: Authorized, broker: Broker, runtime: Running, selection: Selection) -> Dealt:
    """Remove letters for good."""
    return await deal(dead_letters.discard, access, broker, runtime, selection)


async def deal(
    how: Callable[[AbstractConnection, str, Choice], Awaitable[int]],
    access: Access,
    broker: AbstractConnection,
    runtime: Runtime,
    selection: Selection,
) -> Dealt:
    """Deal with the chosen letters and write it down. Raises NotFound where there are none."""
    access.require_system()
    count = await how(broker, runtime.service, selection.choice())
    if not count:
        raise NotFound("No such dead letters; list them to see which there are.")
    tenant = access.caller.tenant_id or OPERATORS_TENANT
    target = selection.cause or ",".join(sorted(selection.ids))[:300] or "all"
    act = Act(f"dead_letters.{how.__name__}", target, tenant, after={"letters": count})
    async with access.database.transaction([tenant]) as conn:
        await record(conn, runtime.service, [act], at=runtime.clock.now(), cause=access.cause(), address=access.address)
    return Dealt(letters=count)


def to_answer(letter: Letter) -> LetterAnswer:
    return LetterAnswer(cause=letter.cause, **asdict(letter))
