"""What tests tell stories with: a district, its people, licenses and seats, as the facts that reporting hears."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import RowMapping, text

from usher_contracts.audit import AuditRecorded, IdentityAuditRecorded
from usher_contracts.entitlements import (
    ClaimKind,
    LicenseTermChanged,
    PoolChanged,
    ProductChanged,
    SeatChanged,
    SeatReason,
    SeatState,
    TermState,
)
from usher_contracts.envelope import OPERATORS_TENANT, Cause, Event, Fact
from usher_contracts.identity import HeldRole, OrganizationChanged, Role, UserChanged, UserProfileChanged
from usher_contracts.usage import Activity, SeatActivityChanged
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier
from usher_kit.database import Database
from usher_kit.ids import new_id
from usher_reporting.consumers import apply_by
from usher_reporting.settings import ReportingSettings
from usher_reporting.store.doctor import examine

DISTRICT, NORTH, SOUTH, LAB, ELSEWHERE = (UUID(int=number) for number in (1, 2, 3, 4, 9))
ANN, BOB, CAL, ADA = (UUID(int=number) for number in (101, 102, 103, 104))
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TENANTS = (DISTRICT, ELSEWHERE, OPERATORS_TENANT)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"

SETTINGS = ReportingSettings(audit_signing_key=SecretStr("11" * 32))


def day(number: float) -> datetime:
    """Noon, `number` days after the story's start."""
    return START + timedelta(days=number)


END = day(75)


def tell(fact: Fact, at: datetime = START, cause: Cause | None = None) -> Event[Any]:
    return Event.of(fact, id=new_id(), at=at, cause=cause or Cause())


def organization(
    id_: UUID, parent: UUID | None = DISTRICT, *, name: str | None = None, tenant: UUID = DISTRICT, version: int = 1
) -> Event[OrganizationChanged]:
    return tell(
        OrganizationChanged(
            tenant_id=tenant,
            id=id_,
            name=name or f"Unit {id_.int}",
            kind="school" if parent else "district",
            parent_id=parent,
            version=version,
        )
    )


def tree() -> list[Event[OrganizationChanged]]:
    """A district with two schools, the northern one with a lab; and a tenant apart."""
    return [
        organization(DISTRICT, None, name="Springfield District"),
        organization(NORTH, name="North High"),
        organization(SOUTH, name="South High"),
        organization(LAB, NORTH, name="Lab"),
        organization(ELSEWHERE, None, name="Elsewhere", tenant=ELSEWHERE),
        organization(OPERATORS_TENANT, None, name="Operators", tenant=OPERATORS_TENANT),
    ]


def person(
    id_: UUID, org: UUID = NORTH, *, role: Role = "learner", tenant: UUID = DISTRICT, version: int = 1
) -> Event[UserChanged]:
    held = (HeldRole(role=role, since=START),)
    return tell(
        UserChanged(
            tenant_id=tenant, id=id_, org_id=org, status="active", status_since=START, roles=held, version=version
        )
    )


def profile(id_: UUID, name: str, *, tenant: UUID = DISTRICT, version: int = 1) -> Event[UserProfileChanged]:
    return tell(
        UserProfileChanged(
            tenant_id=tenant, id=id_, org_id=tenant, user_name=name.lower(), display_name=name, version=version
        )
    )


def product(name: str, title: str, *, tenant: UUID = DISTRICT) -> Event[ProductChanged]:
    return tell(ProductChanged(tenant_id=tenant, product=name, name=title, version=1))


def term(
    org: UUID = DISTRICT,
    *,
    product: str = "learn",
    ends: datetime = END,
    state: TermState = "expiring",
    tenant: UUID = DISTRICT,
    version: int = 1,
    id_: UUID | None = None,
) -> Event[LicenseTermChanged]:
    return tell(
        LicenseTermChanged(
            tenant_id=tenant,
            id=id_ or new_id(),
            org_id=org,
            product=product,
            seats=10,
            starts_at=day(-290),
            ends_at=ends,
            state=state,
            version=version,
        )
    )


def pool(
    org: UUID = DISTRICT,
    capacity: int = 10,
    *,
    product: str = "learn",
    tenant: UUID = DISTRICT,
    version: int = 1,
    **changes: Any,
) -> Event[PoolChanged]:
    figures: dict[str, Any] = {
        "state": "open",
        "license_state": "active",
        "capacity_with_grace": capacity,
        "assigned": 0,
        "waitlisted": 0,
        "suspended": 0,
        "starts_at": day(-290),
        "ends_at": day(75),
        "as_of": START,
    }
    fact = PoolChanged(
        tenant_id=tenant,
        id=pool_id(org, product),
        org_id=org,
        product=product,
        capacity=capacity,
        version=version,
        **figures | changes,
    )
    return tell(fact)


def pool_id(org: UUID, product: str) -> UUID:
    return UUID(int=org.int * 100 + (product == "observe"))


def seat(
    id_: UUID = ANN,
    state: SeatState = "assigned",
    *,
    product: str = "learn",
    org: UUID = NORTH,
    at: datetime = START,
    claim: ClaimKind | None = None,
    reason: SeatReason = "role_granted",
    came_from: SeatState = "none",
    pool_of: UUID = DISTRICT,
    tenant: UUID = DISTRICT,
    version: int = 1,
    previous: int | None = None,
) -> Event[SeatChanged]:
    fact = SeatChanged(
        tenant_id=tenant,
        user_id=id_,
        product=product,
        org_id=org,
        pool_id=pool_id(pool_of, product),
        state=state,
        from_state=came_from,
        claim=claim or cast("ClaimKind", state),
        reason=reason,
        since=at,
        version=version,
        previous_version=version - 1 if previous is None else previous,
    )
    return tell(fact, at, Cause(actor="user:1", causationid="cause-1", changeset="import-1", traceparent=TRACE))


def activity(
    id_: UUID = ANN, state: Activity = "active", *, product: str = "learn", tenant: UUID = DISTRICT, version: int = 1
) -> Event[SeatActivityChanged]:
    return tell(
        SeatActivityChanged(
            tenant_id=tenant, user_id=id_, product=product, org_id=NORTH, activity=state, since=START, version=version
        )
    )


def act(
    target: str = "user-1",
    *,
    tenant: UUID = DISTRICT,
    at: datetime = START,
    by: str = "user:7",
    fact: type[AuditRecorded] = IdentityAuditRecorded,
    **changes: Any,
) -> Event[Any]:
    told = {"tenant_id": tenant, "id": new_id(), "at": at, "act": "user.set_roles", "target": target} | changes
    recorded = fact.model_validate(told)
    return Event.of(recorded, id=recorded.id, at=at, cause=Cause(actor=by, changeset="import-1", traceparent=TRACE))


@dataclass(frozen=True)
class Reporting:
    """The service without its broker: facts in, read models out."""

    database: Database
    clock: FixedClock
    settings: ReportingSettings = SETTINGS

    async def hear(self, *events: Event[Any]) -> None:
        """Apply these facts as one batch."""
        await Applier("reporting", apply_by(self.settings), self.database, self.clock).run(events, [])

    async def examine(self, tenant: UUID = DISTRICT) -> RowMapping:
        """The doctor's diagnosis of one tenant."""
        async with self.database.transaction([tenant]) as conn:
            return next(row for row in await examine(conn) if row["tenant_id"] == tenant)

    async def rows(self, query: str, tenants: Sequence[UUID] = TENANTS, **parameters: Any) -> list[Any]:
        async with self.database.transaction(tenants) as conn:
            return list((await conn.execute(text(query), parameters)).all())
