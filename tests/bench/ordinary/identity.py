"""The ordinary identity: tells the people who are new, one message each, eight at once."""

import asyncio

import orjson
from sqlalchemy import select
from tests.bench.ordinary.broker import HANDLERS, Program, mapped

from usher_contracts.envelope import Event
from usher_contracts.identity import UserChanged
from usher_identity.tables import OUTBOX

PROGRAM = Program("identity")
PAGE = 200
Waiting = mapped(OUTBOX)


async def tell_people() -> None:
    """Publish what waits, page by page; a row goes once its message is confirmed."""
    while True:
        async with PROGRAM.sessions() as session, session.begin():
            rows = list(await session.scalars(select(Waiting).order_by(Waiting.id).limit(PAGE).with_for_update()))
            free = asyncio.Semaphore(HANDLERS)

            async def tell(row: object, free: asyncio.Semaphore = free) -> None:
                async with free:
                    await PROGRAM.publish(to_event(row))

            await asyncio.gather(*map(tell, rows))
            for row in rows:
                await session.delete(row)
        if not rows:
            await asyncio.sleep(0.1)


def to_event(row: object) -> Event[UserChanged]:
    attributes, body = row.attributes, row.body  # type: ignore[attr-defined]  # a mapped class has its table's names
    return Event[UserChanged].model_validate({**orjson.loads(attributes), "data": orjson.loads(body)})


async def main() -> None:
    await PROGRAM.run(beside=tell_people)
