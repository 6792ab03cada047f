"""What somebody is to decide on, as the facts that notifications hears: license requests, held changes, transfers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from usher_contracts.entitlements import LicenseRequestChanged, RequestFigures, RequestState
from usher_contracts.envelope import Event
from usher_contracts.identity import ChangeSetHeld, TransferChanged

from .story import ANN, BOB, DISTRICT, ELSEWHERE, NORTH, PRINCIPAL, SOUTH, START, day, tell

REQUEST, CHANGE_SET, TRANSFER = UUID(int=70), UUID(int=80), UUID(int=90)


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


TransferStatus = Literal["asked", "approved", "rejected", "withdrawn", "lapsed"]


def transfer(status: TransferStatus = "asked", *, by: UUID = SOUTH, version: int = 1) -> Event[TransferChanged]:
    """Bob, of South, is to come to North; `by` is the school that asks."""
    return tell(
        TransferChanged(
            tenant_id=DISTRICT,
            id=TRANSFER,
            direction="within",
            status=status,
            user_id=BOB,
            from_org_id=SOUTH,
            to_org_id=NORTH,
            asked_org_id=by,
            decides_org_id=NORTH if by == SOUTH else SOUTH,
            version=version,
            previous_version=version - 1,
        )
    )


def coming(status: TransferStatus = "asked", version: int = 1) -> Event[TransferChanged]:
    """Somebody of the district is to come to another tenant: its side."""
    ours = {"decides_org_id": ELSEWHERE, "to_org_id": ELSEWHERE}
    return between("in", ELSEWHERE, status, version, **ours)


def leaving(status: TransferStatus = "asked", version: int = 1) -> Event[TransferChanged]:
    """The same, of the side of the district."""
    return between("out", DISTRICT, status, version, user_id=ANN, from_org_id=NORTH, asked_org_id=NORTH)


def between(
    direction: Literal["in", "out"], tenant: UUID, status: TransferStatus, version: int, **known: UUID
) -> Event[TransferChanged]:
    fact = {"tenant_id": tenant, "id": TRANSFER, "direction": direction, "status": status}
    told = {**fact, **known, "version": version, "previous_version": version - 1}
    return tell(TransferChanged.model_validate(told))
