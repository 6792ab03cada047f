"""What entitlements listens to, and what each fact does: the service's table of contents."""

from collections.abc import Mapping

from usher_contracts.envelope import Fact
from usher_contracts.identity import OrganizationChanged, UserChanged
from usher_contracts.usage import SeatActivityChanged
from usher_entitlements.use_cases.place_organizations import place_organizations
from usher_entitlements.use_cases.seat_acts import keep_activity
from usher_entitlements.use_cases.seat_people import seat_people
from usher_kit.consuming import UseCase

APPLY: Mapping[type[Fact], UseCase] = {
    OrganizationChanged: place_organizations,
    UserChanged: seat_people,
    SeatActivityChanged: keep_activity,
}
