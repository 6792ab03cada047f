"""The order in which a batch's facts reach their use cases."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.audit import IdentityAuditRecorded, UsageAuditRecorded
from usher_contracts.envelope import Cause, Event
from usher_contracts.identity import UserChanged
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier, Apply
from usher_kit.database import Database
from usher_kit.ids import new_id

from .conftest import DAY, SERVICE, TENANT


def act(fact: type[IdentityAuditRecorded] | type[UsageAuditRecorded]) -> Event[Any]:
    return Event.of(
        fact(tenant_id=TENANT, id=new_id(), at=DAY, act="seat.keep", target="s-1"), id=new_id(), at=DAY, cause=Cause()
    )


async def test_types_that_share_a_use_case_reach_it_together_as_they_came(
    database: Database, user_changed: Callable[..., Event[UserChanged]]
) -> None:
    heard: list[tuple[str, list[Event[Any]]]] = []

    async def people(_conn: AsyncConnection, events: Sequence[Event[Any]], _at: datetime) -> None:
        heard.append(("people", list(events)))

    async def acts(_conn: AsyncConnection, events: Sequence[Event[Any]], _at: datetime) -> None:
        heard.append(("acts", list(events)))

    one, two, three = act(UsageAuditRecorded), act(IdentityAuditRecorded), act(UsageAuditRecorded)
    person = user_changed()
    apply: Apply = {UserChanged: people, IdentityAuditRecorded: acts, UsageAuditRecorded: acts}
    await Applier(SERVICE, apply, database, FixedClock(DAY)).run([one, two, person, three], [])
    assert heard == [("people", [person]), ("acts", [one, two, three])]
