"""What identity tells again: organizations, people, their profiles and calendars, each as it is now."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from usher_contracts.identity import CalendarChanged, OrganizationChanged, UserChanged, UserProfileChanged
from usher_identity.store.calendars import page_of_calendars
from usher_identity.store.organizations import page_of_organizations
from usher_identity.store.people import page_of_people
from usher_identity.use_cases.calendars import calendar_changed
from usher_identity.use_cases.recording import organization_changed, user_changed, user_profile_changed
from usher_kit.re_emission.sources import NIL, Current, Source

BY_ID = ("tenant_id", "id")
BEFORE_ALL = (NIL, NIL)


async def tell_organizations(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[OrganizationChanged]:
    return [organization_changed(one) for one in await page_of_organizations(conn, after, limit)]


async def tell_calendars(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[CalendarChanged]:
    return [calendar_changed(one) for one in await page_of_calendars(conn, after, limit)]


async def tell_people(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[UserChanged]:
    return [user_changed(one) for one in await page_of_people(conn, after, limit)]


async def tell_profiles(conn: AsyncConnection, after: Sequence[str], limit: int) -> list[UserProfileChanged]:
    return [user_profile_changed(one) for one in await page_of_people(conn, after, limit)]


SOURCES: Sequence[Source] = (
    Current(OrganizationChanged, tell_organizations, BY_ID, BEFORE_ALL),
    Current(CalendarChanged, tell_calendars, ("tenant_id", "org_id"), BEFORE_ALL),
    Current(UserChanged, tell_people, BY_ID, BEFORE_ALL),
    Current(UserProfileChanged, tell_profiles, BY_ID, BEFORE_ALL),
)
