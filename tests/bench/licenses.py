"""Licenses that run out, return, grow and come near their end: many seats at once, beside people who change one by one.

The rules, statements and loops are entitlements' own, on its own database; no message is sent. What is asked is whether
the time grows with the seats alone, in how many statements, and how long somebody else has to wait meanwhile.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID, uuid5

from redis.asyncio import Redis
from sqlalchemy import event, text
from tests.bench.figures import Figure
from tests.bench.ground import Ground, fresh
from tests.bench.sizes import Sizes, tell

from usher_cli.servers import Addresses
from usher_contracts.envelope import Cause, Event, Fact
from usher_contracts.identity import HeldRole, OrganizationChanged, UserChanged
from usher_entitlements.consumers import APPLY
from usher_entitlements.domain.terms import LicenseTerm
from usher_entitlements.time_passing import pass_due_terms, settle_pools, tell_due_notices, work_off_lists
from usher_entitlements.use_cases.license_terms import buy_term, change_term
from usher_kit.clock import FixedClock
from usher_kit.consuming import Applier
from usher_kit.database import Database
from usher_kit.ids import new_id
from usher_kit.loops import Loops
from usher_kit.runtime import Runtime
from usher_kit.settings import ServiceSettings

DISTRICT, SCHOOL = UUID(int=1), UUID(int=2)
START = datetime(2026, 9, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
BATCH = 1_000
PAUSE_SECONDS = 0.01
ALONE = 100
SEED_TERMS = text("""
    insert into license_term (tenant_id, id, org_id, product, seats, starts_at, ends_at, grace_days, overage, shrink,
        state, version)
    select :tenant, gen_random_uuid(), id, 'learn', 1, :starts, :ends, 0, 'block', 'keep', 'expiring', 1
    from organization where id <> :tenant
""")
LOOK = text("insert into notice_clock (tenant_id, due_at) values (:tenant, :at) on conflict do nothing")


@dataclass
class Clerk:
    """Entitlements at work on a database of its own, with its statements counted."""

    database: Database
    clock: FixedClock
    runtime: Runtime
    statements: Sequence[str]
    versions: dict[UUID, int] = field(default_factory=dict)

    async def hear(self, *facts: Fact) -> None:
        events: list[Event[Any]] = [Event.of(fact, id=new_id(), at=START, cause=Cause()) for fact in facts]
        await Applier("entitlements", APPLY, self.database, self.clock).run(events, [])

    async def buy(self, org: UUID, seats: int, starts: datetime = START, *, for_: timedelta = YEAR) -> LicenseTerm:
        term = LicenseTerm(DISTRICT, new_id(), org, "learn", seats, starts, starts + for_)
        async with self.database.transaction([DISTRICT]) as conn:
            return await buy_term(conn, term, self.clock.now(), Cause())

    async def raise_to(self, term: LicenseTerm, seats: int) -> None:
        async with self.database.transaction([DISTRICT]) as conn:
            await change_term(conn, term.id, {"seats": seats}, None, self.clock.now(), Cause())
        await self.settle()

    async def pass_time(self, at: datetime) -> None:
        self.clock.move_to(at)
        while await pass_due_terms(self.runtime):
            pass
        await self.settle()

    async def settle(self) -> None:
        for loop in (settle_pools, work_off_lists):
            while await loop(self.runtime):
                # As the worker's own loops do: whoever waits for this process has a turn.
                await asyncio.sleep(0)

    async def tell_notices(self) -> None:
        while await tell_due_notices(self.runtime):
            pass

    async def count(self, query: str) -> int:
        async with self.database.transaction([DISTRICT]) as conn:
            return int(await conn.scalar(text(query)) or 0)

    async def change_one(self) -> float:
        """Take and give the role of one person of another pool; answers the seconds of the giving."""
        for roles in (("reporter",), ("learner",)):
            began = time.perf_counter()
            await self.hear(self.person(UUID(int=7), SCHOOL, *roles))
        return time.perf_counter() - began

    def person(self, id_: UUID, org: UUID, *roles: Any) -> UserChanged:
        self.versions[id_] = self.versions.get(id_, 0) + 1
        held = tuple(HeldRole(role=role, since=START) for role in roles)
        return UserChanged(
            tenant_id=DISTRICT, id=id_, org_id=org, status="active", status_since=START, roles=held,
            version=self.versions[id_],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds and statements of one act, and how much longer a change took beside it than alone."""

    seconds: float
    statements: int
    beside: float | None = None


async def measure_licenses(addresses: Addresses, sizes: Sizes, _: frozenset[str]) -> dict[str, Figure]:
    """Each act with a tenth of the seats and with all of them, side by side in each round."""
    rounds: list[tuple[dict[str, Measured], dict[str, Measured]]] = []
    for _run in range(sizes.runs):
        few, many = [await acts_on(addresses, seats) for seats in (sizes.license_seats // 10, sizes.license_seats)]
        rounds.append((few, many))
    return {name: figure for act in many for name, figure in to_figures(act, rounds, sizes.license_seats).items()}


def to_figures(
    act: str, rounds: list[tuple[dict[str, Measured], dict[str, Measured]]], seats: int
) -> dict[str, Figure]:
    """An act's seconds, its growth at ten times the seats (1 is linear), and the wait of a change beside it."""
    few, many = [few[act] for few, _ in rounds], [many[act] for _, many in rounds]
    counted = f"{few[0].statements} statements for a tenth, {many[0].statements} for {seats:,} {UNITS[act]}"
    figures = {
        f"license_{act}_seconds": Figure.of([one.seconds for one in many], "s", counted),
        f"license_{act}_growth_10x": Figure.of(
            [all_.seconds / (10 * some.seconds) for some, all_ in zip(few, many, strict=True)], "x", "1 is linear"
        ),
    }
    beside = [one.beside for one in many if one.beside is not None]
    if beside:
        what = "a change of a person of another pool beside it, divided by one alone; goal 2"
        figures[f"license_{act}_change_beside"] = Figure.of(beside, "x", what)
    return figures


UNITS = {"raise": "people", "suspend": "seats", "restore": "seats", "notices": "organizations"}
LICENSE_FIGURES = (
    *(f"license_{act}_{what}" for act in UNITS for what in ("seconds", "growth_10x")),
    *(f"license_{act}_change_beside" for act in UNITS if act != "notices"),
)


async def acts_on(addresses: Addresses, seats: int) -> dict[str, Measured]:
    """All acts, one after the other, in a district of so many people."""
    async with fresh(addresses) as ground, clerk_on(ground) as clerk, clerk_on(ground) as other:
        await clerk.hear(*units(seats))
        term = await clerk.buy(DISTRICT, seats)
        await clerk.buy(SCHOOL, 9, for_=3 * YEAR)
        people = [clerk.person(uuid5(DISTRICT, str(number)), DISTRICT, "learner") for number in range(seats * 3 // 2)]
        for start in range(0, len(people), BATCH):
            await clerk.hear(*people[start : start + BATCH])
        await clerk.settle()
        for _ in range(5):
            await other.change_one()
        alone = median([await other.change_one() for _ in range(ALONE)])
        await clerk.buy(DISTRICT, seats, START + YEAR + timedelta(days=1))
        done = {
            "raise": await measure(clerk, lambda: clerk.raise_to(term, seats * 3 // 2), other, alone),
            "suspend": await measure(clerk, lambda: clerk.pass_time(START + YEAR), other, alone),
            "restore": await measure(clerk, lambda: clerk.pass_time(START + YEAR + timedelta(days=1)), other, alone),
        }
        assert await clerk.count(f"select assigned from pool where org_id = '{DISTRICT}'") == seats
        await seed_terms(clerk)
        done["notices"] = await measure(clerk, clerk.tell_notices)
        assert await clerk.count("select count(*) from license_notice") >= seats
    tell(f"licenses of {seats:,}: " + ", ".join(f"{act} {one.seconds:.2f} s" for act, one in done.items()))
    return done


async def measure(
    clerk: Clerk, act: Callable[[], Awaitable[None]], other: Clerk | None = None, alone: float = 1.0
) -> Measured:
    """Do an act. With another clerk, who takes `alone` seconds for a change of one person, such go on beside it."""
    done = asyncio.Event()
    beside: list[float] = []

    async def change() -> None:
        while other and not done.is_set():
            beside.append(await other.change_one())
            await asyncio.sleep(PAUSE_SECONDS)

    changing = asyncio.create_task(change())
    counted = len(clerk.statements)
    began = time.perf_counter()
    await act()
    taken = time.perf_counter() - began
    done.set()
    await changing
    return Measured(taken, len(clerk.statements) - counted, median(beside) / alone if beside else None)


@asynccontextmanager
async def clerk_on(ground: Ground) -> AsyncIterator[Clerk]:
    database = Database.connect(ground.databases["entitlements"], "entitlements")
    clock, redis = FixedClock(START), Redis.from_url(ground.redis_url)
    runtime = Runtime("entitlements", ServiceSettings(), database, clock, redis, Loops("entitlements"))
    statements: list[str] = []

    @event.listens_for(database.engine.sync_engine, "before_cursor_execute")
    def count(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    try:
        yield Clerk(database, clock, runtime, statements)
    finally:
        await redis.aclose()
        await database.close()


def units(schools: int) -> list[OrganizationChanged]:
    """A district with so many schools, and one more, whose people change meanwhile."""
    root = OrganizationChanged(tenant_id=DISTRICT, id=DISTRICT, name="District", kind="district", version=1)
    ids = [SCHOOL, *(uuid5(SCHOOL, str(number)) for number in range(schools))]
    return [
        root,
        *(
            OrganizationChanged(tenant_id=DISTRICT, id=id_, name="School", kind="school", parent_id=DISTRICT, version=1)
            for id_ in ids
        ),
    ]


async def seed_terms(clerk: Clerk) -> None:
    """A term of every school that ends in a month, as it would be if each had bought one and it had been active."""
    at = clerk.clock.now()
    values = {"tenant": DISTRICT, "starts": START, "ends": at + timedelta(days=30)}
    async with clerk.database.transaction([DISTRICT]) as conn:
        await conn.execute(SEED_TERMS, values)
        await conn.execute(LOOK, {"tenant": DISTRICT, "at": at})
