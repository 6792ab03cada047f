"""What reporting listens to, in the order in which a batch applies it."""

from collections.abc import Mapping

from usher_contracts.entitlements import LicenseTermChanged, PoolChanged, ProductChanged, SeatChanged
from usher_contracts.envelope import Fact
from usher_contracts.identity import OrganizationChanged, UserChanged, UserProfileChanged
from usher_contracts.usage import SeatActivityChanged
from usher_kit.consuming import UseCase
from usher_reporting.use_cases import (
    keep_activity,
    keep_organizations,
    keep_people,
    keep_pools,
    keep_products,
    keep_profiles,
    keep_seats,
    keep_terms,
)

APPLY: Mapping[type[Fact], UseCase] = {
    OrganizationChanged: keep_organizations,
    UserChanged: keep_people,
    UserProfileChanged: keep_profiles,
    ProductChanged: keep_products,
    LicenseTermChanged: keep_terms,
    PoolChanged: keep_pools,
    SeatChanged: keep_seats,
    SeatActivityChanged: keep_activity,
}
