"""Erasing to the end: what names an erased person outside their own rows, in the database and among dead letters."""

from collections.abc import Sequence
from typing import Any

import aio_pika
import orjson
from aio_pika.abc import AbstractConnection

from usher_contracts.catalogue import LISTENERS, PERSONAL
from usher_contracts.envelope import OPERATORS_TENANT
from usher_contracts.topology import COMMANDED
from usher_identity.store.erasure import Open, end, load_open
from usher_identity.store.traces_of_people import SHORTEST, remove_traces
from usher_kit import dead_letters
from usher_kit.dead_letters import Letter
from usher_kit.runtime import Runtime
from usher_kit.telemetry.names import ERASURE_OLDEST_SECONDS

AT_ONCE = 100


async def finish_erasures(runtime: Runtime) -> bool:
    """Finish those that are open. Answers whether there were as many as one round takes."""
    async with runtime.database.transaction_of_all() as conn:
        erasures = await load_open(conn, AT_ONCE)
        waits = (runtime.clock.now() - erasures[0].asked_at).total_seconds() if erasures else 0.0
        ERASURE_OLDEST_SECONDS.set(waits)
        if not erasures:
            return False
        async with await aio_pika.connect(runtime.settings.rabbitmq_url) as connection:
            await discard_letters(connection, erasures)
        await remove_traces(conn, erasures)
        await end(conn, erasures, runtime.clock.now())
    return len(erasures) == AT_ONCE


async def discard_letters(connection: AbstractConnection, erasures: Sequence[Open]) -> None:
    """Discard the dead letters, of every service, that name these people: sent again, they would change nothing."""
    for service in (*LISTENERS, COMMANDED):
        await dead_letters.discard(connection, service, lambda letter: any(names(letter, one) for one in erasures))


def names(letter: Letter, erasure: Open) -> bool:
    """Whether a letter is about the person, or has a mark of theirs as one of its values."""
    if letter.type in PERSONAL:
        return letter.subject == str(erasure.person_id)
    if letter.tenant_id not in (None, str(OPERATORS_TENANT), str(erasure.tenant_id)):
        return False
    # Two people may have one name in words, of which at most one is meant here.
    marks = {mark.lower() for mark in erasure.marks if " " not in mark}
    if (letter.subject or "").lower() in marks:
        return True
    try:
        return not marks.isdisjoint(values_of(orjson.loads(letter.body)))
    except orjson.JSONDecodeError:
        return any(len(mark) >= SHORTEST and mark in letter.body.lower() for mark in marks)


def values_of(said: Any) -> set[str]:
    """Every text in a body, in lower case."""
    if isinstance(said, str):
        return {said.strip().lower()}
    inner = said.values() if isinstance(said, dict) else said if isinstance(said, list) else ()
    return {text for one in inner for text in values_of(one)}
