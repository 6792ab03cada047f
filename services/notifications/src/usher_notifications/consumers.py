"""What notifications listens to, and what it does then."""

from collections.abc import Mapping

from usher_contracts.entitlements import LicenseRequestChanged, LicenseTermNotice, SeatChanged
from usher_contracts.envelope import Fact
from usher_contracts.identity import (
    ChangeSetHeld,
    OrganizationChanged,
    TransferChanged,
    UserChanged,
    UserProfileChanged,
)
from usher_contracts.reporting import ExportReady
from usher_contracts.usage import SeatActivityChanged
from usher_kit.consuming import UseCase
from usher_kit.directory import apply_organizations
from usher_notifications.use_cases.change_sets import keep_change_sets
from usher_notifications.use_cases.exports import note_exports
from usher_notifications.use_cases.license_notices import keep_license_notices
from usher_notifications.use_cases.license_requests import keep_license_requests
from usher_notifications.use_cases.people import keep_people, keep_profiles
from usher_notifications.use_cases.transfers import keep_transfers
from usher_notifications.use_cases.waiting import note_waiting
from usher_notifications.use_cases.warnings import note_warnings

APPLY: Mapping[type[Fact], UseCase] = {
    OrganizationChanged: apply_organizations,
    UserChanged: keep_people,
    UserProfileChanged: keep_profiles,
    ChangeSetHeld: keep_change_sets,
    TransferChanged: keep_transfers,
    LicenseTermNotice: keep_license_notices,
    LicenseRequestChanged: keep_license_requests,
    SeatChanged: note_waiting,
    SeatActivityChanged: note_warnings,
    ExportReady: note_exports,
}
