"""Recording that people logged in, in bulk: the product that they use tells it, or identity's own sign-in does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Event
from usher_contracts.identity import LoginMethod, UserLoggedIn
from usher_identity.store.people import find_places
from usher_identity.use_cases.recording import Act
from usher_kit import outbox
from usher_kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Login:
    """One person, at one moment."""

    user_id: UUID
    at: datetime
    method: LoginMethod


async def record_logins(conn: AsyncConnection, logins: Sequence[Login], act: Act) -> list[UUID]:
    """Tell of these logins. Returns the ids of people whom the transaction does not see, whose logins are not told."""
    places = await find_places(conn, {login.user_id for login in logins})
    told = [
        Event.of(
            UserLoggedIn(
                tenant_id=places[login.user_id].tenant_id,
                user_id=login.user_id,
                org_id=places[login.user_id].org_id,
                at=login.at,
                method=login.method,
            ),
            id=new_id(),
            at=login.at,
            cause=act.cause,
        )
        for login in logins
        if login.user_id in places
    ]
    await outbox.add(conn, told)
    return sorted({login.user_id for login in logins} - places.keys())
