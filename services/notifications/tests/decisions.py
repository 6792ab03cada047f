"""What somebody is asked to decide on, as the facts that notifications hears: license requests, and held changes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from usher_contracts.entitlements import LicenseRequestChanged, RequestFigures, RequestState
from usher_contracts.envelope import Event
from usher_contracts.identity import ChangeSetHeld

from .story import DISTRICT, NORTH, PRINCIPAL, START, day, tell

REQUEST, CHANGE_SET = UUID(int=70), UUID(int=80)


def license_request(
    state: RequestState = "open",
    *,
    seats: int = 40,
    note: str | None = "Twelve new classes start.",
    answer: str | None = None,
    asker: UUID = PRINCIPAL,
    at: datetime = START,
    version: int = 1,
) -> Event[LicenseRequestChanged]:
    """North School asks for seats of the district's pool."""
    figures = RequestFigures(
        capacity=1_240, assigned=1_240, available=0, waitlisted=37, waitlisted_here=31, suspended=0, ends_at=day(30)
    )
    return tell(
        LicenseRequestChanged(
            tenant_id=DISTRICT,
            id=REQUEST,
            org_id=NORTH,
            pool_id=UUID(int=60),
            product="learn",
            seats=seats,
            note=note,
            state=state,
            figures=figures,
            asked_by=f"user:{asker}",
            asked_at=START,
            answer_note=answer,
            version=version,
            previous_version=version - 1,
        ),
        at,
    )


def change_set(
    status: Literal["held", "approved", "rejected"] = "held",
    *,
    deactivate: int = 210,
    at: datetime = START,
    version: int = 1,
    org: UUID = NORTH,
    tenant: UUID = DISTRICT,
) -> Event[ChangeSetHeld]:
    """What the guard holds of an import."""
    return tell(
        ChangeSetHeld(
            tenant_id=tenant,
            id=CHANGE_SET,
            org_id=org,
            source="sis",
            status=status,
            would_deactivate=deactivate,
            would_remove_roles=17,
            of_people=640,
            share_percent=20,
            version=version,
            previous_version=version - 1,
        ),
        at,
    )
