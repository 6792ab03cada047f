"""People and their profiles, as notices need them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.envelope import Event, latest
from usher_contracts.identity import UserChanged, UserProfileChanged
from usher_kit.directory import apply_people
from usher_kit.versions import last_of_epoch
from usher_notifications.store.people import Profile, save_profiles


async def keep_people(conn: AsyncConnection, events: Sequence[Event[UserChanged]], at: datetime) -> Sequence[UUID]:
    """Keep people; of who is deleted no personal data stays."""
    changed = await apply_people(conn, events, at)
    if gone := [event.data for event in latest(events) if event.data.status == "deleted"]:
        await save_profiles(
            conn, [Profile(one.tenant_id, one.id, "", None, last_of_epoch(one.version)) for one in gone]
        )
    return changed


async def keep_profiles(
    conn: AsyncConnection,
    events: Sequence[Event[UserProfileChanged]],
    at: datetime,  # noqa: ARG001 (a use case)
) -> int:
    """Keep names and addresses: the only place where they are."""
    facts = [event.data for event in latest(events)]
    return await save_profiles(
        conn, [Profile(one.tenant_id, one.id, one.display_name, one.email, one.version) for one in facts]
    )
