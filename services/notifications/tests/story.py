"""What tests tell stories with: a district, its people and seats, as the facts that notifications hears."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any
from uuid import UUID

import orjson
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text

from usher_contracts.entitlements import LicenseTermNotice, SeatChanged, SeatState
from usher_contracts.envelope import OPERATORS_TENANT, Cause, Event, Fact
from usher_contracts.identity import (
    HeldRole,
    OrganizationChanged,
    Role,
    UserChanged,
    UserProfileChanged,
    UserStatus,
)
from usher_contracts.notifications import DeliveryChanged
from usher_contracts.usage import SeatActivityChanged
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier
from usher_kit.database import Database
from usher_kit.ids import new_id
from usher_kit.runtime import Runtime
from usher_notifications.consumers import APPLY
from usher_notifications.domain.timing import HOLD
from usher_notifications.sending import address_what_is_open, send_what_is_due

DISTRICT, NORTH, SOUTH, ELSEWHERE, TERM = (UUID(int=number) for number in (1, 2, 3, 9, 50))
ANN, BOB, ADMIN, PRINCIPAL, OPERATOR, STRANGER = (UUID(int=number) for number in (101, 102, 201, 202, 203, 204))
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def tell(fact: Fact, at: datetime = START) -> Event[Any]:
    return Event.of(fact, id=new_id(), at=at, cause=Cause(correlationid="the-beginning"))


def organization(
    id_: UUID, parent: UUID | None = DISTRICT, *, name: str = "", zone: str = "UTC", tenant: UUID = DISTRICT
) -> Event[OrganizationChanged]:
    return tell(
        OrganizationChanged(
            tenant_id=tenant,
            id=id_,
            name=name or f"Unit {id_.int}",
            kind="school" if parent else "district",
            parent_id=parent,
            time_zone=zone,
            version=1,
        )
    )


def person(
    id_: UUID,
    org: UUID = NORTH,
    *,
    role: Role = "learner",
    status: UserStatus = "active",
    tenant: UUID = DISTRICT,
    version: int = 1,
) -> Event[UserChanged]:
    held = (HeldRole(role=role, since=START),)
    return tell(
        UserChanged(
            tenant_id=tenant, id=id_, org_id=org, status=status, status_since=START, roles=held, version=version
        )
    )


def profile(
    id_: UUID, email: str | None, *, name: str = "", tenant: UUID = DISTRICT, version: int = 1
) -> Event[UserProfileChanged]:
    return tell(
        UserProfileChanged(
            tenant_id=tenant,
            id=id_,
            org_id=tenant,
            user_name=email or str(id_),
            display_name=name or f"Person {id_.int}",
            email=email,
            version=version,
        )
    )


def seat(
    id_: UUID,
    state: SeatState = "waitlisted",
    *,
    since: datetime = START,
    product: str = "observe",
    org: UUID = NORTH,
    version: int = 1,
) -> Event[SeatChanged]:
    return tell(
        SeatChanged(
            tenant_id=DISTRICT,
            user_id=id_,
            product=product,
            org_id=org,
            state=state,
            from_state="none",
            claim="waitlisted" if state == "waitlisted" else "promoted",
            reason="role_granted",
            since=since,
            version=version,
        ),
        since,
    )


def activity(
    id_: UUID = ANN,
    *,
    due: datetime | None = None,
    warned: datetime | None = None,
    login: datetime | None = None,
    version: int = 2,
) -> Event[SeatActivityChanged]:
    """What usage says of a seat of learn; with `due`, that its holder is warned."""
    return tell(
        SeatActivityChanged(
            tenant_id=DISTRICT,
            user_id=id_,
            product="learn",
            org_id=NORTH,
            activity="inactive" if due else "active",
            since=START,
            last_login_at=login,
            warned_since=warned or (START if due else None),
            reclaim_due=due,
            version=version,
            previous_version=version - 1,
        )
    )


def license_notice(*, days_left: int = 30, at: datetime = START, version: int = 4) -> Event[LicenseTermNotice]:
    return tell(
        LicenseTermNotice(
            tenant_id=DISTRICT,
            term_id=TERM,
            org_id=DISTRICT,
            product="learn",
            seats=1_240,
            ends_at=START + timedelta(days=30),
            days_left=days_left,
            threshold=days_left,
            version=version,
        ),
        at,
    )


def the_district() -> list[Event[Any]]:
    """A district with two schools, its administrator, a school's, an operator, and Ann and Bob at the school."""
    return [
        organization(DISTRICT, None, name="Springfield District"),
        organization(NORTH, name="North School"),
        organization(SOUTH, name="South School"),
        organization(ELSEWHERE, None, tenant=ELSEWHERE),
        organization(OPERATORS_TENANT, None, tenant=OPERATORS_TENANT),
        person(ADMIN, DISTRICT, role="org_admin"),
        person(PRINCIPAL, NORTH, role="org_admin"),
        person(OPERATOR, OPERATORS_TENANT, role="system_admin", tenant=OPERATORS_TENANT),
        person(STRANGER, ELSEWHERE, role="org_admin", tenant=ELSEWHERE),
        person(ANN),
        person(BOB, SOUTH),
        profile(ADMIN, "admin@springfield.example"),
        profile(PRINCIPAL, "principal@springfield.example"),
        profile(OPERATOR, "operator@usher.example", tenant=OPERATORS_TENANT),
        profile(STRANGER, "stranger@elsewhere.example", tenant=ELSEWHERE),
        profile(ANN, "ann@springfield.example", name="Ann O'Neill"),
        profile(BOB, "bob@springfield.example"),
    ]


@dataclass
class MailServer:
    """A real SMTP server that keeps what it takes, and can go away and come back."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    answer: str = "250 OK"
    """To the mail itself."""
    to_recipient: str = "250 OK"
    slow: asyncio.Event | None = None
    """Set: a mail is taken only once this is."""
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, hostname="mail.test"), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's)
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, _: SMTP, __: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's)
        if self.slow is not None:
            await self.slow.wait()
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default)
            self.taken.append(message)
        return self.answer

    @property
    def recipients(self) -> list[str]:
        return sorted(mail["To"].addresses[0].addr_spec for mail in self.taken)


@dataclass(frozen=True)
class Notifications:
    """The service without its broker: facts in, time passing, mail and facts out."""

    runtime: Runtime
    mail: MailServer

    @property
    def database(self) -> Database:
        return self.runtime.database

    @property
    def clock(self) -> FixedClock:
        assert isinstance(self.runtime.clock, FixedClock)
        return self.runtime.clock

    async def hear(self, *events: Event[Any]) -> None:
        """Apply these facts as one batch."""
        await Applier("notifications", APPLY, self.database, self.clock).run(events, [])

    async def reach(self, at: datetime) -> None:
        """Time comes to `at`, and all that it brings is done."""
        self.clock.move_to(at)
        while await address_what_is_open(self.runtime):
            pass
        while await send_what_is_due(self.runtime):
            pass

    async def after_the_hold(self) -> None:
        await self.reach(self.clock.now() + HOLD)

    async def deliveries(self) -> list[tuple[str, str, str | None, int]]:
        """Kind, status, reason and attempts of each, in the order in which they were made."""
        rows = await self.rows("select kind, status, reason, attempts from delivery order by id")
        return [tuple(row) for row in rows]

    async def told(self) -> list[DeliveryChanged]:
        rows = await self.rows(
            "select body from outbox where routing_key = 'notifications.delivery.changed.v1' order by id"
        )
        return [DeliveryChanged.model_validate(orjson.loads(row.body)) for row in rows]

    async def dead(self) -> int:
        return len(await self.rows("select id from outbox where routing_key = 'notifications.dead'"))

    async def rows(self, query: str, tenants: Sequence[UUID] = (DISTRICT, ELSEWHERE)) -> list[Any]:
        async with self.database.transaction(tenants) as conn:
            return list((await conn.execute(text(query))).all())
