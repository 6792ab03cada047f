"""What tests tell stories with: a district, its people and its license terms, as the service hears and is asked."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import orjson
from sqlalchemy import Row, text

from usher_contracts.envelope import Cause, Event, Fact
from usher_contracts.identity import HeldRole, OrganizationChanged, Role, UserChanged, UserStatus
from usher_contracts.usage import SeatActivityChanged
from usher_entitlements.consumers import APPLY
from usher_entitlements.domain.grants import GrantRule
from usher_entitlements.domain.seats import Seat
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.store.people import find_person
from usher_entitlements.store.work_lists import pools_with_lists
from usher_entitlements.time_passing import pass_due_terms, reclaim_idle_seats, settle_pools, tell_due_notices
from usher_entitlements.use_cases.grant_rules import set_rules
from usher_entitlements.use_cases.license_terms import buy_term, change_term, end_term
from usher_entitlements.use_cases.reevaluate import reevaluate
from usher_entitlements.use_cases.seat_acts import lift, withhold
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier
from usher_kit.database import Database
from usher_kit.ids import new_id
from usher_kit.runtime import Runtime

DISTRICT, NORTH, SOUTH, ELSEWHERE = (UUID(int=number) for number in (1, 2, 3, 9))
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def day(number: float) -> datetime:
    """Noon, `number` days after the story's start."""
    return START + timedelta(days=number)


def tell(fact: Fact, at: datetime = START) -> Event[Any]:
    return Event.of(fact, id=new_id(), at=at, cause=Cause(traceparent=f"00-{new_id().hex}-{'1' * 16}-00"))


def organization(
    id_: UUID, parent: UUID | None = DISTRICT, *, tenant: UUID = DISTRICT, version: int = 1
) -> Event[OrganizationChanged]:
    return tell(
        OrganizationChanged(
            tenant_id=tenant,
            id=id_,
            name=f"Unit {id_.int}",
            kind="school" if parent else "district",
            parent_id=parent,
            version=version,
        )
    )


def person(
    number: int,
    *roles: Role,
    org: UUID = NORTH,
    on: float = 0,
    status: UserStatus = "active",
    status_on: float = -100,
    reason: Literal["transferred"] | None = None,
    tenant: UUID = DISTRICT,
    version: int = 1,
) -> Event[UserChanged]:
    """What identity says of a person; `on` is the day since which the roles are held, `reason` that of the status."""
    return tell(
        UserChanged(
            tenant_id=tenant,
            id=UUID(int=1_000 + number),
            org_id=org,
            status=status,
            status_since=day(status_on),
            status_reason=reason,
            roles=tuple(HeldRole(role=role, since=day(on)) for role in roles),
            version=version,
        )
    )


def term(
    seats: int,
    *,
    org: UUID = DISTRICT,
    product: str = "learn",
    starts: float = 0,
    ends: float = 365,
    grace: int = 0,
    overage: str = "block",
    shrink: str = "keep",
    tenant: UUID = DISTRICT,
) -> LicenseTerm:
    return LicenseTerm(tenant, new_id(), org, product, seats, day(starts), day(ends), grace, overage, shrink)


def activity(
    number: int,
    version: int,
    *,
    login: float | None = None,
    due: float | None = None,
    kept: float | None = None,
    since: float | None = None,
) -> Event[SeatActivityChanged]:
    """What usage says of a person's seat of learn, by days; `since` is the holding that it judged."""
    login_at, due_at, kept_until, assigned_since = (None if d is None else day(d) for d in (login, due, kept, since))
    return tell(
        SeatActivityChanged(
            tenant_id=DISTRICT,
            user_id=UUID(int=1_000 + number),
            product="learn",
            org_id=NORTH,
            activity="inactive",
            since=START,
            last_login_at=login_at,
            reclaim_due=due_at,
            kept_until=kept_until,
            assigned_since=assigned_since,
            version=version,
        )
    )


@dataclass
class Entitlements:
    """The service at work on a database of its own, as its consumer, its API and its loops use it."""

    database: Database
    clock: FixedClock
    runtime: Runtime

    async def hear(self, *events: Event[Any]) -> None:
        """Apply facts, all in one transaction."""
        await Applier("entitlements", APPLY, self.database, self.clock).run(events, [])

    async def buy(self, bought: LicenseTerm, *, decided: bool = True) -> LicenseTerm:
        async with self.database.transaction([bought.tenant_id]) as conn:
            made = await buy_term(conn, bought, self.clock.now(), Cause(actor="user:test"))
        if decided:
            await self.work_off_lists()
        return made

    async def change(self, bought: LicenseTerm, **values: Any) -> LicenseTerm:
        async with self.database.transaction([bought.tenant_id]) as conn:
            return await change_term(conn, bought.id, values, None, self.clock.now(), Cause(actor="user:test"))

    async def end(self, bought: LicenseTerm) -> LicenseTerm:
        async with self.database.transaction([bought.tenant_id]) as conn:
            ended = await end_term(conn, bought.id, None, self.clock.now(), Cause(actor="user:test"))
        await self.work_off_lists()
        return ended

    async def withhold(self, number: int, note: str = "asked to") -> None:
        await self.act(withhold, number, note)

    async def lift(self, number: int, note: str = "back again") -> None:
        await self.act(lift, number, note)

    async def act(self, do: Callable[..., Awaitable[Seat]], number: int, note: str) -> None:
        async with self.database.transaction([DISTRICT]) as conn:
            known = await find_person(conn, UUID(int=1_000 + number))
            await do(conn, known, "learn", note, None, self.clock.now(), Cause(actor="user:test"))

    async def set_rules(self, *rules: GrantRule, tenant: UUID = DISTRICT, decided: bool = True) -> None:
        async with self.database.transaction([tenant]) as conn:
            await set_rules(conn, tenant, rules, self.clock.now(), Cause(actor="user:test"))
        if decided:
            await self.work_off_lists()

    async def work_off_lists(self, *, most: int = 1_000) -> int:
        """Work off what a change of the configuration left; answers in how many transactions people were decided."""
        rounds = 0
        await tell_due_notices(self.runtime)
        while await settle_pools(self.runtime):
            pass
        while lists := await self.lists():
            for tenant_id, pool_id in lists:
                async with self.database.transaction([tenant_id]) as conn:
                    await reevaluate(conn, tenant_id, pool_id, self.clock.now(), most=most)
                rounds += 1
        return rounds

    async def lists(self) -> list[tuple[UUID, UUID]]:
        async with self.database.transaction(await self.tenants()) as conn:
            return await pools_with_lists(conn)

    async def move_to(self, number: float) -> None:
        """Let that day come, and what it brings for license terms."""
        self.clock.move_to(day(number))
        await pass_due_terms(self.runtime)
        await self.work_off_lists()
        await reclaim_idle_seats(self.runtime)

    async def tenants(self) -> list[UUID]:
        return await self.database.all_tenants()

    async def rows(self, query: str, **values: Any) -> Sequence[Row[Any]]:
        async with self.database.transaction(await self.tenants()) as conn:
            return (await conn.execute(text(query), values)).all()

    async def write(self, statement: str, **values: Any) -> None:
        async with self.database.transaction(await self.tenants()) as conn:
            await conn.execute(text(statement), values)

    async def seats(self, state: str | None = None, product: str = "learn") -> dict[int, str]:
        """Each person's seat state, by number, in order of place among those who wait."""
        rows = await self.rows(
            "select user_id, state from seat where product = :product "
            "order by state, line_order, first_in_line desc, priority, wanted_since, user_id",
            product=product,
        )
        return {row.user_id.int - 1_000: row.state for row in rows if state in (None, row.state)}

    async def pool(self, org: UUID = DISTRICT, product: str = "learn") -> Row[Any]:
        rows = await self.rows(
            "select * from pool where org_id = :org and product = :product", org=org, product=product
        )
        return rows[0]

    async def told(self, what: str) -> list[dict[str, Any]]:
        """The facts of a kind that wait in the outbox, in order."""
        rows = await self.rows(
            "select attributes, body from outbox where routing_key = :key order by id", key=f"entitlements.{what}.v1"
        )
        return [{**orjson.loads(row.body), "attributes": orjson.loads(row.attributes)} for row in rows]

    async def claims(self, number: int, product: str = "learn") -> list[tuple[str, str]]:
        """A person's claims on a product: what happened, and why."""
        found = [fact for fact in await self.told("seat.changed") if fact["user_id"] == str(UUID(int=1_000 + number))]
        own = sorted((fact for fact in found if fact["product"] == product), key=lambda fact: int(fact["version"]))
        assert [fact["version"] for fact in own] == list(range(1, len(own) + 1)), "versions have no gaps"
        return [(fact["claim"], fact["reason"]) for fact in own]
