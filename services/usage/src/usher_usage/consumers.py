"""What usage listens to, and what it does then."""

from collections.abc import Mapping

from usher_contracts.entitlements import SeatChanged
from usher_contracts.envelope import Fact
from usher_contracts.identity import CalendarChanged, OrganizationChanged, UserChanged, UserLoggedIn
from usher_kit.consuming import UseCase
from usher_usage.use_cases import keep_calendars, keep_logins, keep_organizations, keep_people, keep_seats

APPLY: Mapping[type[Fact], UseCase] = {
    OrganizationChanged: keep_organizations,
    CalendarChanged: keep_calendars,
    UserChanged: keep_people,
    UserLoggedIn: keep_logins,
    SeatChanged: keep_seats,
}
