"""What tests tell stories with: a district, its people, their seats and logins, as the facts that usage hears."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from pydantic import SecretStr
from sqlalchemy import text

from usher_contracts.entitlements import SeatChanged, SeatReason, SeatState
from usher_contracts.envelope import Cause, Event, Fact
from usher_contracts.identity import (
    Break,
    CalendarChanged,
    HeldRole,
    LoginMethod,
    OrganizationChanged,
    Role,
    UserChanged,
    UserLoggedIn,
    UserStatus,
)
from usher_contracts.usage import SeatActivityChanged
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier
from usher_kit.database import Database
from usher_kit.ids import new_id
from usher_usage.consumers import apply_by
from usher_usage.domain.activity import Keep
from usher_usage.domain.policies import Policy
from usher_usage.settings import UsageSettings
from usher_usage.use_cases.activity import judge_due, keep_seat, set_policy
from usher_usage.use_cases.rollups import forget, tell_actives

SETTINGS = UsageSettings(link_secret=SecretStr("signs the links of these tests"))
DISTRICT, NORTH, SOUTH, ELSEWHERE = (UUID(int=number) for number in (1, 2, 3, 9))
ANN, BOB = UUID(int=101), UUID(int=102)
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    """Noon, `number` days after the story's start."""
    return START + timedelta(days=number)


def tell(fact: Fact, at: datetime = START) -> Event[Any]:
    return Event.of(fact, id=new_id(), at=at, cause=Cause())


def organization(
    id_: UUID, parent: UUID | None = DISTRICT, *, zone: str = "UTC", tenant: UUID = DISTRICT, version: int = 1
) -> Event[OrganizationChanged]:
    return tell(
        OrganizationChanged(
            tenant_id=tenant,
            id=id_,
            name=f"Unit {id_.int}",
            kind="school" if parent else "district",
            parent_id=parent,
            time_zone=zone,
            version=version,
        )
    )


def person(
    id_: UUID,
    org: UUID = NORTH,
    *,
    role: Role = "learner",
    tenant: UUID = DISTRICT,
    version: int = 1,
    status: UserStatus = "active",
) -> Event[UserChanged]:
    held = (HeldRole(role=role, since=START),)
    return tell(
        UserChanged(
            tenant_id=tenant, id=id_, org_id=org, status=status, status_since=START, roles=held, version=version
        )
    )


def login(
    id_: UUID, at: datetime, *, org: UUID = NORTH, tenant: UUID = DISTRICT, method: LoginMethod = "api"
) -> Event[UserLoggedIn]:
    return tell(UserLoggedIn(tenant_id=tenant, user_id=id_, org_id=org, at=at, method=method), at)


def calendar(
    org: UUID = DISTRICT, *breaks: tuple[date, date], is_set: bool = True, version: int = 1
) -> Event[CalendarChanged]:
    listed = tuple(Break(name="Break", first=first, last=last) for first, last in breaks)
    return tell(CalendarChanged(tenant_id=DISTRICT, org_id=org, is_set=is_set, breaks=listed, version=version))


def seat(
    id_: UUID,
    since: datetime = START,
    *,
    state: SeatState = "assigned",
    from_state: SeatState = "none",
    reason: SeatReason = "role_granted",
    assigned: datetime | None = None,
    product: str = "learn",
    org: UUID = NORTH,
    tenant: UUID = DISTRICT,
    version: int = 1,
) -> Event[SeatChanged]:
    return tell(
        SeatChanged(
            tenant_id=tenant,
            user_id=id_,
            product=product,
            org_id=org,
            state=state,
            from_state=from_state,
            claim=state if state in ("assigned", "suspended") else "released",
            reason=reason,
            since=since,
            assigned_since=assigned or (since if state == "assigned" else None),
            version=version,
            previous_version=version - 1,
        ),
        since,
    )


@dataclass(frozen=True)
class Usage:
    """The service without its broker: facts in, time passing, facts out."""

    database: Database
    clock: FixedClock

    async def hear(self, *events: Event[Any]) -> None:
        """Apply these facts as one batch."""
        await Applier("usage", apply_by(SETTINGS), self.database, self.clock).run(events, [])

    async def reach(self, at: datetime) -> None:
        """Time comes to `at`, and all that it brings is done."""
        self.clock.move_to(at)
        while await self.judge_due():
            pass

    async def judge_due(self) -> int:
        async with self.database.transaction(await self.database.all_tenants()) as conn:
            return await judge_due(conn, self.clock.now())

    async def tell_actives(self) -> int:
        async with self.database.transaction(await self.database.all_tenants()) as conn:
            return await tell_actives(conn, self.clock.now())

    async def forget(self) -> int:
        async with self.database.transaction(await self.database.all_tenants()) as conn:
            return await forget(conn, self.clock.now(), SETTINGS.logins_kept)

    async def set_policy(
        self, *, org: UUID = DISTRICT, window: int = 30, warn: int | None = None, reclaim: int | None = None
    ) -> None:
        """An administrator sets the policy for learn."""
        async with self.database.transaction([DISTRICT]) as conn:
            policy = Policy(window, warn, reclaim)
            await set_policy(conn, DISTRICT, org, "learn", policy, self.clock.now())

    async def keep(self, user: UUID = ANN) -> Keep | None:
        """The holder asks to keep their seat of learn."""
        async with self.database.transaction([DISTRICT]) as conn:
            return await keep_seat(conn, (DISTRICT, user), "learn", self.clock.now(), Cause())

    async def last(self) -> SeatActivityChanged:
        """The last fact that was told."""
        return (await self.told())[-1]

    async def activity(self, user: UUID = ANN, product: str = "learn") -> str | None:
        rows = await self.rows("select activity from seat_activity where user_id = :user and product = :product",
                               user=user, product=product)  # fmt: skip
        return rows[0].activity if rows else None

    async def told(self) -> list[SeatActivityChanged]:
        """The facts that were told so far, in order."""
        rows = await self.rows(
            "select body from outbox where routing_key = 'usage.seat_activity.changed.v1' order by id"
        )
        return [SeatActivityChanged.model_validate(orjson.loads(row.body)) for row in rows]

    async def logins(self) -> list[UUID]:
        """Whose logins are kept."""
        return [row.user_id for row in await self.rows("select user_id from login order by at")]

    async def dead(self) -> int:
        return len(await self.rows("select id from outbox where routing_key = 'usage.dead'"))

    async def state(self) -> list[Any]:
        """All that is known of seats, but for when it was told."""
        return await self.rows("""
            select s.user_id, s.product, s.state, s.version as seat_version, a.org_id, a.activity, a.since, l.at
            from seat s left join seat_activity a using (tenant_id, user_id, product)
            left join last_login l using (tenant_id, user_id) order by 1, 2
        """)

    async def rows(self, query: str, tenants: Sequence[UUID] = (DISTRICT, ELSEWHERE), **parameters: Any) -> list[Any]:
        async with self.database.transaction(tenants) as conn:
            return list((await conn.execute(text(query), parameters)).all())
