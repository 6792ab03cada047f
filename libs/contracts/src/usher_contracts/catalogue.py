"""The catalogue: every fact by its type, and which service listens to which (messages: The catalogue)."""

from collections.abc import Mapping, Sequence

from usher_contracts.audit import AUDIT_FACTS
from usher_contracts.entitlements import (
    GrantRuleChanged,
    LicenseRequestChanged,
    LicenseTermChanged,
    LicenseTermNotice,
    PoolChanged,
    ProductChanged,
    SeatChanged,
)
from usher_contracts.envelope import Fact
from usher_contracts.identity import (
    CalendarChanged,
    ChangeSetHeld,
    OrganizationChanged,
    TransferChanged,
    UserChanged,
    UserLoggedIn,
    UserProfileChanged,
)
from usher_contracts.notifications import DeliveryChanged
from usher_contracts.re_emission import ENDED, REQUESTS
from usher_contracts.reporting import ComplianceChanged, ExportReady, RebuildMarked
from usher_contracts.usage import ActivesChanged, SeatActivityChanged

_ALL: Sequence[type[Fact]] = (
    OrganizationChanged,
    UserChanged,
    UserProfileChanged,
    UserLoggedIn,
    CalendarChanged,
    ChangeSetHeld,
    TransferChanged,
    ProductChanged,
    GrantRuleChanged,
    LicenseTermChanged,
    LicenseTermNotice,
    LicenseRequestChanged,
    PoolChanged,
    SeatChanged,
    SeatActivityChanged,
    ActivesChanged,
    DeliveryChanged,
    ComplianceChanged,
    ExportReady,
    RebuildMarked,
    *AUDIT_FACTS.values(),
    *REQUESTS,
    *ENDED.values(),
)

FACTS: Mapping[str, type[Fact]] = {fact.type: fact for fact in _ALL}

LISTENERS: Mapping[str, Sequence[type[Fact]]] = {
    "entitlements": (OrganizationChanged, UserChanged, SeatActivityChanged),
    "usage": (OrganizationChanged, CalendarChanged, UserChanged, UserLoggedIn, SeatChanged),
    "notifications": (
        OrganizationChanged,
        UserChanged,
        UserProfileChanged,
        ChangeSetHeld,
        TransferChanged,
        LicenseTermNotice,
        LicenseRequestChanged,
        SeatChanged,
        SeatActivityChanged,
        ExportReady,
    ),
    "reporting": (
        OrganizationChanged,
        UserChanged,
        UserProfileChanged,
        ProductChanged,
        LicenseTermChanged,
        PoolChanged,
        SeatChanged,
        SeatActivityChanged,
        ActivesChanged,
        *AUDIT_FACTS.values(),
    ),
}
"""What each service's queue is bound to: just the types that it uses, in the order in which a batch applies them."""

PERSONAL: frozenset[str] = frozenset({UserProfileChanged.type})
"""Types with personal data: never bound to the log (messages: Reliability, Erasure)."""
