"""What reporting listens to, in the order in which a batch applies it."""

from collections.abc import Mapping

from usher_contracts.audit import AUDIT_FACTS
from usher_contracts.entitlements import LicenseTermChanged, PoolChanged, ProductChanged, SeatChanged
from usher_contracts.envelope import Fact
from usher_contracts.identity import OrganizationChanged, UserChanged, UserProfileChanged
from usher_contracts.usage import ActivesChanged, SeatActivityChanged
from usher_kit.consuming import Apply, UseCase
from usher_reporting.settings import ReportingSettings
from usher_reporting.use_cases.audit_log import AppendActs
from usher_reporting.use_cases.read_models import (
    keep_actives,
    keep_activity,
    keep_organizations,
    keep_people,
    keep_pools,
    keep_products,
    keep_profiles,
    keep_seats,
    keep_terms,
)

READ_MODELS: Mapping[type[Fact], UseCase] = {
    OrganizationChanged: keep_organizations,
    UserChanged: keep_people,
    UserProfileChanged: keep_profiles,
    ProductChanged: keep_products,
    LicenseTermChanged: keep_terms,
    PoolChanged: keep_pools,
    SeatChanged: keep_seats,
    SeatActivityChanged: keep_activity,
    ActivesChanged: keep_actives,
}


def apply_by(settings: ReportingSettings) -> Apply:
    """All of it: acts of every service go to the audit log, which is signed as the settings say."""
    acts = AppendActs(settings.signer(), settings.audit_checkpoint_batches)
    return {**READ_MODELS, **dict.fromkeys(AUDIT_FACTS.values(), acts)}
