"""What usage listens to, and what it does then."""

from functools import partial

from usher_contracts.entitlements import SeatChanged
from usher_contracts.identity import CalendarChanged, OrganizationChanged, UserChanged, UserLoggedIn
from usher_kit.consuming import Apply
from usher_usage.settings import UsageSettings
from usher_usage.use_cases.activity import keep_calendars, keep_logins, keep_organizations, keep_people, keep_seats


def apply_by(settings: UsageSettings) -> Apply:
    """All of it; logins are kept for as long as the settings say."""
    return {
        OrganizationChanged: keep_organizations,
        CalendarChanged: keep_calendars,
        UserChanged: keep_people,
        UserLoggedIn: partial(keep_logins, kept=settings.logins_kept),
        SeatChanged: keep_seats,
    }
